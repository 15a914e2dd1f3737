"""A person corrects a label: an event that moves the case, and a line of training data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from classifier.domain.labels import (
    KINDS_OF,
    Classification,
    Concern,
    Decision,
    Kind,
    Label,
    Need,
    Signal,
)
from classifier.handlers.classify_mentions import is_contact, storable
from classifier.handlers.wire import body_of, from_the_wire, mention_in, on_the_wire
from classifier.storage import corrections, recent
from classifier.storage.recent import Contact, KeptMention
from common.db.unit_of_work import UnitOfWork
from common.errors import InvalidInputError, NotFoundError, PreconditionFailedError
from common.events.classifier import MentionClassified, MentionReclassified
from common.events.envelope import new_event
from common.events.parts import Actor
from common.ids import derived_id
from common.observability import metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What a person says; None leaves the classifier's word."""

    label: Label
    kind: Kind
    abusive: bool | None = None
    urgent: bool | None = None
    own_post: bool | None = None
    signals: frozenset[Signal] | None = None
    needs: frozenset[Need] | None = None
    concerns: tuple[Concern, ...] | None = None


@dataclass(frozen=True, slots=True)
class Reclassified:
    """The mention's labels now, and their version."""

    mention_id: UUID
    version: int
    classification: Classification


async def reclassify_mention(
    uow: UnitOfWork,
    mention_id: UUID,
    labels: Labels,
    *,
    by: Actor,
    reason: str,
    expected_version: int | None = None,
) -> Reclassified:
    """Put a person's labels in place of the model's. Saying what stands there confirms it.

    Raises NotFoundError for a mention that is unknown or no longer kept, InvalidInputError for
    a kind that the label does not have, PreconditionFailedError for another version.
    """
    if labels.kind not in KINDS_OF[labels.label]:
        raise InvalidInputError(
            f"{labels.kind} is no kind of {labels.label}",
            details={"kinds": sorted(KINDS_OF[labels.label])},
        )
    stored = await recent.lock(uow.connection, mention_id)
    if stored is None:
        raise NotFoundError("no such mention, or it is not kept any more")
    if expected_version is not None and expected_version != stored.version:
        raise PreconditionFailedError(
            "it was corrected since you looked", details={"current_version": stored.version}
        )
    event = mention_in(stored.body)
    before = from_the_wire(event.classification)
    after = _corrected(before, labels)
    mention = event.mention
    changed = MentionClassified(mention=mention, classification=on_the_wire(after))
    version = await recent.relabel(
        uow.connection, mention_id, _kept(changed, after, body_of(changed))
    )
    uow.publish(
        new_event(
            MentionReclassified(
                mention=mention,
                classification=changed.classification,
                previous=event.classification,
                actor=by,
                reason=reason,
            ),
            id=derived_id("reclassified", mention_id, version),
            subject=mention_id,
            time=uow.now,
        )
    )
    await corrections.add(
        uow.connection,
        corrections.Correction(
            correction_id=derived_id("correction", mention_id, version),
            mention_id=mention_id,
            conversation_id=mention.conversation_id,
            corrected_at=uow.now,
            actor_id=by.id,
            actor_name=by.name,
            reason=reason,
            network=storable(mention.network),
            account=storable(mention.account) if mention.account else None,
            language=before.language,
            text=storable(mention.text),
            model=before.model,
            before=labels_of(before),
            after=labels_of(after),
        ),
    )
    metrics.CLASSIFIER_CORRECTIONS_TOTAL.labels(before.decision, after.label).inc()
    return Reclassified(mention_id, version, after)


def labels_of(answer: Classification) -> dict[str, Any]:
    """What is learned from an answer, as JSON types."""
    return {
        "label": answer.label.value,
        "decision": answer.decision.value,
        "confidence": answer.confidence,
        "kind": answer.kind.value,
        "abusive": answer.abusive,
        "urgent": answer.urgent,
        "own_post": answer.own_agent_post,
        "signals": sorted(answer.signals),
        "needs": sorted(answer.needs),
        "topics": [storable(concern.topic) for concern in answer.concerns],
    }


def _corrected(before: Classification, labels: Labels) -> Classification:
    """A person is certain: the decision is the label."""
    return replace(
        before,
        label=labels.label,
        decision=Decision(labels.label.value),
        confidence=1.0,
        kind=labels.kind,
        abusive=before.abusive if labels.abusive is None else labels.abusive,
        urgent=before.urgent if labels.urgent is None else labels.urgent,
        own_agent_post=before.own_agent_post if labels.own_post is None else labels.own_post,
        signals=before.signals if labels.signals is None else labels.signals,
        needs=before.needs if labels.needs is None else labels.needs,
        concerns=before.concerns if labels.concerns is None else labels.concerns,
    )


def _kept(changed: MentionClassified, after: Classification, body: bytes) -> KeptMention:
    mention = changed.mention
    return KeptMention(
        contact=Contact(
            mention_id=mention.mention_id,
            network=storable(mention.network),
            author_id=storable(mention.author.id),
            posted_at=mention.posted_at,
            is_contact=is_contact(after),
        ),
        conversation_id=mention.conversation_id,
        account=mention.account,
        label=after.label,
        decision=after.decision,
        confidence=after.confidence,
        kind=after.kind,
        model=after.model,
        shadow=None,
        body=body,
    )
