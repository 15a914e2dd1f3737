"""The loop that fires timers: any number of them side by side, in one process or in many.

Claiming a timer and everything its handler does are one transaction: killed anywhere, a timer has
either fired with its effect or not at all. A batch whose handler fails is taken again one timer at
a time; the guilty ones are put off with growing delays and stay visible, the others fire.

Locks are taken timer first, case second, while a command that arms a timer holds the case already.
That circle is broken here: the loop waits for a lock only briefly, gives up and comes again.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from time import monotonic

from sqlalchemy import text

from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory, is_transient
from common.observability import metrics
from common.observability.logging import get_logger
from common.timers.claims import COUNTED_UP_TO, SLOTS, Claimed, Claims
from common.timers.store import DueTimer

TimerHandler = Callable[[UnitOfWork, Sequence[DueTimer]], Awaitable[None]]
"""Locks its rows (in one order), looks again whether there is anything to do, writes, publishes.

It gets the due timers of its kind, oldest first, in the transaction that marks them as fired.
"""

BATCH = 200
BATCH_BEHIND = 1000
"""After a full batch: fewer transactions for the same timers, as long as we are behind."""
LONGEST_SLEEP = timedelta(milliseconds=500)
_SHORTEST_SLEEP = timedelta(milliseconds=10)
_NO_SLOT_SLEEP_S = 0.1
_LOCK_PATIENCE = "250ms"
_SHORTEST_POSTPONEMENT = timedelta(seconds=1)
_LONGEST_POSTPONEMENT = timedelta(minutes=5)
_LONGEST_BACK_OFF_S = 5.0
_COUNT_EVERY_S = 5.0

_log = get_logger()


class TimerLoop:
    """Fires the timers of the kinds in `handlers`. `wake` cuts the sleep short after arming."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        handlers: Mapping[str, TimerHandler],
        wake: asyncio.Event | None = None,
    ) -> None:
        self._units = units
        self._handlers = dict(handlers)
        self._wake = wake or asyncio.Event()
        self._claims = Claims(handlers, units.offset)
        self._counted_at = float("-inf")
        self._batch = BATCH
        self._first_slot = random.randrange(SLOTS)  # noqa: S311

    async def run(self, stop: asyncio.Event) -> None:
        """Fire until `stop` is set; then the batch at hand is finished. Survives an outage."""
        failures = 0
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                try:
                    pause = await self.fire_due()
                    await self._count()
                    failures = 0
                except Exception as error:  # noqa: BLE001
                    # The loop must outlive everything but cancellation: a dead timer loop is a
                    # clock that never warns. What keeps failing shows in the metric and the log.
                    failures += 1
                    pause = _back_off(failures)
                    metrics.TIMERS_FAILURES_TOTAL.labels(_kind_of(error)).inc()
                    _log.warning("timer_round_failed", error=_kind_of(error), attempt=failures)
                if pause > timedelta(0):
                    await self._sleep(pause, stopping)
        finally:
            stopping.cancel()

    async def fire_due(self) -> timedelta:
        """One round: fire what is due now. How long to sleep before the next one.

        Raises what the database raises when it is away; a handler's error is dealt with here.
        """
        claimed: Sequence[Claimed] = ()
        pause = timedelta(0)
        try:
            async with self._units.begin() as uow:
                if not await self._claims.take_slot(
                    uow.connection, patience=_LOCK_PATIENCE, first=self._first_slot
                ):
                    return _others_fire()
                claimed = await self._claims.claim(uow.connection, self._batch)
                await self._handle(uow, [each.timer for each in claimed])
                if len(claimed) < self._batch:
                    pause = _until(await self._claims.next_due_in(uow.connection))
            self._batch = BATCH if pause else BATCH_BEHIND
        except Exception as error:
            if not claimed:
                raise
            self._batch = BATCH
            _log.info("timer_batch_split", error=_kind_of(error), timers=len(claimed))
            return await self._fire_one_by_one(claimed)
        _observe(claimed)
        return pause

    async def _fire_one_by_one(self, batch: Sequence[Claimed]) -> timedelta:
        """Each in its own transaction. An outage ends the round, a busy row waits for the next."""
        pause = timedelta(0)
        for each in batch:
            try:
                async with self._units.begin() as uow:
                    await _give_way(uow)
                    fired = await self._claims.claim_one(uow.connection, each.timer.id)
                    await self._handle(uow, [one.timer for one in fired])
            except Exception as error:
                if _is_lock_timeout(error):
                    pause = LONGEST_SLEEP / 10  # longer than a usual transaction
                elif is_transient(error):
                    raise
                else:
                    await self._postpone(each.timer, error)
            else:
                _observe(fired)
        return pause

    async def _handle(self, uow: UnitOfWork, timers: Sequence[DueTimer]) -> None:
        by_kind: dict[str, list[DueTimer]] = defaultdict(list)
        for timer in timers:
            by_kind[timer.kind].append(timer)
        for kind, group in by_kind.items():
            await self._handlers[kind](uow, group)

    async def _postpone(self, timer: DueTimer, error: Exception) -> None:
        delay = min(_SHORTEST_POSTPONEMENT * 2 ** min(timer.attempts, 20), _LONGEST_POSTPONEMENT)
        async with self._units.begin() as uow:
            await self._claims.postpone(uow.connection, timer, delay)
        metrics.TIMERS_POSTPONED_TOTAL.labels(timer.kind, _kind_of(error)).inc()
        _log.error(
            "timer_postponed",
            kind=timer.kind,
            owner_id=str(timer.owner_id),
            attempt=timer.attempts + 1,
            delay_s=delay.total_seconds(),
            error=_kind_of(error),
            exc_info=error,
        )

    async def _sleep(self, pause: timedelta, stopping: asyncio.Task[bool]) -> None:
        waking = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait(
                (waking, stopping),
                timeout=pause.total_seconds(),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            waking.cancel()
        self._wake.clear()

    async def _count(self) -> None:
        if monotonic() - self._counted_at < _COUNT_EVERY_S:
            return
        self._counted_at = monotonic()
        async with self._units.read() as connection:
            backlog = await self._claims.backlog(connection)
        metrics.TIMERS_PENDING_ROWS.set(min(backlog.pending, COUNTED_UP_TO))
        metrics.TIMERS_FAILING_ROWS.set(backlog.failing)
        metrics.TIMERS_OLDEST_OVERDUE_SECONDS.set(backlog.oldest_overdue.total_seconds())


async def _give_way(uow: UnitOfWork) -> None:
    """Of a firing loop and a command that wait for each other, the loop is the one to give up."""
    await uow.connection.execute(text(f"set local lock_timeout = '{_LOCK_PATIENCE}'"))


def _until(due_in: timedelta | None) -> timedelta:
    """How long to sleep. Several loops should not knock at the same moment."""
    longest = LONGEST_SLEEP * random.uniform(0.9, 1.0)  # noqa: S311
    # Due already, and not ours: another loop or a command holds it. Not again at once.
    return longest if due_in is None else min(max(due_in, _SHORTEST_SLEEP), longest)


def _others_fire() -> timedelta:
    """Enough others fire at this moment; should they be killed, we are here soon."""
    return timedelta(seconds=_NO_SLOT_SLEEP_S * random.uniform(0.5, 1.0))  # noqa: S311


def _observe(fired: Sequence[Claimed]) -> None:
    """After the commit only: what was rolled back did not fire."""
    for kind, number in Counter(each.timer.kind for each in fired).items():
        metrics.TIMERS_FIRED_TOTAL.labels(kind).inc(number)
        lateness = metrics.TIMERS_LATENESS_SECONDS.labels(kind)
        for each in fired:
            if each.timer.kind == kind:
                lateness.observe(each.late.total_seconds())


def _back_off(failures: int) -> timedelta:
    ceiling = min(_LONGEST_BACK_OFF_S, 0.1 * 2.0 ** min(failures, 10))
    return timedelta(seconds=random.uniform(ceiling / 2, ceiling))  # noqa: S311


def _is_lock_timeout(error: Exception) -> bool:
    return getattr(getattr(error, "orig", error), "sqlstate", None) in ("55P03", "40P01")


def _kind_of(error: Exception) -> str:
    return type(error).__name__
