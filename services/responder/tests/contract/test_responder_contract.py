"""What the responder needs of others is enough for it, and what it emits is enough for others."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWorkFactory
from common.events.catalog import CATALOG, TYPE_OF
from common.events.codec import decode, read_head
from common.events.envelope import Message
from common.ids import new_id
from common.testing.contracts import assert_satisfies_consumers, examples, least_message
from common.testing.eventually import eventually
from common.timers.loop import TimerLoop
from platforms.simulator.faults import Fault, FaultPlan
from responder.bootstrap import Responder
from responder.consumers import HANDLERS
from responder.domain.drafts import Draft, Review
from responder.domain.no_reply import Decision, Disposition
from responder.domain.persons import Person
from responder.domain.words import Audience, Kind
from responder.handlers.break_glass import break_glass, review_broken_glass
from responder.handlers.decide_no_reply import NoReply, propose_no_reply
from responder.handlers.hold_draft import CoolOff, end_hold, hold_draft
from responder.handlers.offer_review import REVIEW_TIMER, claim_review, expire_reviews
from responder.handlers.review_draft import (
    Reading,
    Refused,
    approve_draft,
    reject_draft,
    withdraw_draft,
)
from responder.handlers.send_replies import SendReplies
from responder.handlers.submit_draft import SubmitDraft
from responder.handlers.write_draft import NewDraft, write_draft
from responder.storage.deployment_policy import DeploymentPolicy, write_policy
from responder.storage.reviews import alive_offer

pytestmark = pytest.mark.postgres
CONSUMED = sorted(type_ for type_, spec in CATALOG.items() if "responder" in spec.consumers)
EMITTED = sorted(type_ for type_, spec in CATALOG.items() if spec.producer == "responder")
ANNA, BEN = Person("dev|anna", "Anna"), Person("dev|ben", "Ben")


@pytest.fixture
def plan() -> FaultPlan:
    """Published, refused, and published with a lie, in this order."""
    faults = [Fault.NONE, Fault.REFUSED_4XX, Fault.EFFECT_THEN_5XX]

    class Scripted(FaultPlan):
        def draw(self, asked: str | None) -> Fault:
            return faults.pop(0)

    return Scripted({}, seed=0)


def test_every_event_the_catalogue_gives_us_has_its_use_case() -> None:
    assert sorted(TYPE_OF[data] for data in HANDLERS) == CONSUMED


@pytest.mark.parametrize("type_", CONSUMED)
async def test_every_example_and_the_least_message_are_enough(
    units: UnitOfWorkFactory, type_: str
) -> None:
    known = list(examples(type_))
    assert known
    for example in known:
        head = read_head(example.headers)
        for value in (example.value, json.dumps(least_message("responder", type_)).encode()):
            event = decode(head, example.key, value)
            async with units.begin() as uow:
                await HANDLERS[type(event.data)](uow, [event])


async def test_everything_we_emit_satisfies_its_consumers(
    responder: Responder, open_case: Any, admin_dsn: str
) -> None:
    for _ in range(3):
        await _approve(responder, await _submitted(responder, open_case))
        (claimed,) = await _sender(responder).claim(1)
        await _sender(responder).deliver(claimed)
    await _turn_down(responder, await _submitted(responder, open_case))
    await _read_late(responder, await _submitted(responder, open_case))
    await _break_glass(responder, admin_dsn, await _submitted(responder, open_case))
    await _hold(responder, await _submitted(responder, open_case))
    await _decide_no_reply(responder, open_case)

    connection = await asyncpg.connect(admin_dsn)
    rows = await connection.fetch("select * from responder.outbox order by id")
    await connection.close()
    for row in rows:
        assert_satisfies_consumers(
            Message(
                topic=row["topic"],
                key=bytes(row["key"]).decode(),
                event_id=row["event_id"],
                type=row["type"],
                payload=bytes(row["payload"]),
            )
        )
    assert sorted({row["type"] for row in rows}) == EMITTED


def _sender(responder: Responder) -> SendReplies:
    return SendReplies(responder.units, responder.channels, ids=new_id)


async def _submitted(responder: Responder, open_case: Any) -> Draft:
    case_id: UUID = await open_case(f"p-{uuid4().hex}")
    submit = SubmitDraft(responder.channels, policy_for_private=Review.OPTIONAL, ids=new_id)
    order = NewDraft(
        case_id=case_id, kind=Kind.ANSWER, visibility=Audience.PUBLIC, text="Wir melden uns."
    )
    async with responder.units.begin() as uow:
        draft = await write_draft(uow, order, author=ANNA, channels=responder.channels, ids=new_id)
    async with responder.units.begin() as uow:
        return await submit(uow, draft.draft_id, actor=ANNA, asked=Review.OPTIONAL)


async def _read_late(responder: Responder, draft: Draft) -> None:
    """Claimed, and not read in time."""
    async with responder.units.begin() as uow:
        await claim_review(
            uow, draft.draft_id, reader=BEN, ids=new_id, budget=timedelta(milliseconds=1)
        )
    ring = expire_reviews(ids=new_id, budget=timedelta(minutes=3))
    loop = TimerLoop(responder.units, {REVIEW_TIMER: ring})

    async def is_offered_on() -> bool:
        await loop.fire_due()
        async with responder.units.read() as connection:
            offer = await alive_offer(connection, draft.draft_id)
        return offer is not None and offer.round == 2

    await eventually(is_offered_on, within=timedelta(seconds=10))


async def _hold(responder: Responder, draft: Draft) -> None:
    cool_off = CoolOff(length=timedelta(minutes=5), reason="Erst einmal atmen.", by=ANNA)
    async with responder.units.begin() as uow:
        await hold_draft(uow, draft.draft_id, cool_off, ids=new_id)
    async with responder.units.begin() as uow:
        await end_hold(uow, draft.draft_id, by=BEN, roles=frozenset(), ids=new_id)


async def _decide_no_reply(responder: Responder, open_case: Any) -> None:
    decision = Decision(disposition=Disposition.NO_REPLY, has_concern=False, wants_dialogue=False)
    order = NoReply(
        case_id=await open_case(f"p-{uuid4().hex}"), decision=decision, reason="Kein Anliegen."
    )
    submit = SubmitDraft(responder.channels, policy_for_private=Review.OPTIONAL, ids=new_id)
    async with responder.units.begin() as uow:
        draft = await propose_no_reply(
            uow, order, author=ANNA, channels=responder.channels, ids=new_id
        )
        draft = await submit(uow, draft.draft_id, actor=ANNA, asked=Review.OPTIONAL)
    reading = Reading(draft_id=draft.draft_id, revision=1, content_hash=draft.latest.content_hash)
    async with responder.units.begin() as uow:
        await approve_draft(uow, reading, reader=BEN, ids=new_id)


async def _break_glass(responder: Responder, admin_dsn: str, draft: Draft) -> None:
    owner = create_engine(admin_dsn, pool_size=1, application_name="deployment")
    reading = Reading(
        draft_id=draft.draft_id,
        revision=draft.latest.number,
        content_hash=draft.latest.content_hash,
    )
    try:
        await write_policy(owner, DeploymentPolicy(break_glass="leads"))
        async with responder.units.begin() as uow:
            await break_glass(uow, reading, actor=ANNA, reason="Rueckruf", ids=new_id)
    finally:
        await write_policy(owner, DeploymentPolicy())
        await owner.dispose()
    async with responder.units.begin() as uow:
        await review_broken_glass(uow, draft.draft_id, by=BEN, finding="In Ordnung.", ids=new_id)


async def _approve(responder: Responder, draft: Draft) -> None:
    reading = Reading(
        draft_id=draft.draft_id,
        revision=draft.latest.number,
        content_hash=draft.latest.content_hash,
    )
    for reader, expected in ((ANNA, Refused), (BEN, Draft)):
        async with responder.units.begin() as uow:
            answer = await approve_draft(uow, reading, reader=reader, ids=new_id)
        assert isinstance(answer, expected)


async def _turn_down(responder: Responder, draft: Draft) -> None:
    async with responder.units.begin() as uow:
        await reject_draft(uow, draft.draft_id, reasons=["Zu kurz."], reader=BEN, ids=new_id)
    async with responder.units.begin() as uow:
        await withdraw_draft(
            uow,
            draft.draft_id,
            reason="Erledigt.",
            actor=ANNA,
            roles=frozenset({"agent"}),
            ids=new_id,
        )
