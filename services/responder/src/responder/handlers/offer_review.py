"""Ask somebody to read, by rota, and ask the next one when the time runs out (S57).

The offer and its timer are written with the submission; a process that dies loses neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError, ForbiddenError, NotFoundError
from common.events import responder as facts
from common.events.envelope import new_event
from common.ids import IdFactory
from common.observability import metrics
from common.timers.loop import TimerHandler
from common.timers.store import DueTimer, NewTimer, arm, cancel
from responder.domain import drafts as rules
from responder.domain import reviews
from responder.domain.colleagues import Reading, candidates
from responder.domain.crises import approvers_in
from responder.domain.drafts import Draft
from responder.domain.persons import Person
from responder.domain.reviews import Offer, OfferState
from responder.domain.rota import take_turn
from responder.domain.words import DraftState
from responder.handlers.actors import actor_of
from responder.handlers.reader_standing import standing_of
from responder.storage import cases, drafts, people
from responder.storage import reviews as stored
from responder.storage.cases import CaseContext

REVIEW_TIMER = "review"


async def offer_review(
    uow: UnitOfWork, draft: Draft, *, ids: IdFactory, budget: timedelta, round_number: int = 1
) -> Offer:
    """Offer a draft that is submitted and locked to whose turn it is, or openly to everybody."""
    case = await _case_of(uow, draft)
    offer = Offer(
        offer_id=ids(),
        draft_id=draft.draft_id,
        revision=draft.latest.number,
        round=round_number,
        reviewer=await _whose_turn(uow, draft, case),
        state=OfferState.OFFERED,
        offered_at=uow.now,
        expires_at=uow.now + budget,
    )
    await stored.insert_offer(uow.connection, offer)
    await _arm(uow, draft, offer)
    fact = facts.ReviewOffered(
        draft_id=draft.draft_id,
        case_id=draft.case_id,
        conversation_id=draft.conversation_id,
        revision=offer.revision,
        round=offer.round,
        team=case.team,
        reviewer=actor_of(offer.reviewer) if offer.reviewer else None,
        authors=tuple(actor_of(author) for author in draft.authors),
        expires_at=offer.expires_at,
    )
    uow.publish(new_event(fact, id=ids(), subject=draft.draft_id, time=uow.now))
    metrics.RESPONDER_REVIEWS_TOTAL.labels("offered").inc()
    return offer


async def end_review(uow: UnitOfWork, draft_id: UUID, *, state: OfferState) -> None:
    """Nobody needs to read it any more: decided, or its text has changed."""
    await stored.end_offer(uow.connection, draft_id, state=state)
    await cancel(uow.connection, [draft_id], [REVIEW_TIMER])


async def claim_review(
    uow: UnitOfWork, draft_id: UUID, *, reader: Person, ids: IdFactory, budget: timedelta
) -> Offer:
    """Hold the review for as long as a review may take; asked again, the same hold.

    Raises NotFoundError, ConflictError `not_submitted` or `review_claimed`, ForbiddenError
    `own_text`, `not_certified` or `not_named`.
    """
    rules.require_human(reader)
    draft = await drafts.lock_draft(uow.connection, draft_id)
    if draft is None:
        raise NotFoundError("no such draft")
    if draft.is_written_by(reader):
        raise ForbiddenError("nobody reviews their own text", code="own_text")
    if draft.state is not DraftState.SUBMITTED:
        raise ConflictError(f"the draft is {draft.state}, not submitted", code="not_submitted")
    standing = await standing_of(uow, draft, reader)
    refusal = rules.refuse_reader(reader, replace(standing, needs_lead=False, held_until=None))
    if refusal is not None:
        raise rules.refusal_error(refusal, draft, standing)
    offer = await stored.alive_offer(uow.connection, draft_id)
    if offer is None:  # handed in before reviews were offered
        offer = await offer_review(uow, draft, ids=ids, budget=budget)
    reviews.require_claimable(offer, reader, at=uow.now)
    if offer.holder(uow.now) is not None:
        return offer
    claimed = replace(offer, reviewer=reader, state=OfferState.CLAIMED, expires_at=uow.now + budget)
    await stored.claim_offer(uow.connection, claimed, reader)
    await _arm(uow, draft, claimed)
    case = await _case_of(uow, draft)
    fact = facts.ReviewClaimed(
        draft_id=draft.draft_id,
        case_id=draft.case_id,
        conversation_id=draft.conversation_id,
        revision=offer.revision,
        team=case.team,
        actor=actor_of(reader),
        claimed_until=claimed.expires_at,
    )
    uow.publish(new_event(fact, id=ids(), subject=draft_id, time=uow.now))
    metrics.RESPONDER_REVIEWS_TOTAL.labels("claimed").inc()
    return claimed


def expire_reviews(*, ids: IdFactory, budget: timedelta) -> TimerHandler:
    """The handler of `REVIEW_TIMER`: tell the authors and ask the next one."""

    async def ring(uow: UnitOfWork, timers: Sequence[DueTimer]) -> None:
        for timer in sorted(timers, key=lambda each: each.owner_id):
            await _expire(uow, timer.owner_id, ids=ids, budget=budget)

    return ring


async def _expire(uow: UnitOfWork, draft_id: UUID, *, ids: IdFactory, budget: timedelta) -> None:
    draft = await drafts.lock_draft(uow.connection, draft_id)
    offer = await stored.alive_offer(uow.connection, draft_id)
    if draft is None or offer is None or offer.expires_at > uow.now:
        return
    if draft.state is not DraftState.SUBMITTED or draft.latest.number != offer.revision:
        await stored.end_offer(uow.connection, draft_id, state=OfferState.VOID)
        return
    await stored.end_offer(uow.connection, draft_id, state=OfferState.EXPIRED)
    case = await _case_of(uow, draft)
    fact = facts.ReviewExpired(
        draft_id=draft.draft_id,
        case_id=draft.case_id,
        conversation_id=draft.conversation_id,
        revision=offer.revision,
        round=offer.round,
        team=case.team,
        reviewer=actor_of(offer.reviewer) if offer.reviewer else None,
        authors=tuple(actor_of(author) for author in draft.authors),
        expired_at=uow.now,
    )
    uow.publish(new_event(fact, id=ids(), subject=draft_id, time=uow.now))
    metrics.RESPONDER_REVIEWS_TOTAL.labels("expired").inc()
    await offer_review(uow, draft, ids=ids, budget=budget, round_number=offer.round + 1)


async def _whose_turn(uow: UnitOfWork, draft: Draft, case: CaseContext) -> Person | None:
    crises = await people.crises_on(uow.connection)
    reading = Reading(
        team=case.team,
        audience=draft.latest.content.visibility,
        authors=frozenset(author.id for author in draft.authors),
        approvers=approvers_in(crises, case.topics),
        already_asked=await stored.asked_so_far(
            uow.connection, draft.draft_id, draft.latest.number
        ),
    )
    able = candidates(await people.all_people(uow.connection), reading, at=uow.now)
    if not able:
        return None
    state = await stored.lock_rota(uow.connection, case.team)
    chosen, state = take_turn(able, state)
    await stored.save_rota(uow.connection, case.team, state)
    return chosen.person


async def _arm(uow: UnitOfWork, draft: Draft, offer: Offer) -> None:
    timer = NewTimer(
        owner_id=draft.draft_id,
        conversation_id=draft.conversation_id,
        kind=REVIEW_TIMER,
        due_at=offer.expires_at,
    )
    await arm(uow.connection, [timer])


async def _case_of(uow: UnitOfWork, draft: Draft) -> CaseContext:
    case = await cases.get_case(uow.connection, draft.case_id)
    assert case is not None, "a draft belongs to a case"
    return case
