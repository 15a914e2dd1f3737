"""What the sweep asks: which open case is nobody's, or would never speak again (S7).

`cases.rings_at` says when something of a case speaks next by itself; an index on it makes the
quick question cost as much as there are answers. The deep question trusts no summary: it goes
through the cases slice by slice and looks at clocks and timers themselves.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.claims import Person

GRACE = timedelta(seconds=60)
"""How long a bell may be unheard, and a case new, before it counts."""

WORKING = "state not in ('resolved', 'unsolvable', 'closed')"
NOTHING_PENDING = "nothing_pending"
RANG_UNHEARD = "rang_unheard"
NO_TIMER = "no_timer"
NOBODYS = "nobodys"

_UNWATCHED = text(
    f"""
    select case_id, conversation_id, team, owner_id, owner_name from cases
    where case_id = any(cast(:case_ids as uuid[])) and {WORKING}
        and not exists (
            select from clock where clock.case_id = cases.case_id
                and clock.ended_at is null and clock.state = 'running'
        )
    order by conversation_id, case_id for update
    """  # noqa: S608  (no input)
)
_QUICK = text(
    f"""
    select case_id, team, owner_name, opened_at,
        nullif(rings_at, '-infinity') as rings_at,
        case when rings_at = '-infinity' then '{NOTHING_PENDING}' else '{RANG_UNHEARD}' end
            as problem
    from cases
    where state <> 'closed' and {WORKING}
        and rings_at <= cast(:now as timestamptz) - cast(:grace as interval)
        and opened_at <= cast(:now as timestamptz) - cast(:grace as interval)
    order by rings_at limit :limit
    """  # noqa: S608  (no input)
)
# By conversation: that has one open case, so an index is there and new cases pay for no other.
_DEEP = text(
    """
    with slice as materialized (
        select case_id, conversation_id, team, owner_name, opened_at, state from cases
        where state <> 'closed' and conversation_id > cast(:after as uuid)
        order by conversation_id limit :limit
    )
    select slice.case_id, slice.conversation_id, slice.team, slice.owner_name, slice.opened_at,
        slice.state,
        pending.rings_at, pending.has_clock, pending.has_timer
    from slice left join lateral (
        select count(*) > 0 as has_clock,
            bool_and(exists (
                select from timer where timer.owner_id = clock.clock_id
                    and timer.kind = clock.kind || '_breach' and timer.state = 0
                    and timer.armed_for = clock.due_at
            )) as has_timer,
            min(case when warned_at is null then warn_at else due_at end) as rings_at
        from clock where clock.case_id = slice.case_id
            and clock.ended_at is null and clock.state = 'running'
    ) as pending on true
    order by slice.conversation_id
    """
)
# The row is made once, so that two sweeps of a new deployment take turns, too.
_TAKE = text(
    """
    insert into sweep_progress (name, at) values (:name, :now) on conflict (name) do nothing
    """
)
_LOCK = text(
    "select position, number from sweep_progress where name = :name for update skip locked"
)
_MOVE = text(
    """
    update sweep_progress set position = cast(:position as uuid), number = :number, at = :now
    where name = :name
    """
)
_NEVER_ANSWERED = text(
    """
    select cases.case_id, cases.team, cases.owner_name, cases.opened_at, clock.due_at,
        clock.posted_at, cases.escalation_level
    from clock join cases on cases.case_id = clock.case_id
    where clock.kind = 'first_reaction' and clock.ended_at is null
        and clock.due_at <= cast(:now as timestamptz) and cases.state <> 'closed'
        and (cast(:teams as text[]) is null or cases.team = any(cast(:teams as text[])))
    order by clock.due_at limit :limit
    """
)
_COUNT_NEVER_ANSWERED = text(
    """
    select count(*) from (
        select from clock join cases on cases.case_id = clock.case_id
        where clock.kind = 'first_reaction' and clock.ended_at is null
            and clock.due_at <= cast(:now as timestamptz) and cases.state <> 'closed'
        limit 100000
    ) as found
    """
)


@dataclass(frozen=True, slots=True)
class UnwatchedCase:
    """An open case without a running clock, its row locked."""

    case_id: UUID
    conversation_id: UUID
    team: str
    owner: Person | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """An open case against the rule. `problem`: nothing_pending, rang_unheard, no_timer, nobodys.

    `rings_at` is when it should have spoken; None where nothing is pending.
    """

    case_id: UUID
    team: str
    owner_name: str | None
    opened_at: datetime
    rings_at: datetime | None
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverAnswered:
    """A case whose first reaction is overdue and was never given."""

    case_id: UUID
    team: str
    owner_name: str | None
    opened_at: datetime
    due_at: datetime
    posted_at: datetime
    escalation_level: int


@dataclass(frozen=True, slots=True)
class Slice:
    """What a deep look found, and the conversation after which the next one goes on.

    None: from the beginning.
    """

    violations: list[Violation]
    looked_at: int
    position: UUID | None


@dataclass(frozen=True, slots=True)
class Look:
    """What the sweep would find at this moment."""

    violations: list[Violation]
    never_answered: list[NeverAnswered]


async def look(
    connection: AsyncConnection,
    teams: Collection[str] | None,
    *,
    offset: timedelta,
    limit: int,
) -> Look:
    """Look without taking care of anything; `offset` moves the database's time (scenarios)."""
    now = await database_time(connection) + offset
    found = await quick(connection, now=now, grace=GRACE, limit=limit)
    return Look(found, await never_answered(connection, teams, now=now, limit=limit))


async def database_time(connection: AsyncConnection) -> datetime:
    """The database's now."""
    now: datetime = (await connection.execute(text("select now()"))).scalar_one()
    return now


async def unwatched(connection: AsyncConnection, case_ids: Collection[UUID]) -> list[UnwatchedCase]:
    """Those of the cases that are worked on and have no running clock, locked."""
    if not case_ids:
        return []
    rows = await connection.execute(_UNWATCHED, {"case_ids": sorted(set(case_ids))})
    return [
        UnwatchedCase(
            row.case_id,
            row.conversation_id,
            row.team,
            Person(row.owner_id, row.owner_name) if row.owner_id else None,
        )
        for row in rows
    ]


async def quick(
    connection: AsyncConnection, *, now: datetime, grace: timedelta, limit: int
) -> list[Violation]:
    """Cases that should have spoken longer than `grace` ago, or never will, by their summary."""
    rows = await connection.execute(_QUICK, {"now": now, "grace": grace, "limit": limit})
    return [Violation(**row._mapping) for row in rows]


async def count_never_answered(connection: AsyncConnection, *, now: datetime) -> int:
    """How many `never_answered` would list, up to 100,000."""
    result = await connection.execute(_COUNT_NEVER_ANSWERED, {"now": now})
    return int(result.scalar_one())


async def deep(
    connection: AsyncConnection,
    *,
    after: UUID | None,
    teams: Collection[str],
    now: datetime,
    limit: int,
) -> Slice:
    """The next `limit` open cases after this conversation, held against clocks and timers.

    `teams` are those that there are: another one's case without an owner is nobody's.
    """
    rows = (await connection.execute(_DEEP, {"after": after or UUID(int=0), "limit": limit})).all()
    found = []
    for row in rows:
        problem = _problem(row, now, teams)
        if problem is not None:
            found.append(_violation(row, problem))
    return Slice(found, len(rows), rows[-1].conversation_id if len(rows) == limit else None)


async def take(
    connection: AsyncConnection, name: str, *, now: datetime
) -> tuple[UUID | None, int] | None:
    """Position and number of a walk, locked; None while another process walks it."""
    await connection.execute(_TAKE, {"name": name, "now": now})
    row = (await connection.execute(_LOCK, {"name": name})).one_or_none()
    return None if row is None else (row.position, row.number)


async def move(
    connection: AsyncConnection, name: str, *, position: UUID | None, number: int, now: datetime
) -> None:
    """Remember where the walk goes on."""
    await connection.execute(
        _MOVE, {"name": name, "position": position, "number": number, "now": now}
    )


async def never_answered(
    connection: AsyncConnection, teams: Collection[str] | None, *, now: datetime, limit: int
) -> list[NeverAnswered]:
    """Open cases whose first reaction is overdue and was never given; the oldest first."""
    rows = await connection.execute(
        _NEVER_ANSWERED,
        {"now": now, "limit": limit, "teams": None if teams is None else sorted(teams)},
    )
    return [NeverAnswered(**row._mapping) for row in rows]


def _problem(row: Row[Any], now: datetime, teams: Collection[str]) -> str | None:
    if row.state in ("resolved", "unsolvable") or row.opened_at > now - GRACE:
        return None
    if not row.has_clock:
        return NOTHING_PENDING
    if not row.has_timer:
        return NO_TIMER
    if row.rings_at <= now - GRACE:
        return RANG_UNHEARD
    return NOBODYS if row.owner_name is None and row.team not in teams else None


def _violation(row: Row[Any], problem: str) -> Violation:
    return Violation(
        case_id=row.case_id,
        team=row.team,
        owner_name=row.owner_name,
        opened_at=row.opened_at,
        rings_at=row.rings_at,
        problem=problem,
    )
