"""The loop that reads sources: takes over what is due, follows each until it fails or we end.

It sits out a database that is away; a network that is away is the source's own trouble and is
written down there. Anything else is our bug and ends the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

from common.db.unit_of_work import is_transient
from common.observability.logging import get_logger
from ingest.domain.sources import Reading
from ingest.gateways.readers import Name, Readers, SourceReader, UnreadSourceError
from ingest.handlers.read_sources import ReadSources

_LOOK_FOR_WORK_S = 1.0
_LONGEST_WAIT = timedelta(seconds=25)
_MOST_SOURCES = 32
_log = get_logger()


class SourceLoop:
    """Follows every source of this deployment's accounts; one task for each."""

    def __init__(self, read: ReadSources, readers: Readers) -> None:
        self._read = read
        self._readers = readers
        self._following: set[asyncio.Task[None]] = set()
        # Kept over failures: a new login for every try would spend the account's allowance.
        self._open: dict[Name, SourceReader] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop`, then let go of every source."""
        try:
            while not stop.is_set():
                await self._take_over(stop)
                try:
                    await asyncio.wait_for(stop.wait(), _LOOK_FOR_WORK_S)
                except TimeoutError:
                    self._reap()
            if self._following:
                await asyncio.wait(self._following)
            self._reap()
        finally:
            for task in self._following:
                task.cancel()
            await asyncio.gather(*self._following, return_exceptions=True)
            for reader in self._open.values():
                await reader.aclose()

    async def _take_over(self, stop: asyncio.Event) -> None:
        free = _MOST_SOURCES - len(self._following)
        try:
            claimed = await self._read.claim(self._readers.accounts, limit=free) if free else []
            await self._read.show_silence()
        except Exception as error:
            if not is_transient(error):
                raise
            _log.warning("database_away", doing="claiming", error_class=type(error).__name__)
            return
        for reading in claimed:
            self._following.add(asyncio.create_task(self._follow(reading, stop)))

    async def _follow(self, reading: Reading, stop: asyncio.Event) -> None:
        name = (reading.kind, reading.account)
        reader = self._open.get(name) or self._open.setdefault(name, self._readers.open(name))
        try:
            await self._read_on(reading, reader, stop)
        except UnreadSourceError as error:
            await _quietly(self._read.give_up(reading, error))
        except Exception as error:
            if not is_transient(error):
                raise
            # What was read and not written down is read again by whoever holds the source next.
            _log.warning("database_away", doing="reading", error_class=type(error).__name__)
            await _quietly(self._read.release(reading))
        else:
            await _quietly(self._read.release(reading))

    async def _read_on(self, reading: Reading, reader: SourceReader, stop: asyncio.Event) -> None:
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                advanced = await self._read.read(reading, reader)
                if advanced is None:
                    return
                reading = advanced
                waiting = asyncio.create_task(reader.wait(_LONGEST_WAIT))
                await asyncio.wait({waiting, stopped}, return_when=asyncio.FIRST_COMPLETED)
                if not waiting.done():
                    waiting.cancel()
                    await asyncio.gather(waiting, return_exceptions=True)
                    return
                waiting.result()
        finally:
            stopped.cancel()

    def _reap(self) -> None:
        done = {task for task in self._following if task.done()}
        self._following -= done
        for task in done:
            task.result()


async def _quietly(work: Awaitable[None]) -> None:
    """Do this unless the database is away: then the hold simply runs out."""
    try:
        await work
    except Exception as error:
        if not is_transient(error):
            raise
        _log.warning("database_away", doing="letting go", error_class=type(error).__name__)
