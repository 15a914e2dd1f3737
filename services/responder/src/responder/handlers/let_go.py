"""What happens to a draft that may leave: it is sent, it waits for its lead-in, or it is decided.

A private half never leaves before its public lead-in is on the network (S64): it waits in a table,
and `release_pairs` lets it follow.
"""

from __future__ import annotations

from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.events.envelope import new_event
from common.events.responder import NoReplyDecided
from common.events.vocabulary import NoReplyDisposition
from common.ids import IdFactory
from common.observability import metrics
from responder.domain.drafts import Draft
from responder.domain.no_reply import Decision
from responder.domain.persons import Person
from responder.domain.words import Audience, DraftState, Kind
from responder.handlers.actors import actor_of
from responder.storage import dispatches, drafts, pairs

_LET_GO = frozenset({DraftState.APPROVED, DraftState.CLEARED})
_BATCH = 50


async def let_go(uow: UnitOfWork, draft: Draft, *, approver: Person | None, ids: IdFactory) -> None:
    """The draft, locked, is approved or cleared in this transaction: do what follows from it."""
    if draft.latest.content.kind is Kind.NO_REPLY:
        assert approver is not None, "a no-reply is always read by a second person"
        _announce_no_reply(uow, draft, approver, ids=ids)
    elif await _must_wait(uow, draft):
        await pairs.wait_for_lead_in(uow.connection, draft.draft_id)
    else:
        await dispatches.insert_dispatch(uow.connection, ids(), draft)


async def release_pairs(units: UnitOfWorkFactory, *, ids: IdFactory) -> int:
    """Send the private halves whose lead-ins have left; returns how many."""
    async with units.read() as connection:
        ready = await pairs.ready_to_follow(connection, limit=_BATCH)
    released = 0
    for draft_id in ready:
        async with units.begin() as uow:
            draft = await drafts.lock_draft(uow.connection, draft_id)
            if draft is None or not await pairs.is_waiting(uow.connection, draft_id):
                continue
            await pairs.stop_waiting(uow.connection, draft_id)
            if draft.state in _LET_GO and draft.dispatch is None:
                await dispatches.insert_dispatch(uow.connection, ids(), draft)
                released += 1
    return released


async def _must_wait(uow: UnitOfWork, draft: Draft) -> bool:
    return draft.latest.content.visibility is Audience.PRIVATE and not await pairs.is_led_in(
        uow.connection, draft.draft_id
    )


def _announce_no_reply(uow: UnitOfWork, draft: Draft, approver: Person, *, ids: IdFactory) -> None:
    decision = Decision.of(draft.latest.content.details)
    fact = NoReplyDecided(
        draft_id=draft.draft_id,
        case_id=draft.case_id,
        conversation_id=draft.conversation_id,
        disposition=NoReplyDisposition(decision.disposition.value),
        reason=draft.latest.content.text,
        authors=tuple(actor_of(author) for author in draft.authors),
        approver=actor_of(approver),
        decided_at=uow.now,
    )
    uow.publish(new_event(fact, id=ids(), subject=draft.draft_id, time=uow.now))
    metrics.RESPONDER_DRAFTS_TOTAL.labels("no_reply").inc()
