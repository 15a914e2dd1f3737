"""A clock's timer rings: warn, or note the breach, if the clock still awaits something (S48, S51).

A timer only says "look at this now". The case and its clock are locked and looked at again, so a
reply that came in between wins, and nothing is told twice. A breach of a clock that somebody must
answer for goes to the lead; whatever was breached, the case is looked at again soon (S7, S40).
"""

from __future__ import annotations

from collections.abc import Sequence

from common.db.unit_of_work import UnitOfWork
from common.timers.store import DueTimer
from router.domain.clock_ledger import EntryKind
from router.domain.clocks import FIRST_REACTION, FOLLOW_UP, may_breach, may_warn
from router.handlers.clock_steps import step, take_steps
from router.handlers.escalate_case import escalate_breached
from router.handlers.watch_cases import watch_cases
from router.storage import clocks
from router.storage.configurations import Configurations

WARNED = "A share of the time has passed."
BREACHED = "The time has passed."
LOOK_SOONER = "A clock ran out; somebody looks at the case."


async def warn_clocks(uow: UnitOfWork, timers: Sequence[DueTimer]) -> None:
    """Warn the teams of the clocks that come to their end, while there is time left."""
    locked = await clocks.lock(uow.connection, [timer.owner_id for timer in timers])
    await take_steps(
        uow,
        [
            step(case, EntryKind.WARN, at=uow.now, reason=WARNED)
            for case in locked.values()
            if may_warn(case.clock, now=uow.now)
        ],
    )


async def breach_clocks(
    configurations: Configurations, uow: UnitOfWork, timers: Sequence[DueTimer]
) -> None:
    """Note and tell the breach of the clocks that ran out with nothing sent."""
    locked = await clocks.lock(uow.connection, [timer.owner_id for timer in timers])
    due = [case for case in locked.values() if may_breach(case.clock, now=uow.now)]
    if not due:
        return
    await take_steps(
        uow, [step(case, EntryKind.BREACH, at=uow.now, reason=BREACHED) for case in due]
    )
    await _go_on(configurations, uow, {case.clock.kind for case in due}, due)


async def _go_on(
    configurations: Configurations,
    uow: UnitOfWork,
    kinds: set[str],
    due: Sequence[clocks.CaseClock],
) -> None:
    for kind in sorted(kinds - {FIRST_REACTION}):
        await escalate_breached(
            uow,
            {case.case_id for case in due if case.clock.kind == kind},
            clock=kind,
            # A follow-up that nobody handled was with the lead before: one level more.
            step_up=1 if kind == FOLLOW_UP else 0,
        )
    configuration = await configurations.in_force(uow.connection)
    await watch_cases(
        configuration,
        uow,
        {case.case_id for case in due},
        terms=configuration.clocks.look_sooner,
        reason=LOOK_SOONER,
    )
