"""The one way in which a case changes its state: by a step of the table, with its events.

Whatever takes a step (a person's command, a reply that was sent, a department's answer, a timer)
makes a `Move` and hands it over here: row, timers and events then agree. Cases are locked already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.events.envelope import Event
from common.observability import metrics
from common.timers import store as timers
from common.timers.store import NewTimer
from router.domain.claims import Person
from router.domain.states import ACCOUNTED, CaseState, CaseStep
from router.domain.steps import Standing, take
from router.handlers import case_events
from router.handlers.offer_cases import OFFER_TIMER
from router.storage import cases, duty_offers
from router.storage.cases import LockedCase

CLAIM_TIMER = "claim_expiry"
RETURN_TIMER = "case_return"
_NEW_HANDS = frozenset({CaseStep.HAND_OVER, CaseStep.ASSIGN})
_GIVEN_BACK = frozenset({CaseStep.RELEASE, CaseStep.EXPIRE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A step that a locked case takes; `to` is where it stands afterwards.

    `occasion` is the id of what caused it: the event or timer, or a fresh id for a person's
    command. The ids of the events derive from it, so that a repetition tells the same.
    `release` says why a claim ended where the step's own word does not.
    """

    case: LockedCase
    step: CaseStep
    to: Standing
    reason: str
    occasion: UUID
    actor: Person | None = None
    release: str | None = None


def step(
    case: LockedCase,
    step: CaseStep,
    *,
    reason: str,
    occasion: UUID,
    actor: Person | None = None,
    returns_at: datetime | None = None,
) -> Move:
    """The move by the table; ConflictError where a case in this state does not allow it."""
    to = take(case.standing, step, returns_at=returns_at)
    return Move(case=case, step=step, to=to, reason=reason, occasion=occasion, actor=actor)


async def move_cases(
    uow: UnitOfWork, moves: Sequence[Move], *, cause: Event[Any] | None = None
) -> None:
    """Store the moves, set the timers, publish the events. Each case at most once per call.

    Steps into a state that needs an account (resolved, unsolvable, closed) are stored by whoever
    has the account; here they get their timers and events.
    """
    if not moves:
        return
    plain = {move.case.case_id: move.to for move in moves if not _is_accounted(move)}
    await cases.move(uow.connection, plain)
    await _set_timers(uow, moves)
    await _end_offers(uow, moves)
    for move in moves:
        _publish(uow, move, cause)


def _is_accounted(move: Move) -> bool:
    return move.to.state in ACCOUNTED or move.case.state in ACCOUNTED


async def _set_timers(uow: UnitOfWork, moves: Sequence[Move]) -> None:
    unclaimed = [m.case.case_id for m in moves if m.case.claim is not None and m.to.claim is None]
    awake = [
        m.case.case_id
        for m in moves
        if m.case.standing.returns_at is not None and m.to.returns_at is None
    ]
    await timers.cancel(uow.connection, unclaimed, [CLAIM_TIMER])
    await timers.cancel(uow.connection, awake, [RETURN_TIMER])
    armed = [
        _timer(m, RETURN_TIMER, max(m.to.returns_at, uow.now))
        for m in moves
        # A wait that was interrupted by a claim goes on where it stood.
        if m.to.returns_at is not None
        and m.to.claim is None
        and (m.to.returns_at != m.case.standing.returns_at or m.case.claim is not None)
    ]
    armed += [
        _timer(m, CLAIM_TIMER, m.to.claim.until)
        for m in moves
        if m.to.claim is not None and m.to.claim != m.case.claim
    ]
    await timers.arm(uow.connection, armed)


async def _end_offers(uow: UnitOfWork, moves: Sequence[Move]) -> None:
    """An offer to a person on duty ends when the case is no longer free; given back, it goes on."""
    free = [m for m in moves if m.case.state is CaseState.OPEN]
    taken = [m.case.case_id for m in free if m.to.state is CaseState.CLAIMED]
    gone = [
        m.case.case_id
        for m in free
        if m.step in _NEW_HANDS or m.to.state not in (CaseState.OPEN, CaseState.CLAIMED)
    ]
    await duty_offers.end(uow.connection, taken, ending=duty_offers.TAKEN, now=uow.now)
    await duty_offers.end(uow.connection, gone, ending=duty_offers.WITHDRAWN, now=uow.now)
    await timers.cancel(uow.connection, [*taken, *gone], [OFFER_TIMER])
    metrics.ROUTER_DUTY_OFFERS_TOTAL.labels(duty_offers.TAKEN).inc(len(taken))
    returned = [m for m in moves if m.step in _GIVEN_BACK and m.to.state is CaseState.OPEN]
    await timers.arm(uow.connection, [_timer(m, OFFER_TIMER, uow.now) for m in returned])


def _timer(move: Move, kind: str, due_at: datetime) -> NewTimer:
    return NewTimer(
        owner_id=move.case.case_id,
        conversation_id=move.case.conversation_id,
        kind=kind,
        due_at=due_at,
    )


def _publish(uow: UnitOfWork, move: Move, cause: Event[Any] | None) -> None:
    before, after = move.case.standing, move.to
    told = case_events.Teller(move.case, occasion=move.occasion, now=uow.now, cause=cause)
    if before.claim is not None and after.claim is None:
        uow.publish(told.released(before.claim, reason=move.release or move.step.value))
        metrics.ROUTER_CLAIMS_TOTAL.labels(move.release or "ended").inc()
    if before.state is not after.state:
        uow.publish(told.state_changed(after, move.step, reason=move.reason, actor=move.actor))
        metrics.ROUTER_CASE_STEPS_TOTAL.labels(move.step.value).inc()
    if before.owner != after.owner:
        uow.publish(told.owner_changed(after.owner, reason=move.reason, actor=move.actor))
