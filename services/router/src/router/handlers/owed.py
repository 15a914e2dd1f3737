"""What a case still owes, counted under its lock; and the end of its clocks when it is done with.

The check list itself is domain/closing.py; each line of it is counted by the room it belongs to.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from router.domain.claims import Person
from router.domain.clock_ledger import EntryKind
from router.domain.clocks import FIRST_REACTION, FOLLOW_UP, KINDS
from router.domain.closing import Owed
from router.handlers import clock_steps
from router.handlers.settle_follow_up import cancel_follow_ups
from router.storage import clocks, department_queries, follow_ups, issues
from router.storage.cases import LockedCase


async def owed_by(uow: UnitOfWork, cases: Collection[LockedCase]) -> dict[UUID, Owed]:
    """What each of these locked cases owes."""
    ids = [case.case_id for case in cases]
    awaited = await awaited_first_reactions(uow, ids)
    promised = await follow_ups.without_result(uow.connection, ids)
    unanswered = await department_queries.open_of_cases(uow.connection, ids)
    open_issues = await issues.open_of_cases(uow.connection, ids)
    return {
        case.case_id: Owed(
            first_reaction=case.case_id in awaited,
            open_issues=open_issues.get(case.case_id, 0),
            open_queries=unanswered.get(case.case_id, 0),
            follow_ups_without_result=promised.get(case.case_id, 0),
            was_outcome_sent=case.outcome_sent_at is not None,
            offers_unanswered=case.standing.offers_unanswered,
        )
        for case in cases
    }


async def awaited_first_reactions(
    uow: UnitOfWork, case_ids: Collection[UUID]
) -> dict[UUID, datetime]:
    """Those of the cases whose first reaction is awaited, with its deadline."""
    open_clocks = await clocks.lock_open(uow.connection, case_ids, [FIRST_REACTION])
    return {
        each.case_id: each.clock.due_at or each.clock.since
        for each in open_clocks
        if each.clock.awaits_reaction
    }


async def end_clocks(
    uow: UnitOfWork,
    case_ids: Sequence[UUID],
    *,
    reason: str,
    by: Person | None,
    kinds: Collection[str] = KINDS,
) -> None:
    """Nothing of these cases is owed any more: waive what still runs; a breach stays one."""
    if FOLLOW_UP in kinds:
        await cancel_follow_ups(uow, case_ids, reason=reason, by=by)
    pending = await clocks.lock_open(uow.connection, case_ids, kinds)
    await clock_steps.take_steps(
        uow,
        [
            clock_steps.step(each, EntryKind.WAIVE, at=uow.now, reason=reason, by=by)
            for each in pending
        ],
    )
