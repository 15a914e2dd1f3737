"""Read a source once: its posts and its new cursor become durable together, or neither (S6).

A crash in between reads the same again, and the same posts again change nothing (S1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from common.db.unit_of_work import UnitOfWorkFactory
from common.observability import metrics
from common.observability.logging import get_logger
from ingest.domain.sources import Reading, pause_after
from ingest.gateways.readers import Name, SourceReader, UnreadSourceError
from ingest.handlers.take_in_posts import Origin, count_in_metrics, take_in_posts
from ingest.storage import readings
from ingest.storage.intake import IntakeCount

HOLD = timedelta(seconds=90)
_log = get_logger()


class ReadSources:
    """Takes sources over and reads them; any number of processes do, one per source at a time."""

    def __init__(self, units: UnitOfWorkFactory, *, hold: timedelta = HOLD) -> None:
        self._units = units
        self._hold = hold

    async def claim(self, accounts: Sequence[Name], *, limit: int) -> Sequence[Reading]:
        """Sources that are due and that nobody else reads."""
        if not accounts:
            return []
        async with self._units.begin() as uow:
            return await readings.claim_due(uow.connection, accounts, hold=self._hold, limit=limit)

    async def read(self, reading: Reading, reader: SourceReader) -> Reading | None:
        """Read once. The reading with its new cursor; None where the source is no longer ours.

        Raises UnreadSourceError (the cursor stays) and what the database raises.
        """
        while True:
            brought = await reader.read(reading.cursor, since=reading.since)
            origin = Origin(
                source_id=reading.source_id,
                network=reading.network,
                account=reading.account,
                reference=f"reading {reading.fence}",
            )
            count: IntakeCount | None = None
            async with self._units.begin() as uow:
                # First the fence: whoever lost the source writes nothing, not even posts.
                is_ours = await readings.advance(
                    uow.connection, reading, brought.cursor, hold=self._hold
                )
                if not is_ours:
                    return None
                if brought.items:
                    count = await take_in_posts(uow, origin, brought.items)
            if count is not None:
                count_in_metrics(reading.network, count)
            metrics.INGEST_READINGS_TOTAL.labels(reading.network, "read").inc()
            reading = replace(reading, cursor=brought.cursor)
            if not brought.more:
                return reading

    async def give_up(self, reading: Reading, error: UnreadSourceError) -> None:
        """Let the source rest after a failure; longer after every one that follows."""
        async with self._units.begin() as uow:
            before = await readings.states_of(uow.connection, [reading.source_id])
            failures = before[reading.source_id].failures + 1
            pause = max(pause_after(failures), error.retry_after or timedelta(0))
            await readings.note_failure(uow.connection, reading, error=error.code, pause=pause)
        metrics.INGEST_READINGS_TOTAL.labels(reading.network, "failed").inc()
        _log.warning(
            "source_not_read",
            source_id=str(reading.source_id),
            error=error.code,
            failures=failures,
        )

    async def release(self, reading: Reading) -> None:
        """Leave the source to whoever comes next."""
        async with self._units.begin() as uow:
            await readings.release(uow.connection, reading)

    async def show_silence(self) -> None:
        """How long the least lucky source of each network was not read, as a metric (S5)."""
        async with self._units.read() as connection:
            for silence in await readings.silences(connection):
                metrics.INGEST_SOURCE_SILENCE_SECONDS.labels(silence.network).set(silence.seconds)
