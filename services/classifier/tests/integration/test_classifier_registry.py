"""Champion and challenger: registered, measured, promoted, shadowed, rolled back, live."""

from __future__ import annotations

import shutil
from dataclasses import replace
from importlib.resources import files

import pytest
from classifier_builders import NEWS, QUESTION, classify, received
from sqlalchemy import text

from classifier.bootstrap import load_registered
from classifier.domain.labels import Decision, Kind, Label
from classifier.handlers.deciding import Decider
from common.errors import ConfigurationError
from common.observability import metrics

pytestmark = pytest.mark.postgres
PART = {
    "part": "corrections",
    "posts": 100,
    "champion_right": 80,
    "challenger_right": 90,
    "only_champion": 5,
    "only_challenger": 15,
    "champion_f1": 0.8,
    "challenger_f1": 0.9,
}
WORSE = PART | {
    "champion_right": 90,
    "challenger_right": 80,
    "only_champion": 15,
    "only_challenger": 5,
}


class Contrary:
    """A model that says the opposite of another one: easy to tell apart."""

    def __init__(self, behind, version):
        self._behind = behind
        self.version = version

    def classify(self, texts):
        return [self._turned(answer) for answer in self._behind.classify(texts)]

    def _turned(self, answer):
        label = Label.NON_SERVICE if answer.label is Label.SERVICE else Label.SERVICE
        kind = Kind.TALK if label is Label.NON_SERVICE else Kind.PROBLEM
        decision = Decision(label.value)
        return replace(answer, label=label, decision=decision, kind=kind, model=self.version)


@pytest.fixture
def decider(thread, shipped):
    """One that knows two more models; `gone-1` is registered and its files are not here."""

    def load(version):
        if version == "gone-1" and not load.has_arrived:
            raise ConfigurationError("no such folder")
        return Contrary(shipped, version)

    load.has_arrived = True
    decider = Decider(thread, shipped, load=load, poll_s=0.0)
    decider.arrives = lambda has_arrived: setattr(load, "has_arrived", has_arrived)
    return decider


@pytest.fixture
async def fresh(units):
    """Nobody was ever registered."""
    async with units.begin() as uow:
        for table in ("model_change", "model_version"):
            await uow.connection.execute(text(f"delete from {table}"))


@pytest.fixture
def ask(client, as_role):
    async def ask(method, path, body=None, *, role="operator"):
        return await client.request(method, path, json=body, headers=as_role(role))

    return ask


async def register(ask, version, part=None, champion="shipped"):
    body = {"version": version, "note": "mit Korrekturen vom März"}
    assert (await ask("POST", "/models", body)).status_code == 201
    if part is None:
        return None
    figures = {"champion": champion, "challenger": version, "data": "d1", "parts": [part]}
    return await ask("PUT", f"/models/{version}/evaluation", figures)


def chosen(version):
    return {"version": version, "reason": "Besser bei Nachfragen."}


async def labels(units, classify_mentions, *numbers):
    events = [received(f"g{number}") for number in numbers]
    return [
        (event.data.classification.model, event.data.classification.label)
        for event in await classify(units, classify_mentions, events)
    ]


async def test_a_better_model_takes_over_between_batches_and_can_be_taken_back(
    units, classify_mentions, ask, shipped, fresh
):
    assert await labels(units, classify_mentions, 1) == [(shipped.version, "service")]
    told = await register(ask, "a-1", PART)
    assert told.json() == {"may_be_promoted": True, "objections": []}
    done = await ask("POST", "/models/promote", chosen("a-1"))
    assert done.json() == {"champion": "a-1", "challenger": None, "version": 1}
    assert await labels(units, classify_mentions, 2) == [("a-1", "non_service")]
    back = await ask("POST", "/models/rollback", {"reason": "Zu viele Beschwerden."})
    assert back.json() == {"champion": "shipped", "challenger": None, "version": 2}
    assert await labels(units, classify_mentions, 3) == [(shipped.version, "service")]
    again = await ask("POST", "/models/rollback", {"reason": "Noch weiter."})
    assert again.status_code == 409

    listed = (await ask("GET", "/models", role="observer")).json()
    assert [change["what"] for change in listed["changes"]] == ["promoted", "rolled_back"]
    assert listed["changes"][0]["actor_name"] == "Mia"
    assert listed["models"][0]["evaluation"]["parts"] == [PART]
    async with units.read() as connection:
        found = await connection.execute(
            text("select payload from outbox where type = 'classifier.model.changed.v1'")
        )
        said = [bytes(row.payload) for row in found]
    assert sum(b'"champion":"a-1"' in payload for payload in said) == 1


async def test_what_is_worse_or_unmeasured_is_refused_in_words(ask, fresh):
    unknown = await ask("POST", "/models/promote", chosen("nobody-1"))
    assert unknown.status_code == 404
    await register(ask, "b-1")
    unmeasured = await ask("POST", "/models/promote", chosen("b-1"))
    assert (unmeasured.status_code, unmeasured.json()["code"]) == (409, "not_evaluated")
    told = await register(ask, "b-1", WORSE)
    assert told.json()["may_be_promoted"] is False
    worse = await ask("POST", "/models/promote", chosen("b-1"))
    assert (worse.status_code, worse.json()["code"]) == (409, "not_better")
    assert "worse on corrections: 80 of 100 right" in worse.json()["detail"]
    stale = await register(ask, "b-1", PART, champion="somebody-else")
    assert stale.status_code == 409
    assert (await ask("GET", "/models", role="lead")).json()["champion"] == "shipped"


async def test_figures_that_do_not_add_up_are_no_figures(ask, fresh):
    told = await register(ask, "c-1", PART | {"only_challenger": 99})
    assert told.status_code == 422


@pytest.mark.parametrize("role", ["agent", "triage", "observer"])
async def test_only_operators_and_leads_choose(ask, role):
    assert (await ask("POST", "/models/promote", chosen("a-1"), role=role)).status_code == 403


async def test_a_shadow_answers_beside_and_decides_nothing(
    units, classify_mentions, ask, shipped, fresh
):
    await register(ask, "s-1")
    disagrees = metrics.CLASSIFIER_SHADOW_TOTAL.labels("disagrees")
    before = disagrees._value.get()
    assert (await ask("POST", "/models/shadow", chosen("s-1"))).json()["challenger"] == "s-1"
    assert await labels(units, classify_mentions, 10, 11) == [(shipped.version, "service")] * 2
    assert disagrees._value.get() == before + 2
    async with units.read() as connection:
        rows = await connection.execute(
            text(
                "select model, label, challenger, challenger_label from mention "
                "where challenger is not null"
            )
        )
        assert {tuple(row) for row in rows} == {(shipped.version, "service", "s-1", "non_service")}
    drift = (await ask("GET", "/drift")).json()
    assert drift["recent"]["shadowed"] == 2
    assert drift["recent"]["challenger_disagrees"] == 1.0
    off = await ask("POST", "/models/shadow", {"version": None, "reason": "Genug gesehen."})
    assert off.json()["challenger"] is None
    await labels(units, classify_mentions, 12)
    assert (await ask("GET", "/drift")).json()["recent"]["shadowed"] == 2


async def test_a_replica_without_the_files_goes_on_as_before_and_asks_again(
    units, classify_mentions, decider, ask, shipped, fresh
):
    failures = metrics.CLASSIFIER_RELOAD_FAILURES_TOTAL.labels("model")
    before = failures._value.get()
    await register(ask, "gone-1", PART)
    decider.arrives(False)
    await ask("POST", "/models/promote", chosen("gone-1"))
    assert await labels(units, classify_mentions, 20) == [(shipped.version, "service")]
    assert failures._value.get() > before
    decider.arrives(True)
    assert await labels(units, classify_mentions, 21) == [("gone-1", "non_service")]


async def test_unreadable_files_cannot_be_registered(ask, decider, fresh):
    decider.arrives(False)
    refused = await ask("POST", "/models", {"version": "gone-1", "note": "neu"})
    assert (refused.status_code, refused.json()["code"]) == (422, "model_unreadable")
    outside = await ask("POST", "/models", {"version": "../x", "note": "neu"})
    assert outside.status_code == 422


def test_a_registered_folder_is_named_like_what_it_holds(tmp_path, shipped):
    artefact = files("classifier.gateways.model") / "artefact"
    shutil.copytree(str(artefact), tmp_path / shipped.version)
    assert load_registered(tmp_path, shipped.version).version == shipped.version
    shutil.copytree(str(artefact), tmp_path / "other-1")
    with pytest.raises(ConfigurationError, match="holds"):
        load_registered(tmp_path, "other-1")
    with pytest.raises(ConfigurationError):
        load_registered(tmp_path, "nothing-1")
    with pytest.raises(ConfigurationError, match="OMBUD_CLASSIFIER_MODELS"):
        load_registered(None, "other-1")


async def test_drift_tells_the_last_day_from_the_time_before(
    units, classify_mentions, ask, client, as_role, fresh
):
    async with units.begin() as uow:
        for table in ("mention", "correction"):
            await uow.connection.execute(text(f"delete from {table}"))
    found = await classify(
        units, classify_mentions, [received("d1"), received("d2", NEWS), received("d3", QUESTION)]
    )
    async with units.begin() as uow:
        await uow.connection.execute(
            text(
                "update mention set classified_at = now() - interval '3 days' "
                "where mention_id = :id"
            ),
            {"id": found[2].data.mention.mention_id},
        )
    correction = {"label": "service", "kind": "question", "reason": "Doch eine Frage."}
    for event in found[:2]:
        path = f"/mentions/{event.data.mention.mention_id}/reclassify"
        done = await client.post(path, json=correction, headers=as_role("agent"))
        assert done.status_code == 200
    drift = (await ask("GET", "/drift", role="observer")).json()
    assert drift["recent"]["mentions"] == 2
    assert drift["recent"]["corrected"] == 2
    assert drift["recent"]["people_disagree"] == 0.5
    assert drift["before"]["mentions"] == 1
    assert drift["before"]["labels"] == {"service": 1, "non_service": 0}
    assert drift["before"]["mean_confidence"] > 0.5
