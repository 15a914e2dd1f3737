"""A first-reaction timer rings: warn, or note the breach, if the clock still awaits a reaction.

A timer only says "look at this now". The case and its clock are locked and looked at again, so a
reply that came in between wins, and nothing is told twice (S48).
"""

from __future__ import annotations

from collections.abc import Sequence

from common.db.unit_of_work import UnitOfWork
from common.observability import metrics
from common.timers.store import DueTimer
from router.domain.clocks import FIRST_REACTION, may_breach, may_warn
from router.handlers import case_events
from router.storage import clocks


async def warn_of_first_reaction(uow: UnitOfWork, timers: Sequence[DueTimer]) -> None:
    """Warn the teams of the cases whose clock comes to its end, while there is time left."""
    locked = await clocks.lock_first_reactions(uow.connection, [timer.owner_id for timer in timers])
    due = [case for case in locked.values() if may_warn(case.clock, now=uow.now)]
    if not due:
        return
    await clocks.warn(uow.connection, [case.case_id for case in due], now=uow.now)
    uow.publish(*(case_events.warned(case, now=uow.now) for case in due))
    metrics.ROUTER_CLOCKS_WARNED_TOTAL.labels(FIRST_REACTION).inc(len(due))


async def breach_first_reaction(uow: UnitOfWork, timers: Sequence[DueTimer]) -> None:
    """Note and tell the breach of the clocks that ran out with nothing sent."""
    locked = await clocks.lock_first_reactions(uow.connection, [timer.owner_id for timer in timers])
    due = [case for case in locked.values() if may_breach(case.clock, now=uow.now)]
    if not due:
        return
    await clocks.breach(uow.connection, [case.case_id for case in due], now=uow.now)
    uow.publish(*(case_events.breached(case, now=uow.now) for case in due))
    metrics.ROUTER_CLOCKS_BREACHED_TOTAL.labels(FIRST_REACTION).inc(len(due))
