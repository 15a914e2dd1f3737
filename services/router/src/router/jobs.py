"""What the router does by the clock: which timer rings for which use case, and the sweep."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from common.db.unit_of_work import UnitOfWorkFactory, is_transient
from common.observability.logging import get_logger
from common.timers.loop import TimerHandler
from router.domain.clocks import ANSWER, DEPARTMENT, FIRST_REACTION, FOLLOW_UP
from router.gateways.errors import NotTakenError
from router.handlers.answer_action import tell_overdue_actions
from router.handlers.ask_department import remind_departments
from router.handlers.claim_case import expire_claims
from router.handlers.move_case import CLAIM_TIMER, RETURN_TIMER
from router.handlers.offer_cases import OFFER_TIMER, offer_again
from router.handlers.replan_clocks import replan_clocks
from router.handlers.request_action import ACTION_TIMER
from router.handlers.return_cases import return_cases
from router.handlers.ring_clocks import breach_clocks, warn_clocks
from router.handlers.ring_follow_ups import ring_follow_ups
from router.handlers.sweep_cases import sweep_cases
from router.storage.configurations import Configurations

SWEEP_EVERY_S = 10.0
_log = get_logger()


def timers(configurations: Configurations) -> Mapping[str, TimerHandler]:
    """Kind of timer -> use case."""
    breach = partial(breach_clocks, configurations)
    return {
        f"{FIRST_REACTION}_warn": warn_clocks,
        f"{FIRST_REACTION}_breach": breach,
        f"{ANSWER}_warn": warn_clocks,
        f"{ANSWER}_breach": breach,
        f"{DEPARTMENT}_warn": partial(remind_departments, configurations),
        f"{DEPARTMENT}_breach": breach,
        f"{FOLLOW_UP}_warn": partial(ring_follow_ups, configurations),
        f"{FOLLOW_UP}_breach": breach,
        CLAIM_TIMER: expire_claims,
        RETURN_TIMER: partial(return_cases, configurations),
        OFFER_TIMER: partial(offer_again, configurations),
        ACTION_TIMER: tell_overdue_actions,
    }


class SweepLoop:
    """Looks for forgotten cases again and again, as long as the process lives (S7)."""

    def __init__(self, configurations: Configurations, units: UnitOfWorkFactory) -> None:
        self._configurations = configurations
        self._units = units

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; survives an outage of the database."""
        while not stop.is_set():
            try:
                while await replan_clocks(self._configurations, self._units):
                    continue
                await sweep_cases(self._configurations, self._units)
            except Exception as error:  # noqa: BLE001
                # What keeps the sweep from looking shows in the log; cases must not wait for it.
                _log.warning("sweep_failed", error=type(error).__name__)
            try:
                await asyncio.wait_for(stop.wait(), SWEEP_EVERY_S)
            except TimeoutError:
                continue


class RoundLoop:
    """Does rounds of work at a far side: again at once while there is some, then after a pause.

    Sits out a database or a far side that is away; anything else is our bug and ends the process.
    """

    def __init__(self, work: Callable[[], Awaitable[int]], *, name: str, pause_s: float) -> None:
        self._work = work
        self._name = name
        self._pause_s = pause_s

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; the round at hand is finished."""
        while not stop.is_set():
            done = 0
            try:
                done = await self._work()
            except NotTakenError as error:
                _log.warning("far_side_away", loop=self._name, code=error.code)
            except Exception as error:
                if not is_transient(error):
                    raise
                _log.warning("database_away", loop=self._name, error=type(error).__name__)
            if not done:
                try:
                    await asyncio.wait_for(stop.wait(), self._pause_s)
                except TimeoutError:
                    continue
