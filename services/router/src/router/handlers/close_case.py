"""Settle a case, close it, or close many: with a full account, and nothing left owed (S107).

`resolved` and `unsolvable` leave the customer time to disagree; after it the case closes by itself
with the account it has. Nothing of a closed case rings afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import DomainError
from common.ids import IdFactory
from common.observability import metrics
from router.domain.case_policy import CasePolicy
from router.domain.claims import Person, refuse_other_holder
from router.domain.closing import Closing, refuse_bulk, refuse_owed, settling_step
from router.domain.states import CaseState, CaseStep, after
from router.handlers import case_events
from router.handlers.claim_case import CaseCommand
from router.handlers.lock_case import lock_case, refuse_stale
from router.handlers.move_case import Move, move_cases, step
from router.handlers.owed import end_clocks, owed_by
from router.storage import case_accounts, cases
from router.storage.cases import LockedCase

__all__ = ["BulkResult", "close_all", "close_case", "close_many", "settle_case"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkResult:
    """What became of one case of many; `code` says why it was left as it is."""

    case_id: UUID
    is_closed: bool
    code: str | None = None
    detail: str | None = None


async def close_case(
    uow: UnitOfWork, command: CaseCommand, account: Closing, *, new_id: IdFactory
) -> None:
    """Bring the case to its final state.

    Raises NotFoundError, PreconditionFailedError, and ConflictError: it is closed already,
    somebody else holds it, or the outcome claims what is still owed.
    """
    case = await lock_case(uow, command.case_id, teams=command.teams)
    after(case.state, CaseStep.CLOSE)
    refuse_other_holder(case.claim, by=command.by, now=uow.now)
    refuse_stale(case, expected=command.expected_version)
    refuse_owed(account.outcome, (await owed_by(uow, [case]))[case.case_id])
    await close_all(uow, [case], account, by=command.by, occasion=new_id())


async def settle_case(
    policy: CasePolicy,
    uow: UnitOfWork,
    command: CaseCommand,
    account: Closing,
    *,
    new_id: IdFactory,
) -> None:
    """Say how it ended and let the customer disagree for a while: resolved, or unsolvable.

    Raises as `close_case` does, and InvalidInputError for an outcome that only closes.
    """
    settling = settling_step(account.outcome)
    case = await lock_case(uow, command.case_id, teams=command.teams)
    after(case.state, settling)
    refuse_other_holder(case.claim, by=command.by, now=uow.now)
    refuse_stale(case, expected=command.expected_version)
    refuse_owed(account.outcome, (await owed_by(uow, [case]))[case.case_id])
    move = step(
        case,
        settling,
        reason=account.cause,
        occasion=new_id(),
        actor=command.by,
        returns_at=uow.now + policy.close_settled_after,
    )
    await end_clocks(uow, [case.case_id], reason=account.cause, by=command.by)
    await case_accounts.account(
        uow.connection, [case.case_id], account, to=move.to, by=command.by, at=uow.now
    )
    await move_cases(uow, [move])


async def close_many(
    uow: UnitOfWork,
    case_ids: Collection[UUID],
    account: Closing,
    *,
    by: Person,
    teams: Collection[str] | None,
    new_id: IdFactory,
) -> list[BulkResult]:
    """Close those of the cases that are no matter for service and in nobody's work (S15).

    One account for all. A case that is closed already counts as closed, so that a repetition
    comes to the same; what cannot be closed is left, with the reason.
    """
    wanted = list(dict.fromkeys(case_ids))
    locked = await cases.lock(uow.connection, wanted, teams=teams)
    owed = await owed_by(uow, locked.values())
    results: dict[UUID, BulkResult] = {}
    closable: list[LockedCase] = []
    for case_id in wanted:
        case = locked.get(case_id)
        if case is None:
            results[case_id] = BulkResult(
                case_id=case_id, is_closed=False, code="not_found", detail="no such case"
            )
            continue
        try:
            if case.state is not CaseState.CLOSED:
                refuse_bulk(case.decision, case.state, is_in_crisis=case.crisis_id is not None)
                refuse_owed(account.outcome, owed[case_id])
                closable.append(case)
        except DomainError as refusal:
            results[case_id] = BulkResult(
                case_id=case_id, is_closed=False, code=refusal.code, detail=refusal.message
            )
        else:
            results[case_id] = BulkResult(case_id=case_id, is_closed=True)
    await close_all(uow, closable, account, by=by, occasion=new_id())
    return [results[case_id] for case_id in wanted]


async def close_all(
    uow: UnitOfWork,
    closing: Sequence[LockedCase],
    account: Closing,
    *,
    by: Person,
    occasion: UUID,
    closing_step: CaseStep = CaseStep.CLOSE,
) -> None:
    """Close locked cases with one account, whatever they owe: the caller has looked."""
    if not closing:
        return
    ids = [case.case_id for case in closing]
    moves = [
        step(case, closing_step, reason=account.cause, occasion=occasion, actor=by)
        for case in closing
    ]
    await end_clocks(uow, ids, reason=account.cause, by=by)
    await case_accounts.account(uow.connection, ids, account, to=moves[0].to, by=by, at=uow.now)
    await _finish(uow, moves)
    for move in moves:
        told = case_events.Teller(move.case, occasion=occasion, now=uow.now)
        uow.publish(told.closed(account, by=by))
    metrics.ROUTER_CASES_CLOSED_TOTAL.labels(account.outcome.value).inc(len(ids))


async def _finish(uow: UnitOfWork, moves: Sequence[Move]) -> None:
    """Timers and events of cases that are closed; nothing of them comes back by itself."""
    await move_cases(uow, [replace(m, to=replace(m.to, returns_at=None)) for m in moves])
