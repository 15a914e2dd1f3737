"""How far each source has been read, and who reads it now: one row per source that is read.

A holder keeps a source for a while; whoever took it over last has the highest fence, and only that
one moves the cursor. The posts are written in the same transaction, so a cursor never runs ahead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingest.domain.sources import Reading, ReadingState, SourceKind

_MAKE = text("""
insert into source_reading (source_id)
select id from source where kind in ('bluesky', 'mail') order by id on conflict do nothing
""")
_CLAIM = text("""
with due as (
    select r.source_id from source_reading r join source s on s.id = r.source_id
    where s.is_enabled and r.next_at <= now() and (r.held_until is null or r.held_until <= now())
      and (s.kind || ' ' || s.account) = any(cast(:accounts as text[]))
    order by r.next_at limit :limit for update of r skip locked
)
update source_reading r set fence = r.fence + 1, held_until = now() + cast(:hold as interval)
from due, source s where r.source_id = due.source_id and s.id = r.source_id
returning r.source_id, r.fence, r.cursor, s.network, s.kind, s.account, s.created_at
""")
_ADVANCE = text("""
update source_reading r
set cursor = cast(:cursor as jsonb), held_until = now() + cast(:hold as interval),
    failures = 0, last_error = null, last_success_at = now()
from source s
where r.source_id = :source_id and r.fence = :fence and s.id = r.source_id and s.is_enabled
returning r.source_id
""")
_FAIL = text("""
update source_reading
set failures = failures + 1, last_error = :error, held_until = null,
    next_at = now() + cast(:pause as interval)
where source_id = :source_id and fence = :fence
""")
_RELEASE = text("""
update source_reading set held_until = null where source_id = :source_id and fence = :fence
""")
_STATES = text("""
select source_id, last_success_at, last_error, failures, next_at from source_reading
where source_id = any(cast(:ids as uuid[]))
""")
_SILENT = text("""
select s.network, extract(epoch from now() - min(coalesce(r.last_success_at, s.created_at)))
       as seconds
from source s left join source_reading r on r.source_id = s.id
where s.is_enabled and s.kind in ('bluesky', 'mail') group by s.network
""")


@dataclass(frozen=True, slots=True)
class Silence:
    """How long ago the least lucky enabled source of a network was read."""

    network: str
    seconds: float


async def claim_due(
    connection: AsyncConnection,
    accounts: Sequence[tuple[SourceKind, str]],
    *,
    hold: timedelta,
    limit: int,
) -> Sequence[Reading]:
    """Due sources of these accounts that nobody reads now; they are ours for `hold`."""
    await connection.execute(_MAKE)
    names = [f"{kind.value} {account}" for kind, account in accounts]
    rows = await connection.execute(_CLAIM, {"accounts": names, "hold": hold, "limit": limit})
    return [_reading(row) for row in rows]


async def advance(
    connection: AsyncConnection, reading: Reading, cursor: Mapping[str, Any], *, hold: timedelta
) -> bool:
    """Move the cursor and keep the source; False where it is no longer ours, or switched off."""
    rows = await connection.execute(
        _ADVANCE,
        {
            "source_id": reading.source_id,
            "fence": reading.fence,
            "cursor": orjson.dumps(cursor).decode(),
            "hold": hold,
        },
    )
    return rows.first() is not None


async def note_failure(
    connection: AsyncConnection, reading: Reading, *, error: str, pause: timedelta
) -> None:
    """Let go of the source for `pause`; the cursor stays."""
    await connection.execute(
        _FAIL,
        {
            "source_id": reading.source_id,
            "fence": reading.fence,
            "error": error,
            "pause": pause,
        },
    )


async def release(connection: AsyncConnection, reading: Reading) -> None:
    """Let somebody else read it at once."""
    await connection.execute(_RELEASE, {"source_id": reading.source_id, "fence": reading.fence})


async def states_of(
    connection: AsyncConnection, source_ids: Sequence[UUID]
) -> Mapping[UUID, ReadingState]:
    """How the reading of these sources goes; those never read are left out."""
    rows = await connection.execute(_STATES, {"ids": list(source_ids)})
    return {
        row.source_id: ReadingState(
            last_success_at=row.last_success_at,
            last_error=row.last_error,
            failures=row.failures,
            next_at=row.next_at,
        )
        for row in rows
    }


async def silences(connection: AsyncConnection) -> Sequence[Silence]:
    """Per network that is read: for how long its least lucky source was not."""
    rows = await connection.execute(_SILENT)
    return [Silence(row.network, float(row.seconds)) for row in rows]


def _reading(row: Row[Any]) -> Reading:
    cursor = row.cursor
    return Reading(
        source_id=row.source_id,
        fence=row.fence,
        cursor=orjson.loads(cursor) if isinstance(cursor, str) else cursor,
        network=row.network,
        kind=SourceKind(row.kind),
        account=row.account,
        connected_at=row.created_at,
    )
