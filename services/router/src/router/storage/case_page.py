"""What the page of one case shows beside its row: clocks, mentions, cases that it goes on for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.storage.mentions import MentionRow, mention_of

_CLOCKS = text(
    """
    select kind, state, posted_at, started_at, warn_at, due_at, warned_at, breached_at,
        stopped_at, seconds_since_detected, seconds_since_posted, dispatch_id
    from clock where case_id = :case_id order by kind
    """
)


_MENTIONS = text(
    """
    select body from disposition
    where case_id = any(array(
            select case_id from cases where case_id = :case_id or merged_into = :case_id
        )) and place = 'case'
    order by detected_at desc, mention_id limit :limit
    """
)


_MERGED = text("select case_id from cases where merged_into = :case_id order by case_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRow:
    """A clock with both spans (S47)."""

    kind: str
    state: str
    posted_at: datetime
    started_at: datetime
    warn_at: datetime | None
    due_at: datetime | None
    warned_at: datetime | None
    breached_at: datetime | None
    stopped_at: datetime | None
    seconds_since_detected: float | None
    seconds_since_posted: float | None
    dispatch_id: UUID | None


async def merged_into(connection: AsyncConnection, case_id: UUID) -> list[UUID]:
    """The cases that this one goes on for."""
    return list((await connection.execute(_MERGED, {"case_id": case_id})).scalars())


async def clocks_of(connection: AsyncConnection, case_id: UUID) -> list[ClockRow]:
    """The clocks of a case, by kind."""
    rows = await connection.execute(_CLOCKS, {"case_id": case_id})
    return [ClockRow(**row._mapping) for row in rows]


async def mentions_of(
    connection: AsyncConnection, case_id: UUID, *, limit: int
) -> list[MentionRow]:
    """The latest mentions of a case and those merged into it, the oldest of them first."""
    rows = await connection.execute(_MENTIONS, {"case_id": case_id, "limit": limit})
    return [mention_of(row.body) for row in rows][::-1]
