"""The responder's own loops: sending, leases that ran out, reading back, the four-eyes check.

Each sits out a database that is away; anything else that fails is our bug and ends the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from common.db.unit_of_work import UnitOfWorkFactory, is_transient
from common.ids import IdFactory
from common.observability import metrics
from common.observability.logging import get_logger
from responder.handlers.send_replies import Claimed, SendReplies
from responder.handlers.settle_unknown import expire_leases
from responder.storage.broken_glass import count_overdue
from responder.storage.four_eyes import check_newest, check_piece, still_violating
from responder.storage.settling import count_unknown

_IDLE_S = 0.2
_TROUBLE_S = 1.0
_log = get_logger()


class DispatchLoop:
    """Keeps at most `parallel` dispatches on their way; further ones are claimed as places free."""

    def __init__(self, send: SendReplies, *, parallel: int) -> None:
        self._send = send
        self._parallel = parallel
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop`, then finish what is under way; raises what a delivery raised."""
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                claimed = await self._claim()
                for one in claimed:
                    self._under_way.add(asyncio.create_task(self._deliver(one)))
                full = len(self._under_way) >= self._parallel
                await asyncio.wait(
                    {stopped, *self._under_way},
                    timeout=None if full else _IDLE_S,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                self._reap()
            if self._under_way:
                await asyncio.wait(self._under_way)
            self._reap()
        finally:
            stopped.cancel()
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _claim(self) -> list[Claimed]:
        free = self._parallel - len(self._under_way)
        if free <= 0:
            return []
        claimed: list[Claimed] = []
        async with _patience("claiming"):
            claimed += await self._send.claim(free)
        return claimed

    async def _deliver(self, claimed: Claimed) -> None:
        # What could not be written down becomes unknown when the lease runs out.
        async with _patience("recording"):
            await self._send.deliver(claimed)

    def _reap(self) -> None:
        done = {task for task in self._under_way if task.done()}
        self._under_way -= done
        for task in done:
            task.result()


def every(
    interval: timedelta, work: Callable[[], Awaitable[object]], *, name: str
) -> Callable[[asyncio.Event], Awaitable[None]]:
    """A loop that does `work` at once and then once per interval until it is told to stop."""

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            async with _patience(name):
                await work()
            try:
                await asyncio.wait_for(stop.wait(), interval.total_seconds())
            except TimeoutError:
                continue

    return run


def expire(
    units: UnitOfWorkFactory, ids: IdFactory, *, repeatable: Sequence[str] = ()
) -> Callable[[], Awaitable[object]]:
    """Work for `every`: leases that ran out, and how many outcomes nobody knows."""

    async def work() -> None:
        async with units.begin() as uow:
            late = await expire_leases(uow, ids=ids, repeatable=repeatable)
            unknown = await count_unknown(uow.connection)
        metrics.RESPONDER_DISPATCHES_UNKNOWN_ROWS.set(unknown)
        if late:
            _log.warning("dispatch_leases_expired", count=late)

    return work


class FourEyesWatch:
    """Work for `every`: the proof over all dispatches as a metric (S58), a piece at a time.

    Each round checks the newest dispatches and the next stretch of all of them, round and round:
    a row that somebody with the owner's rights changed years later is found, too.
    """

    def __init__(self, units: UnitOfWorkFactory, *, piece: int = 5000) -> None:
        self._units = units
        self._piece = piece
        self._walked: UUID | None = None
        self._known: frozenset[UUID] = frozenset()

    async def __call__(self) -> None:
        async with self._units.read() as connection:
            found = await still_violating(connection, sorted(self._known))
            walked = await check_piece(connection, after=self._walked, limit=self._piece)
            fresh = await check_newest(connection, limit=self._piece)
            overdue = await count_overdue(connection)
        self._walked = walked.last
        self._known = found | walked.violations | fresh
        metrics.RESPONDER_FOUR_EYES_VIOLATIONS_ROWS.set(len(self._known))
        metrics.RESPONDER_BREAK_GLASS_OVERDUE_ROWS.set(overdue)
        if self._known:
            _log.error("four_eyes_violated", count=len(self._known))


@asynccontextmanager
async def _patience(what: str) -> AsyncIterator[None]:
    """Swallow what passes by itself, after a pause; everything else comes through."""
    try:
        yield
    except Exception as error:
        if not is_transient(error):
            raise
        _log.warning("database_away", doing=what, error_class=type(error).__name__)
        await asyncio.sleep(_TROUBLE_S)
