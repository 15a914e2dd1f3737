"""Which cases a bulk close means: open non-service cases that nobody works on (S15)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_MATCHING = text(
    """
    select case_id from cases
    where state in ('open', 'observing') and decision = 'non_service' and crisis_id is null
        and (cast(:teams as text[]) is null or team = any(cast(:teams as text[])))
        and (cast(:team as text) is null or team = :team)
        and (cast(:kind as text) is null or kind = :kind)
        and (cast(:network as text) is null or network = :network)
        and (cast(:detected_before as timestamptz) is null or detected_at < :detected_before)
    order by detected_at, case_id limit :limit
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkFilter:
    """All that is given must hold."""

    team: str | None = None
    kind: str | None = None
    network: str | None = None
    detected_before: datetime | None = None


async def matching(
    connection: AsyncConnection, teams: Collection[str] | None, wanted: BulkFilter, *, limit: int
) -> list[UUID]:
    """The oldest cases that the filter means, of these teams (None: all)."""
    rows = await connection.execute(
        _MATCHING,
        {**asdict(wanted), "teams": None if teams is None else sorted(teams), "limit": limit},
    )
    return list(rows.scalars())
