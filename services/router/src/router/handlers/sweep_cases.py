"""The sweep: no open case is nobody's, and of each something will speak by itself (S7).

Continuous, on any number of replicas: the quick look costs as much as it finds; the deep look goes
through the cases slice by slice, one replica at a time, and trusts no summary. What is found is
counted, told to the log, and taken care of at once: policy plans a follow-up. The count must be 0.
"""

from __future__ import annotations

from collections.abc import Sequence

from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.observability import metrics
from common.observability.logging import get_logger
from common.timers import store as timers
from common.timers.store import NewTimer
from router.domain.clocks import KINDS
from router.domain.configuration import Configuration
from router.handlers.clock_steps import timers_of_running
from router.handlers.watch_cases import watch_cases
from router.storage import clocks, sweep
from router.storage.configurations import Configurations
from router.storage.sweep import (
    GRACE,
    NO_TIMER,
    NOTHING_PENDING,
    RANG_UNHEARD,
    Violation,
)

SLICE = 2000
MOST = 500
_WALK = "deep"
_FOUND = "Found by the sweep: nothing was pending for the case."
_log = get_logger()


async def sweep_cases(configurations: Configurations, units: UnitOfWorkFactory) -> int:
    """One round: a quick look, and one slice of the deep one; how many violations it found."""
    async with units.begin() as uow:
        found = list(await sweep.quick(uow.connection, now=uow.now, grace=GRACE, limit=MOST))
        configuration = await configurations.in_force(uow.connection)
        slice_ = await _next_slice(configuration, uow)
        known = {each.case_id for each in found}
        found += [each for each in slice_ if each.case_id not in known]
        await _take_care(configuration, uow, found)
        unanswered = await sweep.count_never_answered(uow.connection, now=uow.now)
    metrics.ROUTER_SWEEP_VIOLATIONS_CASES.set(len(found))
    metrics.ROUTER_NEVER_ANSWERED_CASES.set(unanswered)
    for each in found:
        metrics.ROUTER_SWEEP_REPAIRED_TOTAL.labels(each.problem).inc()
        _log.error("sweep_violation", case_id=str(each.case_id), problem=each.problem)
    return len(found)


async def _next_slice(configuration: Configuration, uow: UnitOfWork) -> Sequence[Violation]:
    taken = await sweep.take(uow.connection, _WALK, now=uow.now)
    if taken is None:
        return ()
    position, number = taken
    slice_ = await sweep.deep(
        uow.connection, after=position, teams=configuration.teams, now=uow.now, limit=SLICE
    )
    await sweep.move(
        uow.connection,
        _WALK,
        position=slice_.position,
        number=number + slice_.looked_at,
        now=uow.now,
    )
    return slice_.violations


async def _take_care(
    configuration: Configuration, uow: UnitOfWork, found: Sequence[Violation]
) -> None:
    """Arm timers that are missing or were lost, and plan a follow-up where nothing is pending.

    What is nobody's stays a violation until a lead gives it to a team; we would only guess one.
    """
    if not found:
        return
    lost = [each.case_id for each in found if each.problem in (NO_TIMER, RANG_UNHEARD)]
    locked = await clocks.lock_open(uow.connection, lost, KINDS)
    armed: list[NewTimer] = [timer for case in locked for timer in timers_of_running(case)]
    await timers.arm(uow.connection, armed)
    bare = [each.case_id for each in found if each.problem == NOTHING_PENDING]
    await watch_cases(
        configuration, uow, bare, terms=configuration.clocks.look_sooner, reason=_FOUND
    )
    await clocks.refresh_cases(uow.connection, [each.case_id for each in found])
