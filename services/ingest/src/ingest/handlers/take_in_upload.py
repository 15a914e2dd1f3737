"""Take in an upload of lines (NDJSON), streamed, a few hundred lines to a transaction.

The file is never held as a whole. A batch is durable before the next one is read, so an upload
that breaks off is simply sent again: what was taken in is a duplicate then.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from common.db.unit_of_work import UnitOfWorkFactory
from common.errors import InvalidInputError, NotFoundError
from ingest.domain.posts import FoundPost, UnreadablePost
from ingest.domain.sources import SourceKind
from ingest.handlers.post_found import read_post
from ingest.handlers.take_in_posts import Origin, count_in_metrics, take_in_posts
from ingest.storage import sources
from ingest.storage.intake import IntakeCount

LINES_PER_TRANSACTION = 500
MAX_LINE_BYTES = 1_048_576
MAX_LINES_REPORTED = 100


@dataclass(slots=True)
class UploadReport:
    """What became of an upload. `unreadable_lines` names the first hundred, counted from 1."""

    received: int = 0
    accepted: int = 0
    duplicates: int = 0
    unreadable: int = 0
    unreadable_lines: list[tuple[int, str]] = field(default_factory=list)

    def add(self, count: IntakeCount, items: Sequence[FoundPost | UnreadablePost]) -> None:
        """Count a batch that has been committed."""
        self.received += count.received
        self.accepted += count.accepted
        self.duplicates += count.duplicates
        self.unreadable += count.unreadable
        room = MAX_LINES_REPORTED - len(self.unreadable_lines)
        bad = [item for item in items if isinstance(item, UnreadablePost)]
        self.unreadable_lines += [(item.line or 0, item.reason) for item in bad[:room]]


class UploadTakeIn:
    """The use case with what it needs."""

    def __init__(self, units: UnitOfWorkFactory) -> None:
        self._units = units

    async def __call__(
        self, source_id: UUID, chunks: AsyncIterator[bytes], *, name: str
    ) -> UploadReport:
        """The report of an upload whose lines are all durable.

        Raises NotFoundError, ConflictError (another kind, or switched off) before a byte is read,
        InvalidInputError for a line above 1 MB, and database errors: what came before stays.
        """
        origin = await self._origin(source_id, name)
        report = UploadReport()
        batch: list[FoundPost | UnreadablePost] = []
        async for number, line in _lines(chunks):
            batch.append(read_post(line, line=number))
            if len(batch) == LINES_PER_TRANSACTION:
                await self._take_in(origin, batch, report)
                batch = []
        if batch:
            await self._take_in(origin, batch, report)
        return report

    async def _origin(self, source_id: UUID, name: str) -> Origin:
        async with self._units.read() as connection:
            source = await sources.find(connection, source_id)
        if source is None:
            raise NotFoundError("there is no such source")
        source.demand_kind(SourceKind.NDJSON)
        source.demand_enabled()
        return Origin(
            source_id=source.id, network=source.network, account=source.account, reference=name
        )

    async def _take_in(
        self, origin: Origin, batch: Sequence[FoundPost | UnreadablePost], report: UploadReport
    ) -> None:
        async with self._units.begin() as uow:
            count = await take_in_posts(uow, origin, batch)
        count_in_metrics(origin.network, count)
        report.add(count, batch)


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    """Lines with their numbers, empty ones left out; the last needs no line feed."""
    number = 0
    rest = b""
    async for chunk in chunks:
        parts = (rest + chunk).split(b"\n")
        rest = parts.pop()
        if len(rest) > MAX_LINE_BYTES:
            raise InvalidInputError(f"line {number + len(parts) + 1} is longer than 1 MB")
        for part in parts:
            number += 1
            if line := part.strip():
                yield number, line
    if line := rest.strip():
        yield number + 1, line
