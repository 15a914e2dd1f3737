"""Who looks at a case or types in it just now: short leases in the database, no events (S36).

They run by the database's clock alone: people sit at their screens in real time, whatever a
scenario does to the time of deadlines.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.claims import Person

_NOTE = text(
    """
    insert into presence (case_id, person_id, name, activity, until)
    values (:case_id, :person_id, :name, :activity, now() + cast(:lease as interval))
    on conflict (case_id, person_id) do update set
        name = excluded.name, activity = excluded.activity, until = excluded.until
    """
)
_LEAVE = text("delete from presence where case_id = :case_id and person_id = :person_id")
_PRUNE = text("delete from presence where until < now() - cast(:kept as interval)")
_OF_CASE = text(
    """
    select case_id, name, activity, until from presence
    where case_id = :case_id and until > now() order by name, person_id
    """
)
_NOW = text(
    """
    select presence.case_id, presence.name, presence.activity, presence.until
    from presence join cases on cases.case_id = presence.case_id
    where until > now()
        and (cast(:teams as text[]) is null or cases.team = any(cast(:teams as text[])))
    order by presence.case_id, presence.name, presence.person_id
    limit 500
    """
)


@dataclass(frozen=True, slots=True)
class PresenceRow:
    """A person at a case; `activity` is looking or typing."""

    case_id: UUID
    name: str
    activity: str
    until: datetime


async def note(
    connection: AsyncConnection, case_id: UUID, person: Person, activity: str, *, lease: timedelta
) -> None:
    """The person is there for so long, unless they say so again."""
    await connection.execute(
        _NOTE,
        {
            "case_id": case_id,
            "person_id": person.id,
            "name": person.name,
            "activity": activity,
            "lease": lease,
        },
    )


async def leave(connection: AsyncConnection, case_id: UUID, person_id: str) -> None:
    """The person has gone."""
    await connection.execute(_LEAVE, {"case_id": case_id, "person_id": person_id})


async def prune(connection: AsyncConnection, *, kept: timedelta) -> None:
    """Forget leases that ended longer ago."""
    await connection.execute(_PRUNE, {"kept": kept})


async def of_case(connection: AsyncConnection, case_id: UUID) -> list[PresenceRow]:
    """Who is at the case, by name."""
    rows = await connection.execute(_OF_CASE, {"case_id": case_id})
    return [PresenceRow(**row._mapping) for row in rows]


async def everywhere(
    connection: AsyncConnection, teams: Collection[str] | None
) -> list[PresenceRow]:
    """Who is where, in the cases of these teams (None: all)."""
    wanted = None if teams is None else sorted(teams)
    rows = await connection.execute(_NOW, {"teams": wanted})
    return [PresenceRow(**row._mapping) for row in rows]
