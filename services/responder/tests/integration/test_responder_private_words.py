"""The restricted store and moderation: sealed, logged, masked, gone in time; two people (S66)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from common.db.unit_of_work import UnitOfWorkFactory
from common.errors import ConfigurationError
from common.events.vocabulary import Visibility
from common.ids import new_id
from common.testing.eventually import eventually
from common.timers.loop import TimerLoop
from responder.bootstrap import Responder
from responder.domain.dispatches import Ending, Outcome
from responder.domain.moderation import Moderation
from responder.gateways.channel import Channels
from responder.handlers.moderate import CarryOut
from responder.handlers.private_words import RETENTION_TIMER, delete_what_is_due
from responder.storage.sealing import Sealed, Sealing

pytestmark = pytest.mark.postgres
Headers = Callable[..., dict[str, str]]
NUMBER = "B-2210-77"
ASK = {
    "fields": [{"name": "order_number", "purpose": "Um die Bestellung zu finden"}],
    "text": "Schickst du mir bitte die Bestellnummer?",
    "lead_in": "Hallo Karla, zu deinem Motorrad frage ich kurz per Nachricht.",
}


class Counter:
    """People with private words, through the API."""

    def __init__(self, client: httpx.AsyncClient, token: Headers, open_case: Any) -> None:
        self.client, self.token, self.open_case = client, token, open_case

    async def case(self, **changes: Any) -> str:
        return str(await self.open_case(f"p-{uuid4().hex}", **changes))

    async def post(self, who: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.client.post(path, json=body, headers={**self.token(who), **headers})

    async def read(self, case_id: str, who: str, *roles: str) -> httpx.Response:
        return await self.client.get(
            f"/cases/{case_id}/private-values",
            params={"purpose": "Bestellung nachsehen"},
            headers=self.token(who, *roles),
        )

    async def looks(self, case_id: str) -> list[dict[str, Any]]:
        answer = await self.client.get(
            f"/cases/{case_id}/private-access", headers=self.token("lea", "lead")
        )
        return list(answer.json()["items"])


@pytest.fixture
def counter(client: httpx.AsyncClient, token: Headers, open_case: Any) -> Counter:
    return Counter(client, token, open_case)


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_what_is_asked_for_is_kept_sealed_and_every_look_is_logged(
    counter: Counter, admin_dsn: str, responder: Responder
) -> None:
    case_id = await counter.case()
    asked = (await counter.post("anna", f"/cases/{case_id}/private-requests", ASK)).json()
    assert asked["private"]["latest"]["kind"] == "question"
    assert asked["private"]["lead_in_draft_id"] == asked["lead_in"]["draft_id"]
    path = f"/cases/{case_id}/private-values"
    other = {"request_id": asked["request_id"], "values": {"birthday": "1.1.1990"}}
    refused(await counter.post("anna", path, other), 422, "not_requested")
    body = {"request_id": asked["request_id"], "values": {"order_number": NUMBER}}
    stored = await counter.post("anna", path, body)
    assert stored.status_code == 201
    assert NUMBER not in stored.text

    seen = (await counter.read(case_id, "ben")).json()["items"]
    assert [(value["name"], value["value"]) for value in seen] == [("order_number", NUMBER)]
    masked = (await counter.read(case_id, "olga", "observer")).json()["items"]
    assert [value["value"] for value in masked] == ["***"]
    (look,) = await counter.looks(case_id)
    assert (look["actor"]["id"], look["purpose"]) == ("dev|ben", "Bestellung nachsehen")

    owner = await asyncpg.connect(admin_dsn)
    for table in ("private_value", "outbox", "idempotent_answer"):
        exists = await owner.fetchval("select to_regclass($1)", f"responder.{table}")
        if exists:
            rows = await owner.fetch(f"select t::text as line from responder.{table} t")
            hexed = NUMBER.encode().hex()
            assert not any(NUMBER in row["line"] or hexed in row["line"] for row in rows), table
    await owner.close()
    async with responder.units.begin() as uow:
        known = await responder.private_store.known_values(
            uow.connection, UUID(case_id), now=uow.now
        )
    assert known == (NUMBER,)


async def test_a_private_message_goes_to_the_store_and_nowhere_else(
    counter: Counter, service_dsn: str
) -> None:
    case_id = await counter.case(visibility=Visibility.PRIVATE)
    (value,) = (await counter.read(case_id, "ben")).json()["items"]
    assert (value["name"], value["value"]) == (
        "message",
        "Mein Motorrad springt nicht an, wer hilft?",
    )
    connection = await asyncpg.connect(service_dsn)
    texts = await connection.fetchval(
        "select mention_texts from case_context where case_id = $1", UUID(case_id)
    )
    assert texts == []
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("delete from private_access")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("update private_value set case_id = gen_random_uuid()")
    await connection.close()


async def test_what_lay_long_enough_is_deleted(counter: Counter, units: UnitOfWorkFactory) -> None:
    case_id = await counter.case(visibility=Visibility.PRIVATE)
    later = UnitOfWorkFactory(units._engine, units._write_outbox, offset=timedelta(days=91))
    loop = TimerLoop(later, {RETENTION_TIMER: delete_what_is_due(ids=new_id)})

    async def is_gone() -> bool:
        await loop.fire_due()
        return (await counter.read(case_id, "ben")).json()["items"] == []

    await eventually(is_gone, within=timedelta(seconds=10))


async def test_private_values_of_another_team_are_not_there(
    counter: Counter, token: Headers
) -> None:
    case_id = await counter.case(visibility=Visibility.PRIVATE)
    answer = await counter.client.get(
        f"/cases/{case_id}/private-values",
        params={"purpose": "Neugier"},
        headers=token("ida", teams=("community_management",)),
    )
    refused(answer, 404, "not_found")
    assert await counter.looks(case_id) == []


def test_a_sealed_value_opens_only_where_it_belongs() -> None:
    old, new = bytes(32), bytes(range(32))
    here, there = uuid4(), uuid4()
    sealed = Sealing([old]).seal(NUMBER, case_id=here, name="order")
    assert NUMBER.encode() not in sealed.data
    both = Sealing([new, old])
    assert both.open(sealed, case_id=here, name="order") == NUMBER
    for case_id, name in ((there, "order"), (here, "name")):
        with pytest.raises(Exception, match=r".*") as moved:
            both.open(sealed, case_id=case_id, name=name)
        assert type(moved.value).__name__ == "InvalidTag"
    with pytest.raises(ConfigurationError):
        Sealing([new]).open(sealed, case_id=here, name="order")
    with pytest.raises(ConfigurationError):
        Sealing([b"short"])
    plain = Sealing([]).seal(NUMBER, case_id=here, name="order")
    assert plain == Sealed(NUMBER.encode(), "")
    assert both.open(plain, case_id=here, name="order") == NUMBER


HIDE = {"action": "hide", "reason": "Nennt die Adresse eines Nachbarn."}


async def test_moderation_takes_two_people_and_ends_by_hand_where_no_network_can(
    counter: Counter, responder: Responder, service_dsn: str
) -> None:
    case_id = await counter.case()
    wish = (await counter.post("anna", f"/cases/{case_id}/moderations", HIDE)).json()
    path = f"/moderations/{wish['moderation_id']}"
    yes = {"is_approved": True, "reason": "Ja."}
    seen = {"If-Match": '"v1"'}
    refused(await counter.post("anna", f"{path}/decide", yes, **seen), 403, "own_proposal")
    connection = await asyncpg.connect(service_dsn)
    by_oneself = (
        "update moderation set state = 'approved', decided_by_id = proposed_by_id,"
        " decided_by_name = 'A', decision = 'x', decided_at = now()"
    )
    for statement in (by_oneself, "update moderation set state = 'done', done_at = now()"):
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(statement)
    await connection.close()
    refused(await counter.post("ben", f"{path}/done"), 409, "illegal_step")
    decided = await counter.post("ben", f"{path}/decide", yes, **seen)
    assert decided.json()["state"] == "approved", decided.text
    refused(await counter.post("cleo", f"{path}/decide", yes, **seen), 412, "stale_moderation")
    assert await CarryOut(responder.units, responder.channels, ids=new_id)() == 1
    listed = await counter.client.get(
        "/moderations", params={"case_id": case_id}, headers=counter.token("ben")
    )
    (line,) = listed.json()["items"]
    assert (line["state"], line["last_error"]) == ("by_hand", "no_capability")
    done = await counter.post("ben", f"{path}/done")
    assert (done.json()["state"], done.json()["version"]) == ("done", 4)


async def test_a_network_that_can_moderate_is_asked(counter: Counter, responder: Responder) -> None:
    asked: list[Moderation] = []

    class Moderated:
        """The simulator's channel, and moderation: not now, then done."""

        def __getattr__(self, name: str) -> Any:
            return getattr(responder.channels.require("*"), name)

        async def moderate(self, moderation: Moderation) -> Outcome:
            asked.append(moderation)
            ending = Ending.HELD_OFF if len(asked) == 1 else Ending.SENT
            return Outcome(ending=ending, platform_id="m1" if len(asked) > 1 else None)

    case_id = await counter.case()
    block = {"action": "block", "reason": "Droht wiederholt."}
    wish = (await counter.post("anna", f"/cases/{case_id}/moderations", block)).json()
    yes = {"is_approved": True, "reason": "Ja."}
    path = f"/moderations/{wish['moderation_id']}/decide"
    await counter.post("ben", path, yes, **{"If-Match": '"v1"'})
    carry_out = CarryOut(responder.units, Channels({"*": Moderated()}), ids=new_id)
    assert [await carry_out(), await carry_out(), await carry_out()] == [0, 1, 0]
    assert [(each.action, each.target) for each in asked] == [("block", "a1")] * 2
