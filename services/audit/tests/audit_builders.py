"""Raw events as the consumer hands them over: the life of a mention, with invented people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from audit.handlers.append_entries import append_entries
from common.db.unit_of_work import UnitOfWorkFactory
from common.events.classifier import MentionClassified
from common.events.codec import Head, encode
from common.events.envelope import Event, new_event
from common.events.ingest import MentionReceived
from common.events.parts import Actor, Author, Classification, Mention
from common.events.router import CaseClaimed, CaseOpened
from common.events.vocabulary import Decision, Label, MentionKind
from common.ids import conversation_id, mention_id
from common.inbox.handling import RawEvent

AT = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
MIA = Actor(id="dev|mia", name="Mia Sommer")


def mention(native_id: str = "p1", root: str | None = None) -> Mention:
    """A mention of Karla's."""
    return Mention(
        mention_id=mention_id("mastodon", native_id),
        conversation_id=conversation_id("mastodon", root or native_id),
        network="mastodon",
        native_id=native_id,
        author=Author(id="a1", handle="@karla", name="Karla Kurbel"),
        text="Mein Motorrad springt nicht an",
        posted_at=AT,
        detected_at=AT + timedelta(seconds=5),
        detected_via=("mention",),
        source_id=UUID(int=1),
    )


def raw(event: Event[Any], *, partition: int = 0, offset: int = 0) -> RawEvent:
    """The event as the consumer hands it over."""
    message = encode(event)
    head = Head(
        id=event.id,
        type=message.type,
        source=f"/ombud/{event.spec.producer}",
        subject=event.subject,
        time=event.time,
        correlation_id=event.correlation_id,
        causation_id=event.causation_id,
        traceparent=None,
    )
    return RawEvent(
        head=head,
        key=message.key,
        topic=message.topic,
        partition=partition,
        offset=offset,
        value=message.payload,
    )


def life_of(found: Mention, case_id: UUID | None = None) -> list[RawEvent]:
    """Received, classified, case opened, case claimed: four events of one mention."""
    case_id = case_id or uuid4()
    classification = Classification(
        label=Label.SERVICE,
        decision=Decision.SERVICE,
        confidence=0.9,
        kind=MentionKind.PROBLEM,
        abusive=False,
        urgent=False,
        own_post=False,
        language="de",
        model="test-1",
    )
    data: list[Any] = [
        MentionReceived(mention=found),
        MentionClassified(mention=found, classification=classification),
        CaseOpened(
            case_id=case_id,
            conversation_id=found.conversation_id,
            mention=found,
            classification=classification,
            team="social_support",
            reason="needs customer data",
            rule="default",
            configuration_version=1,
            clocks=(),
        ),
        CaseClaimed(
            case_id=case_id,
            conversation_id=found.conversation_id,
            actor=MIA,
            lease_until=AT + timedelta(minutes=10),
        ),
    ]
    return [
        raw(new_event(one, id=uuid4(), subject=found.mention_id, time=AT + timedelta(seconds=n)))
        for n, one in enumerate(data)
    ]


async def append(units: UnitOfWorkFactory, events: Sequence[RawEvent]) -> None:
    """Append in one unit of work, as the guard does."""
    async with units.begin() as uow:
        await append_entries(uow, events)
