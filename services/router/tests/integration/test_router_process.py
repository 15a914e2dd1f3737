"""The router as processes on its own Kafka and PostgreSQL: in by a topic, out by a topic."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from router_builders import Mentions, reply
from router_steps import case_of

from common.events.codec import encode
from common.events.envelope import Event
from common.kafka.producer import BatchProducer
from common.settings import KafkaSettings
from common.testing.eventually import eventually
from common.testing.live import listening
from common.testing.pipeline import SOON_MISSED, Pipeline, PipelineOptions
from common.testing.stack import Stack
from common.web.auth import DevIssuer

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]
SOON = timedelta(seconds=30)


@pytest.fixture(scope="module")
def pipeline(own_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Two replicas of the router, nothing else."""
    options = PipelineOptions(services=("router",), replicas={"router": 2}, environment=SOON_MISSED)
    with Pipeline(own_stack, tmp_path_factory.mktemp("router"), options) as running:
        running.prepare()
        running.start()
        yield running


@pytest.fixture
def kafka(pipeline: Pipeline) -> KafkaSettings:
    return KafkaSettings(kafka_bootstrap=pipeline.stack.kafka_bootstrap)


def bearer(pipeline: Pipeline, *roles: str, teams: tuple[str, ...] = ()) -> dict[str, str]:
    issuer = DevIssuer(pipeline.options.dev_secret)
    return {"Authorization": f"Bearer {issuer.token('lea', 'Lea', roles=roles, teams=teams)}"}


@pytest.fixture
async def api(pipeline: Pipeline) -> AsyncIterator[httpx.AsyncClient]:
    """The first replica, asked by somebody who leads and operates."""
    headers = bearer(pipeline, "lead", "operator")
    async with httpx.AsyncClient(base_url=pipeline.api("router"), headers=headers) as client:
        yield client


async def publish(kafka: KafkaSettings, *events: Event[Any]) -> None:
    producer = BatchProducer(kafka, client_id="router-tests")
    await producer.publish([encode(event) for event in events])
    await producer.stop()


async def books_of(api: httpx.AsyncClient) -> dict[str, Any]:
    books: dict[str, Any] = (await api.get("/reconciliation")).json()
    return books


async def test_a_mention_becomes_a_case_and_a_reply_stops_its_clock(
    kafka: KafkaSettings, api: httpx.AsyncClient
) -> None:
    make = Mentions()
    mentions = [make("service", thread=f"thread-{number % 40}") for number in range(100)]
    parked = [make("non_service", kind="talk") for _ in range(20)]
    await publish(kafka, *mentions, *parked)

    async def all_are_placed() -> bool:
        return bool((await books_of(api))["mentions"] == 120)

    await eventually(all_are_placed, within=SOON)
    books = await books_of(api)
    assert (books["in_cases"], books["parked"], books["is_balanced"]) == (100, 20, True)
    page = (await api.get("/cases", params={"limit": 200})).json()
    assert len(page["items"]) == 40

    case = page["items"][0]
    sent = reply(case["case_id"], case["conversation_id"], sent_at=datetime.now(UTC))
    await publish(kafka, sent)

    async def clock_is_met() -> Any:
        found = (await api.get(f"/cases/{case['case_id']}")).json()
        return [clock for clock in found["clocks"] if clock["state"] == "met"]

    (clock,) = await eventually(clock_is_met, within=SOON)
    assert clock["seconds_since_posted"] == pytest.approx(
        clock["seconds_since_detected"] + 30, abs=0.01
    )


async def test_a_live_stream_tells_of_the_own_teams_and_resumes(
    pipeline: Pipeline, kafka: KafkaSettings, api: httpx.AsyncClient
) -> None:
    make = Mentions()
    url = f"{pipeline.api('router')}/cases/stream"
    headers = bearer(pipeline, "agent", teams=("social_support",))
    questions = [make("service", kind="question", native_id=f"q-{n}") for n in range(3)]
    problems = [make("service", native_id=f"s-{n}") for n in range(3)]
    async with listening(url, headers) as told:
        await publish(kafka, *questions, *problems)
        await eventually(lambda: len(told) >= 3, within=SOON)
    assert {(each.event, each.data["team"]) for each in told} == {
        ("router.case.opened.v1", "social_support")
    }
    assert "text" not in json.dumps(told)

    async with listening(url, headers, after=told[0].id) as again:
        await eventually(lambda: len(again) >= 2, within=SOON)
    assert {each.data["id"] for each in again} >= {each.data["id"] for each in told[1:]}


async def test_a_live_stream_tells_who_is_at_a_case_of_the_own_teams(
    pipeline: Pipeline, kafka: KafkaSettings, api: httpx.AsyncClient
) -> None:
    make = Mentions()
    ours = make("service", native_id="watched")
    theirs = make("service", kind="question", native_id="watched elsewhere")
    await publish(kafka, ours, theirs)
    paths = [f"/cases/{case_of(mention)}" for mention in (ours, theirs)]

    async def are_there() -> bool:
        return all([(await api.get(path)).status_code == 200 for path in paths])

    await eventually(are_there, within=SOON)
    url = f"{pipeline.api('router')}/cases/stream"
    async with listening(url, bearer(pipeline, "agent", teams=("social_support",))) as told:

        def presence() -> list[Any]:
            return [each.data for each in told if each.event == "presence"]

        for path in reversed(paths):
            said = await api.put(f"{path}/presence", json={"activity": "typing"})
            assert said.status_code == 200, said.text
        await eventually(lambda: bool(presence()), within=SOON)
        await api.put(f"{paths[0]}/presence", json={"activity": "typing"})  # no news
        await api.delete(f"{paths[0]}/presence")
        await eventually(lambda: len(presence()) > 1, within=SOON)
    lea = {"case_id": str(case_of(ours)), "name": "Lea", "activity": "typing"}
    assert presence() == [[lea], []]


async def test_turns_stay_fair_with_two_processes_and_the_death_of_one(
    pipeline: Pipeline, kafka: KafkaSettings, api: httpx.AsyncClient
) -> None:
    """Both replicas deal from one stored rota; the one that dies takes no turn with it (S31)."""
    make = Mentions()
    second = pipeline.replicas["router"][1]

    await publish(kafka, *(make("triage", native_id=f"turn-{n}") for n in range(40)))
    second.kill()
    await publish(kafka, *(make("triage", native_id=f"late-{n}") for n in range(40)))
    second.start()
    second.wait_ready()

    async def all_had_their_turn() -> Any:
        rota = (await api.get("/rota/triage")).json()
        return rota if sum(each["turns"] for each in rota["teams"]) == 80 else None

    rota = await eventually(all_had_their_turn, within=timedelta(seconds=60))
    assert [each["turns"] for each in rota["teams"]] == [40, 40]
    for team in rota["people"].values():  # of one weight each, whatever was offered again meanwhile
        turns = [each["turns"] for each in team]
        assert len(turns) > 1
        assert max(turns) - min(turns) <= 1, team


async def test_clocks_ring_on_time_across_the_death_of_a_replica_and_all_leave_quietly(
    pipeline: Pipeline, kafka: KafkaSettings, api: httpx.AsyncClient
) -> None:
    shown = await api.get("/configuration")
    document = shown.json()["document"]
    document["clocks"]["first_reaction"] |= {"minutes": 0.1, "warn_at_percent": 50}
    changed = await api.put(
        "/configuration", json=document, headers={"If-Match": shown.headers["ETag"]}
    )
    assert changed.status_code == 200, changed.text
    version = changed.json()["version"]
    before = await books_of(api)
    make = Mentions()
    await publish(kafka, *(make("service", native_id=f"short-{number}") for number in range(50)))

    async def all_are_placed() -> bool:
        return bool((await books_of(api))["mentions"] == before["mentions"] + 50)

    await eventually(all_are_placed, within=SOON)
    second = pipeline.replicas["router"][1]
    second.kill()

    async def breached() -> list[dict[str, Any]]:
        # The new terms hold for the running clocks of earlier cases, too.
        page = (await api.get("/cases", params={"clock": "breached", "limit": 200})).json()
        ours = [case for case in page["items"] if case["configuration_version"] == version]
        return ours if len(ours) == 50 else []

    await eventually(breached, within=SOON)
    second.start()
    second.wait_ready()
    more = [make("service", native_id=f"after-{number}") for number in range(50)]
    await publish(kafka, *more)

    async def the_rest_is_placed() -> bool:
        return bool((await books_of(api))["mentions"] == before["mentions"] + 100)

    await eventually(the_rest_is_placed, within=timedelta(seconds=60))
    assert (await books_of(api))["is_balanced"]
    assert pipeline.terminate() == {"router-1": 0, "router-2": 0}
