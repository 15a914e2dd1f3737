"""A case moves on by itself: an offer stayed unanswered, an observation ends, a settled one closes.

The timer only says "look at this now"; the case is locked and looked at again, so a customer who
wrote in between wins.
"""

from __future__ import annotations

from collections.abc import Sequence

from common.db.unit_of_work import UnitOfWork
from common.observability import metrics
from common.timers.store import DueTimer
from router.domain.case_policy import CasePolicy
from router.domain.offers import step_after_silence
from router.domain.states import SETTLED, CaseState, CaseStep
from router.handlers import case_events
from router.handlers.move_case import Move, move_cases, step
from router.storage import case_accounts, cases
from router.storage.cases import LockedCase
from router.storage.configurations import Configurations

_REMINDER = "The customer has not answered; a reminder is due."
_OBSERVED = "Our offers stay unanswered; the case is only observed (S96)."
_OBSERVATION_ENDED = "The observation has ended; close it, or go on."
_SETTLED = "Nobody disagreed with how it ended."


async def return_cases(
    configurations: Configurations, uow: UnitOfWork, due: Sequence[DueTimer]
) -> None:
    """Take the step that each of these cases has waited for, if it still waits."""
    policy = (await configurations.in_force(uow.connection)).cases
    locked = await cases.lock(uow.connection, [timer.owner_id for timer in due])
    moves: list[Move] = []
    closing: list[Move] = []
    for timer in due:
        case = locked.get(timer.owner_id)
        if case is None or not _is_due(case, uow):
            continue
        move = _move(policy, uow, case, timer)
        (closing if move.step is CaseStep.CLOSE else moves).append(move)
    await move_cases(uow, moves)
    await _close(uow, closing)


def _is_due(case: LockedCase, uow: UnitOfWork) -> bool:
    """Not one that a person works on, nor one that waits longer by now."""
    returns_at = case.standing.returns_at
    return case.claim is None and returns_at is not None and returns_at <= uow.now


def _move(policy: CasePolicy, uow: UnitOfWork, case: LockedCase, timer: DueTimer) -> Move:
    occasion = timer.occurrence_id
    if case.state in SETTLED:
        return step(case, CaseStep.CLOSE, reason=_SETTLED, occasion=occasion)
    if case.state is CaseState.OBSERVING:
        return step(case, CaseStep.OBSERVATION_ENDED, reason=_OBSERVATION_ENDED, occasion=occasion)
    wanted = step_after_silence(policy, offers_unanswered=case.standing.offers_unanswered)
    if wanted is CaseStep.OBSERVE:
        until = uow.now + policy.observe_for
        return step(case, wanted, reason=_OBSERVED, occasion=occasion, returns_at=until)
    return step(case, wanted, reason=_REMINDER, occasion=occasion)


async def _close(uow: UnitOfWork, closing: Sequence[Move]) -> None:
    accounts = await case_accounts.close_settled(
        uow.connection, [move.case.case_id for move in closing], at=uow.now
    )
    await move_cases(uow, closing)
    for move in closing:
        account = accounts[move.case.case_id]
        told = case_events.Teller(move.case, occasion=move.occasion, now=uow.now)
        uow.publish(told.closed(account, by=account.by))
        metrics.ROUTER_CASES_CLOSED_TOTAL.labels(account.outcome).inc()
