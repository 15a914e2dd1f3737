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
from common.kafka.port import Record
from common.testing.contracts import assert_satisfies_consumers, examples, least_message
from common.testing.eventually import eventually
from common.timers.loop import TimerLoop
from platforms.simulator.faults import Fault, FaultPlan
from responder.bootstrap import Responder
from responder.consumers import handlers
from responder.domain.drafts import Draft, Review
from responder.domain.moderation import ModerationAction
from responder.domain.no_reply import Decision, Disposition
from responder.domain.persons import Person
from responder.domain.private_words import Field
from responder.domain.signature import Signing
from responder.domain.words import Audience, Kind
from responder.handlers.break_glass import break_glass, review_broken_glass
from responder.handlers.decide_no_reply import NoReply, propose_no_reply
from responder.handlers.forward_matter import Forward, forward_matter
from responder.handlers.hold_draft import CoolOff, end_hold, hold_draft
from responder.handlers.moderate import (
    CarryOut,
    Proposal,
    Verdict,
    decide_moderation,
    propose_moderation,
)
from responder.handlers.offer_review import REVIEW_TIMER, claim_review, expire_reviews
from responder.handlers.private_words import (
    RETENTION_TIMER,
    Answers,
    Asking,
    ask_in_private,
    delete_what_is_due,
    read_values,
    record_answers,
)
from responder.handlers.record_cases import RecordMentions
from responder.handlers.review_draft import (
    Reading,
    Refused,
    approve_draft,
    reject_draft,
    withdraw_draft,
)
from responder.handlers.send_replies import SendReplies
from responder.handlers.show_reviews import review_notice
from responder.handlers.submit_draft import SubmitDraft
from responder.handlers.write_draft import NewDraft, write_draft
from responder.storage.deployment_policy import DeploymentPolicy, write_policy
from responder.storage.private_store import PrivateStore
from responder.storage.reviews import alive_offer
from responder.storage.sealing import Sealing

pytestmark = pytest.mark.postgres
CONSUMED = sorted(type_ for type_, spec in CATALOG.items() if "responder" in spec.consumers)
# Gates and knowledge are proven beside their own tests.
_ELSEWHERE = ("responder.gate", "responder.reference.", "responder.suggestion.")
EMITTED = sorted(
    type_
    for type_, spec in CATALOG.items()
    if spec.producer == "responder" and not type_.startswith(_ELSEWHERE)
)
ANNA, BEN = Person("dev|anna", "Anna"), Person("dev|ben", "Ben")


@pytest.fixture
def plan() -> FaultPlan:
    """Published, refused, and published with a lie, in this order."""
    faults = [Fault.NONE, Fault.REFUSED_4XX, Fault.EFFECT_THEN_5XX]

    class Scripted(FaultPlan):
        def draw(self, asked: str | None) -> Fault:
            return faults.pop(0)

    return Scripted({}, seed=0)


def test_every_event_the_catalogue_gives_us_has_its_use_case(
    record_mentions: RecordMentions,
) -> None:
    assert sorted(TYPE_OF[data] for data in handlers(record_mentions)) == CONSUMED


@pytest.mark.parametrize("type_", CONSUMED)
async def test_every_example_and_the_least_message_are_enough(
    units: UnitOfWorkFactory, record_mentions: RecordMentions, type_: str
) -> None:
    known = list(examples(type_))
    assert known
    for example in known:
        head = read_head(example.headers)
        for value in (example.value, json.dumps(least_message("responder", type_)).encode()):
            event = decode(head, example.key, value)
            async with units.begin() as uow:
                await handlers(record_mentions)[type(event.data)](uow, [event])


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
    await _talk_in_private(responder, open_case)
    await _moderate(responder, open_case)

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


async def _talk_in_private(responder: Responder, open_case: Any) -> None:
    case_id = await open_case(f"p-{uuid4().hex}")
    rest: dict[str, Any] = {"channels": responder.channels, "ids": new_id, "signing": Signing.NONE}
    order = Asking(
        case_id=case_id, fields=(Field(name="order", purpose="Suchen"),), text="Welche Nummer?"
    )
    async with responder.units.begin() as uow:
        await ask_in_private(uow, order, actor=ANNA, **rest)
        forward = Forward(case_id=case_id, department="parts", matter="Kette", text="Ich frage.")
        await forward_matter(uow, forward, actor=ANNA, **rest)
    gone = PrivateStore(Sealing([]), retention=timedelta(0))
    kept = responder.private_store
    answers = Answers(case_id=case_id, values={"order": "B-1"})
    async with responder.units.begin() as uow:
        await record_answers(uow, answers, actor=ANNA, store=kept, ids=new_id)
        await read_values(uow, case_id, purpose="Suchen", actor=BEN, store=kept, ids=new_id)
        await record_answers(uow, answers, actor=ANNA, store=gone, ids=new_id)
    loop = TimerLoop(responder.units, {RETENTION_TIMER: delete_what_is_due(ids=new_id)})
    await loop.fire_due()


async def _moderate(responder: Responder, open_case: Any) -> None:
    case_id = await open_case(f"p-{uuid4().hex}")
    proposal = Proposal(case_id=case_id, action=ModerationAction.HIDE, reason="Adresse")
    async with responder.units.begin() as uow:
        wish = await propose_moderation(
            uow, proposal, by=ANNA, channels=responder.channels, ids=new_id
        )
        verdict = Verdict(
            moderation_id=wish.moderation_id, version=1, is_approved=True, reason="Ja."
        )
        await decide_moderation(uow, verdict, by=BEN, ids=new_id)
    assert await CarryOut(responder.units, responder.channels, ids=new_id)() == 1


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


def test_the_live_stream_survives_every_event_of_its_topic() -> None:
    shown = set()
    for example in examples():
        if not example.type.startswith("responder."):
            continue
        record = Record("replies.events", 0, 1, 0, example.key, example.value, example.headers)
        actor = json.loads(example.value).get("actor") or {"id": "dev|ben"}
        for me in (Person(actor["id"], "Somebody"), Person("dev|x", "Xaver")):
            notice = review_notice(record, me, None)
            if notice is not None:
                assert json.loads(notice[1])["type"] == notice[0]
                shown.add(notice[0])
    assert {"responder.review.offered.v1", "responder.draft.approved.v1"} <= shown
