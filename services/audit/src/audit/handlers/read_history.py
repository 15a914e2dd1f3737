"""Read the history as people may see it: masked by the event catalogue for those who must not.

Personal fields are masked for everybody but triage, agents and leads (SPEC policy). It changes
nothing; unmasking as an entry of its own comes with the restricted store.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from audit.domain.reading import ReadableEntry, readable
from audit.handlers.read_filing import read_body
from audit.storage import counts, history
from audit.storage.counts import MentionCounts, MentionStages
from audit.storage.history import LineQuestion
from common.db.unit_of_work import UnitOfWorkFactory
from common.errors import NotFoundError
from common.events.catalog import CATALOG, TYPE_OF
from common.events.classifier import MentionClassified
from common.events.ingest import MentionReceived
from common.events.router import (
    CaseContinued,
    CaseOpened,
    MentionMoved,
    MentionParked,
    OwnPostRecorded,
)

_STAGES = MentionStages(
    received=[TYPE_OF[MentionReceived]],
    classified=[TYPE_OF[MentionClassified]],
    placed=[TYPE_OF[data] for data in (CaseOpened, CaseContinued, MentionParked, OwnPostRecorded)],
    moved=[TYPE_OF[MentionMoved]],
)


class Sight(StrEnum):
    """What a reader may see."""

    PERSONS = "persons"
    MASKED = "masked"


async def read_line(
    units: UnitOfWorkFactory, question: LineQuestion, *, sight: Sight
) -> list[ReadableEntry]:
    """A part of a time line. Raises NotFoundError where nothing of that id is known."""
    async with units.read() as connection:
        rows = await history.time_line(connection, question)
    if rows is None:
        raise NotFoundError(f"the history knows no such {question.line.value}")
    return [_readable(row, sight) for row in rows]


async def read_since(
    units: UnitOfWorkFactory,
    *,
    since: datetime,
    types: Sequence[str] | None,
    behind: tuple[datetime, UUID, int] | None,
    limit: int,
    sight: Sight,
) -> list[ReadableEntry]:
    """Entries of these types (all, if none is named) in the order they were recorded."""
    async with units.read() as connection:
        rows = await history.recorded_since(
            connection, since=since, types=types, behind=behind, limit=limit
        )
    return [_readable(row, sight) for row in rows]


async def count_by_type(units: UnitOfWorkFactory) -> dict[str, int]:
    """Entries by type; cheap."""
    async with units.read() as connection:
        return dict(await counts.by_type(connection))


async def count_mentions(units: UnitOfWorkFactory) -> MentionCounts:
    """Different mentions by stage, exact; reads the whole history."""
    async with units.read() as connection:
        return await counts.mentions(connection, _STAGES)


def _readable(row: Any, sight: Sight) -> ReadableEntry:
    who, what, data = readable(
        read_body(row.body),
        row.type,
        masks=() if sight is Sight.PERSONS else _personal(row.type),
    )
    return ReadableEntry(
        conversation_id=row.conversation_id,
        seq=row.seq,
        event_id=row.event_id,
        topic=row.topic,
        type=row.type,
        subject=row.subject,
        case_id=row.case_id,
        mention_id=row.mention_id,
        at=row.at,
        recorded_at=row.recorded_at,
        who=who,
        what=what,
        data=data,
        hash=row.hash.hex(),
    )


def _personal(type_: str) -> Sequence[str] | None:
    spec = CATALOG.get(type_)
    return spec.personal if spec else None
