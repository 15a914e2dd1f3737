"""The rows of clocks: what their ledgers come to. They are only changed under their case's lock.

Every change is written with its ledger entry (clock_changes.py).
Whoever locks clocks of several cases does it by (conversation_id, case_id, clock_id).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.calendars import Calendar
from router.domain.clocks import Clock, ClockState, ClockTerms
from router.storage.clock_ledger import ensure_calendars, known_calendars

# One statement for the rows and the first lines of their ledgers, so that the two cannot differ
# and nothing is sent twice. Many clocks share a few terms: each sort is sent once.
_START = text(
    """
    with new as materialized (
        select * from unnest(
            cast(:clock_id as uuid[]), cast(:case_id as uuid[]), cast(:kind as text[]),
            cast(:subject_id as uuid[]), cast(:posted_at as timestamptz[]),
            cast(:started_at as timestamptz[]), cast(:warn_at as timestamptz[]),
            cast(:due_at as timestamptz[]), cast(:sort as integer[])
        ) as new (clock_id, case_id, kind, subject_id, posted_at, started_at, warn_at, due_at, sort)
        join unnest(
            cast(:duration as interval[]), cast(:warn_share as float8[]),
            cast(:calendar as text[]), cast(:terms_key as text[]),
            cast(:configuration_version as integer[]), cast(:reason as text[]),
            cast(:actor_id as text[]), cast(:actor_name as text[])
        ) with ordinality as shared (duration, warn_share, calendar, terms_key,
            configuration_version, reason, actor_id, actor_name, sort) using (sort)
    ), ledger as (
        insert into clock_entry (clock_id, seq, entry, at, recorded_at, new_due_at, duration,
            warn_share, calendar, reason, actor_id, actor_name, configuration_version)
        select clock_id, 0, 'start', started_at, cast(:now as timestamptz), due_at, duration,
            warn_share, calendar, reason, actor_id, actor_name, configuration_version
        from new
    )
    insert into clock (clock_id, case_id, kind, subject_id, posted_at, started_at, since, warn_at,
        due_at, duration, warn_share, calendar, terms_key, configuration_version)
    select clock_id, case_id, kind, subject_id, posted_at, started_at, started_at, warn_at,
        due_at, duration, warn_share, calendar, terms_key, configuration_version
    from new
    """
)
_COLUMNS = """
    clock.clock_id, clock.case_id, clock.kind, clock.subject_id, clock.seq, clock.state,
    clock.posted_at, clock.started_at, clock.warn_at, clock.due_at, clock.warned_at,
    clock.breached_at, clock.stopped_at, clock.ended_at, clock.counted,
    coalesce(clock.since, clock.started_at) as since,
    coalesce(clock.duration, clock.due_at - clock.started_at) as duration,
    coalesce(clock.warn_share, extract(epoch from clock.warn_at - clock.started_at)
        / greatest(extract(epoch from clock.due_at - clock.started_at), 0.001)) as warn_share,
    clock.calendar, clock.configuration_version
"""
_LOCK = """
    select cases.conversation_id, cases.team, {columns}
    from cases join clock on clock.case_id = cases.case_id
    where {which}
    order by cases.conversation_id, cases.case_id, clock.clock_id
    for update of cases, clock
"""
_LOCK_BY_ID = text(
    _LOCK.format(columns=_COLUMNS, which="clock.clock_id = any(cast(:clock_ids as uuid[]))")
)
_LOCK_OPEN = text(
    _LOCK.format(
        columns=_COLUMNS,
        which="cases.case_id = any(cast(:case_ids as uuid[])) and clock.ended_at is null"
        " and clock.kind = any(cast(:kinds as text[]))",
    )
)
_ONE = text(
    f"select {_COLUMNS} from clock"  # noqa: S608  (no input)
    " where case_id = :case_id and clock_id = :clock_id"
)
_OF_CASE = text(
    f"select {_COLUMNS} from clock"  # noqa: S608  (no input)
    " where case_id = :case_id order by started_at, clock_id"
)
_OPEN_AFTER = text(
    """
    select clock_id from clock
    where ended_at is null and clock_id > cast(:after as uuid)
        and kind = any(cast(:kinds as text[]))
    order by clock_id limit :limit
    """
)
# A follow-up is looked at on its date; every other clock is due at its deadline.
_REFRESH = text(
    """
    update cases set
        next_due_at = coalesce(pending.due_at, 'infinity'),
        rings_at = coalesce(pending.rings_at, '-infinity')
    from (
        select wanted.case_id,
            min(case when clock.kind = 'follow_up' then coalesce(clock.warn_at, clock.due_at)
                else clock.due_at end) as due_at,
            min(case when clock.state = 'running' then
                case when clock.warned_at is null then clock.warn_at else clock.due_at end
            end) as rings_at
        from unnest(cast(:case_ids as uuid[])) as wanted (case_id)
        left join clock on clock.case_id = wanted.case_id and clock.ended_at is null
        group by wanted.case_id
    ) as pending
    where cases.case_id = pending.case_id
    """
)


_OWN = (
    *("clock_id", "case_id", "kind", "subject_id", "posted_at", "started_at", "warn_at"),
    "due_at",
)
_SHARED = ("configuration_version", "reason", "actor_id", "actor_name")


@dataclass(slots=True, kw_only=True)
class NewClock:
    """A clock that starts on a case; `conversation_id` is for its timers."""

    clock_id: UUID
    case_id: UUID
    conversation_id: UUID
    kind: str
    terms: ClockTerms
    posted_at: datetime
    started_at: datetime
    warn_at: datetime
    due_at: datetime
    configuration_version: int
    subject_id: UUID | None = None
    reason: str = ""
    actor_id: str | None = None
    actor_name: str | None = None


@dataclass(frozen=True, slots=True)
class CaseClock:
    """A case's clock, both rows locked."""

    case_id: UUID
    conversation_id: UUID
    team: str
    clock: Clock


async def start(connection: AsyncConnection, clocks: Sequence[NewClock], *, now: datetime) -> None:
    """Store clocks that begin to run, each with the first line of its ledger."""
    if not clocks:
        return
    sorts: dict[object, int] = {}
    firsts: list[NewClock] = []
    for clock in clocks:
        if sorts.setdefault(_sort(clock), len(sorts) + 1) > len(firsts):
            firsts.append(clock)
    await ensure_calendars(connection, [each.terms.calendar for each in firsts])
    await connection.execute(
        _START,
        {
            "now": now,
            "sort": [sorts[_sort(clock)] for clock in clocks],
            **columns(clocks, _OWN),
            **columns(firsts, _SHARED),
            **terms_columns([clock.terms for clock in firsts]),
        },
    )


async def lock(connection: AsyncConnection, clock_ids: Collection[UUID]) -> dict[UUID, CaseClock]:
    """These clocks, with their cases locked, by id."""
    rows = await connection.execute(_LOCK_BY_ID, {"clock_ids": list(clock_ids)})
    return {each.clock.clock_id: each for each in await _case_clocks(connection, rows.all())}


async def lock_open(
    connection: AsyncConnection, case_ids: Collection[UUID], kinds: Collection[str]
) -> list[CaseClock]:
    """The clocks of these kinds that still await something, with their cases locked."""
    if not case_ids:
        return []
    rows = await connection.execute(
        _LOCK_OPEN, {"case_ids": list(case_ids), "kinds": sorted(kinds)}
    )
    return await _case_clocks(connection, rows.all())


async def refresh_cases(connection: AsyncConnection, case_ids: Collection[UUID]) -> None:
    """Let these cases show when they are due next and when something of them rings next."""
    if case_ids:
        await connection.execute(_REFRESH, {"case_ids": sorted(set(case_ids))})


async def open_after(
    connection: AsyncConnection, after: UUID | None, *, kinds: Collection[str], limit: int
) -> list[UUID]:
    """The next clocks of these kinds that await something, by id, not locked."""
    rows = await connection.execute(
        _OPEN_AFTER, {"after": after or UUID(int=0), "kinds": sorted(kinds), "limit": limit}
    )
    return [row.clock_id for row in rows]


async def one(connection: AsyncConnection, case_id: UUID, clock_id: UUID) -> Clock | None:
    """A clock of the case as its row says, not locked."""
    rows = (await connection.execute(_ONE, {"case_id": case_id, "clock_id": clock_id})).all()
    found = await _clocks(connection, rows)
    return found[0] if found else None


async def of_case(connection: AsyncConnection, case_id: UUID) -> list[Clock]:
    """All clocks of the case in the order of their start, not locked."""
    rows = (await connection.execute(_OF_CASE, {"case_id": case_id})).all()
    return await _clocks(connection, rows)


async def _case_clocks(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[CaseClock]:
    clocks = await _clocks(connection, rows)
    return [
        CaseClock(row.case_id, row.conversation_id, row.team, clock)
        for row, clock in zip(rows, clocks, strict=True)
    ]


async def _clocks(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Clock]:
    calendars = await known_calendars(connection, {row.calendar for row in rows if row.calendar})
    return [_clock(row, calendars.get(row.calendar)) for row in rows]


def _clock(row: Row[Any], calendar: Calendar | None) -> Clock:
    terms = ClockTerms(
        duration=row.duration or timedelta(0), warn_share=float(row.warn_share), calendar=calendar
    )
    return Clock(
        clock_id=row.clock_id,
        kind=row.kind,
        subject_id=row.subject_id,
        seq=row.seq,
        state=ClockState(row.state),
        terms=terms,
        posted_at=row.posted_at,
        started_at=row.started_at,
        since=row.since,
        counted=row.counted,
        warn_at=row.warn_at,
        due_at=row.due_at,
        warned_at=row.warned_at,
        breached_at=row.breached_at,
        stopped_at=row.stopped_at,
        ended_at=row.ended_at,
        configuration_version=row.configuration_version,
    )


def _sort(clock: NewClock) -> object:
    """Equal only where clocks share their terms (the very object), version, reason and actor."""
    return (id(clock.terms), *(getattr(clock, name) for name in _SHARED))


def columns(rows: Sequence[object], names: Sequence[str]) -> dict[str, list[Any]]:
    """These attributes of all rows, as the arrays that a statement unnests."""
    return {name: [getattr(row, name) for row in rows] for name in names}


def terms_columns(terms: Sequence[ClockTerms]) -> dict[str, list[Any]]:
    """Terms as the arrays that a statement unnests; calendars by their hash."""
    return {
        "duration": [each.duration for each in terms],
        "warn_share": [each.warn_share for each in terms],
        "calendar": [each.calendar.fingerprint if each.calendar else None for each in terms],
        "terms_key": [each.fingerprint for each in terms],
    }
