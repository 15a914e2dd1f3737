"""Label mentions as they arrive, a batch at a time (S16, S17).

The model runs before the transaction begins (`prepare`), so that no lock and no connection waits
for it; the transaction then only stores what is to be published.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from classifier.domain.labels import Classification, PostText
from classifier.handlers.models import ModelThread
from common.db.unit_of_work import UnitOfWork
from common.events import parts, vocabulary
from common.events.classifier import MentionClassified
from common.events.envelope import Event, new_event
from common.events.ingest import MentionReceived
from common.ids import IdFactory
from common.observability import metrics


class MentionClassifier:
    """The use case with its model."""

    def __init__(self, model: ModelThread, ids: IdFactory) -> None:
        self._model = model
        self._ids = ids

    async def prepare(self, events: Sequence[Event[Any]]) -> Mapping[UUID, Classification]:
        """The model's answers by event id."""
        began = time.perf_counter()
        posts = [post_text(event.data.mention.text, event.data.mention.account) for event in events]
        answers = await self._model.classify(posts)
        metrics.CLASSIFIER_PREDICTION_SECONDS.observe(time.perf_counter() - began)
        return {event.id: answer for event, answer in zip(events, answers, strict=True)}

    async def __call__(self, uow: UnitOfWork, events: Sequence[Event[MentionReceived]]) -> None:
        """Publish each mention with its label, in the order in which they came."""
        uow.publish(*(self._classified(uow, event) for event in events))

    def _classified(
        self, uow: UnitOfWork, event: Event[MentionReceived]
    ) -> Event[MentionClassified]:
        mention = event.data.mention
        answer: Classification = uow.prepared[event.id]
        metrics.CLASSIFIER_MENTIONS_TOTAL.labels(answer.decision, answer.kind).inc()
        metrics.CLASSIFIER_CONFIDENCE.observe(answer.confidence)
        return new_event(
            MentionClassified(mention=mention, classification=on_the_wire(answer)),
            id=self._ids(),
            subject=mention.mention_id,
            time=uow.now,
            cause=event,
        )


def post_text(text: str, account: str | None) -> PostText:
    """What the model reads of a post; `account` is ours, with or without its @."""
    own = frozenset({account.lower().removeprefix("@")}) if account else frozenset()
    return PostText(text=text, own_handles=own)


def on_the_wire(answer: Classification) -> parts.Classification:
    """The domain's answer as events carry it."""
    return parts.Classification(
        label=vocabulary.Label(answer.label),
        decision=vocabulary.Decision(answer.decision),
        confidence=answer.confidence,
        kind=vocabulary.MentionKind(answer.kind),
        abusive=answer.abusive,
        urgent=answer.urgent,
        own_post=answer.own_agent_post,
        language=answer.language,
        model=answer.model,
        evidence=tuple(
            parts.Evidence(
                text=place.text,
                start=place.start,
                end=place.end,
                weight=place.weight,
                source=place.source,
            )
            for place in answer.evidence
        ),
        signals=tuple(vocabulary.Signal(signal) for signal in sorted(answer.signals)),
        needs=tuple(vocabulary.Need(need) for need in sorted(answer.needs)),
        concerns=tuple(
            parts.Concern(topic=concern.topic, text=concern.text, department=concern.department)
            for concern in answer.concerns
        ),
        already_tried=answer.already_tried,
        rules=answer.rules,
        repeat_contacts=answer.repeat_contacts,
    )
