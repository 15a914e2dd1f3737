"""Label mentions as they arrive, a batch at a time (S12, S16, S17).

The model runs before the transaction begins (`prepare`), so that no lock and no connection waits
for it; the transaction then counts earlier contacts, publishes, and remembers: four statements for
the whole batch.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from classifier.domain.crisis import Counted, counts_of
from classifier.domain.labels import Classification, Label
from classifier.domain.rules import GENERAL
from classifier.handlers.deciding import Asked, Decided, Decider, asked_about
from classifier.handlers.wire import on_the_wire
from classifier.storage import crises, recent
from classifier.storage.recent import Contact, KeptMention, Shadow
from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.events.classifier import MentionClassified
from common.events.codec import encode
from common.events.envelope import Event, new_event
from common.events.ingest import MentionReceived
from common.events.parts import Mention
from common.ids import derived_id
from common.observability import metrics

_AT_ONCE = 200


class MentionClassifier:
    """The use case with what decides. `repeat_span` is how far back contacts count (S12)."""

    def __init__(
        self, decider: Decider, units: UnitOfWorkFactory, *, repeat_span: timedelta
    ) -> None:
        self._decider = decider
        self._units = units
        self._repeat_span = repeat_span

    async def prepare(self, events: Sequence[Event[Any]]) -> Mapping[UUID, Decided]:
        """The answers by event id. Raises RetryableError before rules could ever be asked for."""
        await self._decider.refresh(self._units)
        began = time.perf_counter()
        answers = await self._decider.decide([asked(event.data.mention) for event in events])
        metrics.CLASSIFIER_PREDICTION_SECONDS.observe(time.perf_counter() - began)
        return {event.id: answer for event, answer in zip(events, answers, strict=True)}

    async def __call__(self, uow: UnitOfWork, events: Sequence[Event[MentionReceived]]) -> None:
        """Publish each mention with its label, in the order in which they came, and remember it."""
        batch = [_Labelled.of(event, uow.prepared[event.id]) for event in events]
        earlier = await recent.repeat_contacts(
            uow.connection, [one.contact for one in batch], span=self._repeat_span
        )
        kept: dict[UUID, KeptMention] = {}
        for number, one in enumerate(batch, 1):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)  # encoding thousands is CPU work, too: let heartbeats by
            answer = replace(one.decided.answer, repeat_contacts=earlier[one.contact.mention_id])
            message = encode(_classified(uow, one.event, answer))
            uow.publish_messages(message)
            kept[one.contact.mention_id] = _kept(one, answer, message.payload)
            _count(answer, one.decided.shadow)
        await recent.keep(uow.connection, list(kept.values()), now=uow.now)
        counted = [one.counted(uow) for one in batch if not one.decided.answer.own_agent_post]
        if counted:
            await crises.count(uow.connection, counts_of(counted, bucket=crises.BUCKET))


@dataclass(frozen=True, slots=True)
class _Labelled:
    """An event with its answer, as the database counts it."""

    event: Event[MentionReceived]
    decided: Decided
    contact: Contact

    @classmethod
    def of(cls, event: Event[MentionReceived], decided: Decided) -> _Labelled:
        mention, answer = event.data.mention, decided.answer
        contact = Contact(
            mention_id=mention.mention_id,
            network=storable(mention.network),
            author_id=storable(mention.author.id),
            posted_at=mention.posted_at,
            is_contact=is_contact(answer),
        )
        return cls(event, decided, contact)

    def counted(self, uow: UnitOfWork) -> Counted:
        """The mention as crises count it: when it was posted, so that a backlog is no crisis."""
        answer, mention = self.decided.answer, self.event.data.mention
        topics = tuple(sorted({storable(concern.topic) for concern in answer.concerns}))
        return Counted(
            topics=topics or (GENERAL,),
            at=min(mention.posted_at, uow.now),
            is_service=answer.label is Label.SERVICE,
            is_abusive=answer.abusive,
            followers=max(mention.author.followers or 0, 0),
        )


def asked(mention: Mention) -> Asked:
    """A mention as models and rules read it."""
    return asked_about(
        mention.text,
        account=mention.account,
        network=mention.network,
        authors=(mention.author.id, mention.author.handle),
    )


def is_contact(answer: Classification) -> bool:
    """Whether a mention counts as the author asking for service (S12)."""
    return answer.label is Label.SERVICE and not answer.own_agent_post


def storable(text: str) -> str:
    """PostgreSQL's text holds no NUL; a network may send one."""
    return text.replace("\x00", "")


def _classified(
    uow: UnitOfWork, event: Event[MentionReceived], answer: Classification
) -> Event[MentionClassified]:
    mention = event.data.mention
    return new_event(
        MentionClassified(mention=mention, classification=on_the_wire(answer)),
        # The same received event classified again is the same fact.
        id=derived_id("classified", event.id),
        subject=mention.mention_id,
        time=uow.now,
        cause=event,
    )


def _kept(one: _Labelled, answer: Classification, body: bytes) -> KeptMention:
    mention, shadow = one.event.data.mention, one.decided.shadow
    return KeptMention(
        contact=one.contact,
        conversation_id=mention.conversation_id,
        account=storable(mention.account) if mention.account else None,
        label=answer.label,
        decision=answer.decision,
        confidence=answer.confidence,
        kind=answer.kind,
        model=answer.model,
        shadow=None
        if shadow is None
        else Shadow(
            model=shadow.model,
            label=shadow.label,
            decision=shadow.decision,
            confidence=shadow.confidence,
        ),
        body=body,
    )


def _count(answer: Classification, shadow: Classification | None) -> None:
    metrics.CLASSIFIER_MENTIONS_TOTAL.labels(answer.decision, answer.kind).inc()
    metrics.CLASSIFIER_CONFIDENCE.observe(answer.confidence)
    if shadow is not None:
        outcome = "agrees" if shadow.decision == answer.decision else "disagrees"
        metrics.CLASSIFIER_SHADOW_TOTAL.labels(outcome).inc()
