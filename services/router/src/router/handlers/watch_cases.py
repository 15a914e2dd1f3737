"""Leave no case of which nothing would ever speak again: policy plans a follow-up (S7).

Called at the end of every use case that may take the last running clock from a case. A clock that
stands still or was breached does not speak any more, so neither is a reason to forget a case.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.ids import derived_id
from router.domain.clock_ledger import EntryKind
from router.domain.clocks import FOLLOW_UP, ClockTerms
from router.domain.configuration import Configuration
from router.domain.follow_ups import FollowUp, Source
from router.handlers.clock_steps import step, take_steps
from router.handlers.plan_follow_up import Planned, plan
from router.storage import clocks, follow_ups, sweep
from router.storage.configurations import Configurations
from router.storage.sweep import UnwatchedCase

LOOK_AGAIN = "Nothing else is planned; somebody looks whether all is well."
LOOKED_AFTER_AGAIN = "Nobody looked; policy looks again."


async def watch_cases(
    configuration: Configuration,
    uow: UnitOfWork,
    case_ids: Collection[UUID],
    *,
    terms: ClockTerms,
    reason: str,
) -> int:
    """Plan a follow-up by policy for those of the cases that need one; how many did.

    `terms` say when: `look_again` usually, `look_sooner` after a breach.
    """
    bare = await sweep.unwatched(uow.connection, case_ids)
    if not bare:
        return 0
    await _give_up_old_ones(uow, bare)
    await plan(configuration, uow, by_policy(bare, terms=terms, reason=reason, now=uow.now))
    return len(bare)


def by_policy(
    cases: Sequence[UnwatchedCase], *, terms: ClockTerms, reason: str, now: datetime
) -> list[Planned]:
    """The follow-ups that policy plans for cases of which nothing speaks, in their order."""
    if not cases:
        return []
    date, moment = terms.due_at(now), now.isoformat()
    return [
        Planned(
            follow_up=FollowUp(
                follow_up_id=derived_id("router", "watch", case.case_id, moment),
                case_id=case.case_id,
                source=Source.POLICY,
                reason=reason,
                owner=case.owner,
                due_at=date,
            ),
            conversation_id=case.conversation_id,
            team=case.team,
        )
        for case in cases
    ]


async def keep_watching(
    configurations: Configurations, uow: UnitOfWork, case_ids: Collection[UUID]
) -> None:
    """The usual follow-up by policy, for a use case that knows no configuration itself."""
    configuration = await configurations.in_force(uow.connection)
    await watch_cases(
        configuration,
        uow,
        case_ids,
        terms=configuration.clocks.look_again,
        reason=LOOK_AGAIN,
    )


async def _give_up_old_ones(uow: UnitOfWork, cases: Sequence[UnwatchedCase]) -> None:
    """A follow-up by policy that ran out without a result makes room for the next one."""
    old = [
        each.follow_up_id
        for each in await follow_ups.open_follow_ups(
            uow.connection, [case.case_id for case in cases]
        )
        if each.source == Source.POLICY.value
    ]
    if not old:
        return
    await follow_ups.cancel(uow.connection, old, reason=LOOKED_AFTER_AGAIN, now=uow.now)
    locked = await clocks.lock(uow.connection, old)
    await take_steps(
        uow,
        [
            step(case, EntryKind.WAIVE, at=uow.now, reason=LOOKED_AFTER_AGAIN)
            for case in locked.values()
            if case.clock.awaits_reaction and case.clock.kind == FOLLOW_UP
        ],
    )
