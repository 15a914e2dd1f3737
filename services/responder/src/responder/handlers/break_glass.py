"""Let a reply leave that nobody else has read, where the deployment allows it (SPEC policy).

Off by default. It takes a lead and a reason, is told to everybody, counted, and stays on a list
until a second person has looked at it.
"""

from __future__ import annotations

from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError, ForbiddenError, NotFoundError
from common.events import responder as facts
from common.events.envelope import new_event
from common.ids import IdFactory
from common.observability import metrics
from responder.domain import drafts as rules
from responder.domain.drafts import Draft, Refusal, Step
from responder.domain.persons import Person
from responder.domain.reviews import OfferState
from responder.domain.words import Kind
from responder.handlers.actors import actor_of
from responder.handlers.let_go import let_go
from responder.handlers.offer_review import end_review
from responder.handlers.review_draft import Reading
from responder.storage import broken_glass, drafts, holds
from responder.storage.broken_glass import BrokenGlass


async def break_glass(
    uow: UnitOfWork, reading: Reading, *, actor: Person, reason: str, ids: IdFactory
) -> Draft:
    """Send the submitted wording unread. Who may call it is a lead: the route says so.

    Raises ForbiddenError `break_glass_off`, NotFoundError, and ConflictError `stale_revision` or
    `illegal_step`.
    """
    rules.require_human(actor)
    if not await broken_glass.is_allowed(uow.connection):
        raise ForbiddenError("this deployment lets nothing leave unread", code="break_glass_off")
    draft = await drafts.lock_draft(uow.connection, reading.draft_id)
    if draft is None:
        raise NotFoundError("no such draft")
    if (reading.revision, reading.content_hash) != (
        draft.latest.number,
        draft.latest.content_hash,
    ):
        raise rules.refusal_error(Refusal.STALE_REVISION, draft)
    rules.after(draft, Step.APPROVE)
    if draft.latest.content.kind is Kind.NO_REPLY:
        raise ConflictError("not answering can wait for a second person", code="illegal_step")
    if await holds.alive_hold(uow.connection, draft.draft_id) is not None:
        raise ConflictError("the draft cools off", code="on_hold")
    await broken_glass.insert(uow.connection, draft, actor=actor, reason=reason)
    await end_review(uow, draft.draft_id, state=OfferState.DONE)
    await let_go(uow, draft, approver=None, ids=ids)
    use = await broken_glass.use_of(uow.connection, draft.draft_id, revision=draft.latest.number)
    fact = facts.BreakGlassUsed(
        draft_id=draft.draft_id,
        case_id=draft.case_id,
        conversation_id=draft.conversation_id,
        revision=draft.latest.number,
        content_hash=draft.latest.content_hash.hex(),
        reason=reason,
        actor=actor_of(actor),
        review_due_at=use.review_due_at,
    )
    uow.publish(new_event(fact, id=ids(), subject=draft.draft_id, time=uow.now))
    metrics.RESPONDER_BREAK_GLASS_TOTAL.inc()
    after = await drafts.get_draft(uow.connection, draft.draft_id)
    assert after is not None, "locked above"
    return after


async def review_broken_glass(
    uow: UnitOfWork, draft_id: UUID, *, by: Person, finding: str, ids: IdFactory
) -> BrokenGlass:
    """Write down what a second person found, once for each use, the oldest first.

    Raises NotFoundError, ConflictError `already_reviewed`, ForbiddenError `own_decision`.
    """
    rules.require_human(by)
    await drafts.lock_draft(uow.connection, draft_id)
    use = await broken_glass.to_review(uow.connection, draft_id, by=by)
    if use is None:
        raise NotFoundError("no glass was broken for this draft")
    if use.actor.id == by.id:
        raise ForbiddenError("somebody else looks at it afterwards", code="own_decision")
    if use.reviewed_at is not None:
        raise ConflictError("it was looked at already", code="already_reviewed")
    await broken_glass.record_review(uow.connection, use, by=by, finding=finding)
    fact = facts.BreakGlassReviewed(
        draft_id=draft_id,
        case_id=use.case_id,
        conversation_id=use.conversation_id,
        revision=use.revision,
        finding=finding,
        actor=actor_of(by),
    )
    uow.publish(new_event(fact, id=ids(), subject=draft_id, time=uow.now))
    return await broken_glass.use_of(uow.connection, draft_id, revision=use.revision)
