"""The proof as a metric finds what the owner of the tables did, however old; and the live notices.

The watch walks the ledger in pieces, so it must come round to every row (S58, beyond-list 2).
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from common.db.unit_of_work import UnitOfWorkFactory
from common.events.codec import encode
from common.events.envelope import new_event
from common.events.parts import Actor
from common.events.responder import ReviewExpired, ReviewOffered
from common.ids import new_id
from common.kafka.port import Record
from common.observability import metrics
from responder.bootstrap import Responder
from responder.domain.drafts import Draft, Review
from responder.domain.persons import Person
from responder.domain.words import Audience, Kind
from responder.handlers.review_draft import Reading, approve_draft
from responder.handlers.show_reviews import review_notice
from responder.handlers.submit_draft import SubmitDraft
from responder.handlers.write_draft import NewDraft, write_draft
from responder.jobs import FourEyesWatch

pytestmark = pytest.mark.postgres
ANNA, BEN = Person("dev|anna", "Anna"), Person("dev|ben", "Ben")


async def approved(responder: Responder, open_case: Any) -> Draft:
    order = NewDraft(
        case_id=await open_case(f"p-{uuid4().hex}"),
        kind=Kind.ANSWER,
        visibility=Audience.PUBLIC,
        text="Wir melden uns.",
    )
    submit = SubmitDraft(responder.channels, policy_for_private=Review.OPTIONAL, ids=new_id)
    async with responder.units.begin() as uow:
        draft = await write_draft(uow, order, author=ANNA, channels=responder.channels, ids=new_id)
        draft = await submit(uow, draft.draft_id, actor=ANNA, asked=Review.OPTIONAL)
        reading = Reading(
            draft_id=draft.draft_id, revision=1, content_hash=draft.latest.content_hash
        )
        result = await approve_draft(uow, reading, reader=BEN, ids=new_id)
    assert isinstance(result, Draft)
    return result


def counted() -> float:
    return float(metrics.RESPONDER_FOUR_EYES_VIOLATIONS_ROWS._value.get())


async def test_the_watch_comes_round_to_every_row(
    responder: Responder, open_case: Any, admin_dsn: str, units: UnitOfWorkFactory
) -> None:
    drafts = [await approved(responder, open_case) for _ in range(7)]
    watch = FourEyesWatch(units, piece=2)
    for _ in range(5):
        await watch()
        assert counted() == 0
    owner = await asyncpg.connect(admin_dsn)
    # Whoever owns the tables can do this; nobody else.
    await owner.execute("alter table responder.approval disable trigger all")
    oldest = drafts[0].draft_id
    await owner.execute(
        "update responder.approval set actor_id = 'dev|anna' where draft_id = $1", oldest
    )
    for _ in range(5):
        await watch()
    assert counted() == 1
    for _ in range(3):  # and it stays known while the walk is elsewhere
        await watch()
        assert counted() == 1
    await owner.execute(
        "update responder.approval set actor_id = 'dev|ben' where draft_id = $1", oldest
    )
    await owner.execute("alter table responder.approval enable trigger all")
    await owner.close()
    await watch()
    assert counted() == 0


def record_of(fact: Any) -> Record:
    message = encode(new_event(fact, id=new_id(), subject=fact.draft_id, time=fact_time(fact)))
    headers = tuple((name, value.encode()) for name, value in message.headers.items())
    return Record(message.topic, 0, 1, 0, message.key.encode(), message.payload, headers)


def fact_time(fact: Any) -> Any:
    return getattr(fact, "expires_at", None) or fact.expired_at


def test_a_live_notice_reaches_whom_it_concerns(case_opened: Any) -> None:
    at = case_opened("p1").time
    about = {
        "draft_id": new_id(),
        "case_id": new_id(),
        "conversation_id": new_id(),
        "revision": 1,
        "round": 1,
        "team": "social_support",
        "authors": (Actor(id=ANNA.id, name="Anna"),),
    }
    to_ben = ReviewOffered(**about, reviewer=Actor(id=BEN.id, name="Ben"), expires_at=at)
    to_all = ReviewOffered(**about, reviewer=None, expires_at=at)
    late = ReviewExpired(**about, reviewer=Actor(id=BEN.id, name="Ben"), expired_at=at)
    cleo, teams = Person("dev|cleo", "Cleo"), {"social_support"}

    def told(fact: Any, who: Person, of: Any = teams) -> bool:
        notice = review_notice(record_of(fact), who, of)
        assert notice is None or b"Anna" not in notice[1]
        return notice is not None

    assert [told(to_ben, who) for who in (ANNA, BEN, cleo)] == [False, True, False]
    assert [told(to_all, who) for who in (ANNA, BEN, cleo)] == [False, True, True]
    assert told(to_all, cleo, {"community_management"}) is False
    assert told(to_all, cleo, None) is True
    assert [told(late, who) for who in (ANNA, BEN, cleo)] == [True, True, False]
