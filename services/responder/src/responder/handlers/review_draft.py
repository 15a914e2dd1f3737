"""Approve or send back what somebody else wrote, or take it back oneself (S58)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import DomainError, ForbiddenError, NotFoundError
from common.events import responder as facts
from common.events.envelope import new_event
from common.ids import IdFactory
from common.observability import metrics
from responder.domain import drafts as rules
from responder.domain.drafts import Draft, Step
from responder.domain.persons import Person
from responder.domain.reviews import OfferState, require_claimable
from responder.handlers.actors import actor_of
from responder.handlers.gate_drafts import GateDrafts
from responder.handlers.let_go import let_go
from responder.handlers.offer_review import end_review
from responder.handlers.reader_standing import standing_of
from responder.storage import drafts, pairs, reviews


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the reader had before their eyes: revision and hash of exactly that wording."""

    draft_id: UUID
    revision: int
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """The approval was refused, and that it was tried is recorded: commit, then raise `error`."""

    error: DomainError


async def approve_draft(
    uow: UnitOfWork,
    reading: Reading,
    *,
    reader: Person,
    ids: IdFactory,
    roles: frozenset[str] = frozenset(),
    gates: GateDrafts | None = None,
) -> Draft | Refused:
    """Approve and put the reply into the dispatch ledger, in one transaction.

    With `gates` the wording is held against them once more, and what they stop is refused.
    A refusal for cause is returned and not raised, because its event must be committed. Raises
    NotFoundError, and ForbiddenError for service accounts.
    """
    rules.require_human(reader)
    draft = await _locked(uow, reading.draft_id)
    standing = await standing_of(uow, draft, reader, roles=roles)
    refusal = rules.refuse_approval(
        draft,
        reader,
        revision=reading.revision,
        content_hash=reading.content_hash,
        standing=standing,
    )
    if refusal is not None:
        error = rules.refusal_error(refusal, draft, standing)
        attempt = _Attempt(draft, reader, reading.revision)
        return _refused(uow, attempt, reason=refusal.value, error=error, ids=ids)
    stopped = await gates.refusal(uow, draft, reader=reader) if gates else None
    if stopped is not None:
        attempt = _Attempt(draft, reader, reading.revision)
        return _refused(uow, attempt, reason=stopped.code, error=stopped, ids=ids)
    await drafts.insert_approval(uow.connection, draft, actor=reader)
    await end_review(uow, draft.draft_id, state=OfferState.DONE)
    await let_go(uow, draft, approver=reader, ids=ids)
    approved = facts.DraftApproved(
        draft_id=draft.draft_id,
        case_id=draft.case_id,
        conversation_id=draft.conversation_id,
        revision=draft.latest.number,
        content_hash=draft.latest.content_hash.hex(),
        actor=actor_of(reader),
    )
    uow.publish(new_event(approved, id=ids(), subject=draft.draft_id, time=uow.now))
    metrics.RESPONDER_DRAFTS_TOTAL.labels("approved").inc()
    return await _read(uow, draft.draft_id)


@dataclass(frozen=True, slots=True)
class _Attempt:
    draft: Draft
    reader: Person
    revision: int


def _refused(
    uow: UnitOfWork, attempt: _Attempt, *, reason: str, error: DomainError, ids: IdFactory
) -> Refused:
    """The refusal, with its event; `reason` is a stable code."""
    draft = attempt.draft
    refused = facts.ApprovalRefused(
        draft_id=draft.draft_id,
        case_id=draft.case_id,
        conversation_id=draft.conversation_id,
        revision=attempt.revision,
        reason=reason,
        actor=actor_of(attempt.reader),
    )
    uow.publish(new_event(refused, id=ids(), subject=draft.draft_id, time=uow.now))
    metrics.RESPONDER_APPROVALS_REFUSED_TOTAL.labels(reason).inc()
    return Refused(error)


async def reject_draft(
    uow: UnitOfWork, draft_id: UUID, *, reasons: Sequence[str], reader: Person, ids: IdFactory
) -> Draft:
    """Send it back with at least one reason.

    Authors withdraw instead: raises ForbiddenError `own_text`; ConflictError `review_claimed`
    while somebody else reads it.
    """
    rules.require_human(reader)
    draft = await _locked(uow, draft_id)
    if draft.is_written_by(reader):
        raise ForbiddenError("authors withdraw their drafts", code="own_text")
    rules.after(draft, Step.REJECT)
    require_claimable(await reviews.alive_offer(uow.connection, draft_id), reader, at=uow.now)
    await drafts.insert_rejection(uow.connection, draft, actor=reader, reasons=reasons)
    await end_review(uow, draft_id, state=OfferState.DONE)
    rejected = facts.DraftRejected(
        draft_id=draft.draft_id,
        case_id=draft.case_id,
        conversation_id=draft.conversation_id,
        revision=draft.latest.number,
        reason="\n".join(reasons),
        reasons=tuple(reasons),
        actor=actor_of(reader),
    )
    uow.publish(new_event(rejected, id=ids(), subject=draft_id, time=uow.now))
    metrics.RESPONDER_DRAFTS_TOTAL.labels("rejected").inc()
    return await _read(uow, draft_id)


async def withdraw_draft(
    uow: UnitOfWork,
    draft_id: UUID,
    *,
    reason: str,
    actor: Person,
    roles: frozenset[str],
    ids: IdFactory,
) -> Draft:
    """Take it back for good, also out of the ledger as long as sending has not begun.

    The other half of a pair goes with it, unless it is on the network already (S61).
    """
    rules.require_human(actor)
    halves = {
        half: await _locked(uow, half) for half in await pairs.halves_of(uow.connection, draft_id)
    }
    draft = halves.pop(draft_id, None)
    if draft is None:
        raise NotFoundError("no such draft")
    rules.require_may_withdraw(draft, actor, roles=roles)
    rules.after(draft, Step.WITHDRAW)
    await _withdraw(uow, draft, reason=reason, actor=actor, ids=ids)
    for other in halves.values():
        if rules.is_open(other, Step.WITHDRAW):
            await _withdraw(uow, other, reason=reason, actor=actor, ids=ids)
    return await _read(uow, draft_id)


async def _withdraw(
    uow: UnitOfWork, draft: Draft, *, reason: str, actor: Person, ids: IdFactory
) -> None:
    await drafts.insert_withdrawal(uow.connection, draft, actor=actor, reason=reason)
    await end_review(uow, draft.draft_id, state=OfferState.VOID)
    withdrawn = facts.DraftWithdrawn(
        draft_id=draft.draft_id,
        case_id=draft.case_id,
        conversation_id=draft.conversation_id,
        revision=draft.latest.number,
        reason=reason,
        actor=actor_of(actor),
    )
    uow.publish(new_event(withdrawn, id=ids(), subject=draft.draft_id, time=uow.now))
    metrics.RESPONDER_DRAFTS_TOTAL.labels("withdrawn").inc()


async def _locked(uow: UnitOfWork, draft_id: UUID) -> Draft:
    draft = await drafts.lock_draft(uow.connection, draft_id)
    if draft is None:
        raise NotFoundError("no such draft")
    return draft


async def _read(uow: UnitOfWork, draft_id: UUID) -> Draft:
    draft = await drafts.get_draft(uow.connection, draft_id)
    assert draft is not None, "locked in this transaction"
    return draft
