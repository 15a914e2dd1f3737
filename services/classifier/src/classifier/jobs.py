"""What the classifier does by the clock: look for crises, measure drift, forget what is old.

Every replica does all of it; the database keeps two from doing a thing twice. An outage of the
database is sat out; anything else that fails is our bug and ends the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from classifier.handlers.measure_drift import measure_drift, show
from classifier.handlers.watch_crises import CrisisWatch, merge_counts
from classifier.storage import corrections, recent
from common.db.unit_of_work import UnitOfWorkFactory, is_transient
from common.observability.logging import get_logger

_log = get_logger()
_SWEEP_AT_ONCE = 5_000


class Every:
    """Does something again and again, `pause` apart; `run(stop)` is its loop."""

    def __init__(self, name: str, pause: timedelta, do: Callable[[], Awaitable[None]]) -> None:
        self._name = name
        self._pause_s = pause.total_seconds()
        self._do = do

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. Raises what is no outage of the database."""
        while not stop.is_set():
            try:
                await self._do()
            except Exception as error:
                if not is_transient(error):
                    raise
                _log.warning("job_put_off", name=self._name, error=error)
            try:
                await asyncio.wait_for(stop.wait(), self._pause_s)
            except TimeoutError:
                continue


def watching(units: UnitOfWorkFactory, watch: CrisisWatch) -> Callable[[], Awaitable[None]]:
    """Propose crises."""

    async def do() -> None:
        async with units.begin() as uow:
            proposed = await watch(uow)
        for rise in proposed:
            _log.warning("crisis_proposed", signal=rise.signal, observed=rise.observed)

    return do


def measuring(units: UnitOfWorkFactory) -> Callable[[], Awaitable[None]]:
    """Set the drift gauges."""

    async def do() -> None:
        show((await measure_drift(units)).recent)

    return do


def sweeping(
    units: UnitOfWorkFactory,
    *,
    mentions: timedelta,
    most_mentions: int,
    corrected: timedelta,
) -> Callable[[], Awaitable[None]]:
    """Forget what is too old or too many, a few thousand rows per transaction."""

    async def do() -> None:
        async with units.begin() as uow:
            await merge_counts(uow)
            await corrections.sweep(uow.connection, before=uow.now - corrected)
        swept = _SWEEP_AT_ONCE
        while swept == _SWEEP_AT_ONCE:
            async with units.begin() as uow:
                swept = await recent.sweep(
                    uow.connection,
                    before=uow.now - mentions,
                    most_rows=most_mentions,
                    at_once=_SWEEP_AT_ONCE,
                )

    return do
