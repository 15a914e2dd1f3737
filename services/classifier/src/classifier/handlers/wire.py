"""Between the classifier's words and those of the wire, in both directions."""

from __future__ import annotations

import msgspec

from classifier.domain.labels import (
    Classification,
    Concern,
    Decision,
    Evidence,
    Kind,
    Label,
    Language,
    Need,
    Signal,
)
from common.events import parts, vocabulary
from common.events.classifier import MentionClassified
from common.events.parts import Actor
from common.ids import derived_id

__all__ = [
    "CRISES_STREAM",
    "MODELS_STREAM",
    "RULES_STREAM",
    "Actor",
    "actor",
    "body_of",
    "from_the_wire",
    "mention_in",
    "on_the_wire",
]

RULES_STREAM = derived_id("classifier", "rules")
MODELS_STREAM = derived_id("classifier", "models")
CRISES_STREAM = derived_id("classifier", "crises")
"""What has no conversation is ordered by these (ADR 0006)."""
_BODY = msgspec.json.Decoder(MentionClassified)


def actor(id: str, name: str) -> Actor:
    """A person as events name them."""
    return Actor(id=id, name=name)


def mention_in(body: bytes) -> MentionClassified:
    """The event in a stored body."""
    return _BODY.decode(body)


def body_of(mention: MentionClassified) -> bytes:
    """The event as it is stored."""
    return msgspec.json.encode(mention)


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


def from_the_wire(said: parts.Classification) -> Classification:
    """An answer of ours as it was published. ValueError for words that we never say."""
    return Classification(
        label=Label(said.label),
        decision=Decision(said.decision),
        confidence=said.confidence,
        kind=Kind(said.kind),
        abusive=said.abusive,
        urgent=said.urgent,
        own_agent_post=said.own_post,
        language=Language(said.language),
        evidence=tuple(
            Evidence(place.text, place.start, place.end, place.weight, place.source)
            for place in said.evidence
        ),
        model=said.model,
        signals=frozenset(Signal(signal) for signal in said.signals),
        needs=frozenset(Need(need) for need in said.needs),
        concerns=tuple(Concern(c.topic, c.text, c.department) for c in said.concerns),
        already_tried=said.already_tried,
        rules=said.rules,
        repeat_contacts=said.repeat_contacts,
    )
