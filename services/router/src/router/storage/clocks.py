"""The rows of clocks. They are only changed under the lock of their case."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.clocks import FIRST_REACTION, Clock, ClockState, Stop

_START = text(
    """
    insert into clock (case_id, kind, posted_at, started_at, warn_at, due_at)
    select case_id, :kind, posted_at, started_at, warn_at, due_at
    from unnest(
        cast(:case_id as uuid[]), cast(:posted_at as timestamptz[]),
        cast(:started_at as timestamptz[]), cast(:warn_at as timestamptz[]),
        cast(:due_at as timestamptz[])
    ) as new (case_id, posted_at, started_at, warn_at, due_at)
    """
)
_LOCK = text(
    """
    select cases.case_id, cases.conversation_id, cases.team, clock.state, clock.posted_at,
        clock.started_at, clock.warn_at, clock.due_at, clock.warned_at, clock.breached_at,
        clock.stopped_at
    from cases join clock on clock.case_id = cases.case_id and clock.kind = :kind
    where cases.case_id = any(cast(:case_ids as uuid[]))
    order by cases.conversation_id, cases.case_id
    for update of cases, clock
    """
)
_WARN = text(
    """
    update clock set warned_at = :now
    where case_id = any(cast(:case_ids as uuid[])) and kind = :kind
    """
)
_BREACH = text(
    """
    update clock set state = 'breached', breached_at = :now
    where case_id = any(cast(:case_ids as uuid[])) and kind = :kind
    """
)
_WAIVE = text(
    """
    update clock set state = 'waived'
    where case_id = :case_id and kind = :kind and state = 'running'
    """
)
_STOP = text(
    """
    update clock set state = stop.state, stopped_at = stop.stopped_at,
        breached_at = coalesce(clock.breached_at, stop.breached_at),
        seconds_since_detected = stop.seconds_since_detected,
        seconds_since_posted = stop.seconds_since_posted, dispatch_id = stop.dispatch_id
    from unnest(
        cast(:case_id as uuid[]), cast(:state as text[]), cast(:stopped_at as timestamptz[]),
        cast(:breached_at as timestamptz[]), cast(:seconds_since_detected as float8[]),
        cast(:seconds_since_posted as float8[]), cast(:dispatch_id as uuid[])
    ) as stop (
        case_id, state, stopped_at, breached_at, seconds_since_detected, seconds_since_posted,
        dispatch_id
    )
    where clock.case_id = stop.case_id and clock.kind = :kind
    """
)


@dataclass(slots=True, kw_only=True)
class NewClock:
    """A first-reaction clock that starts on a case; `conversation_id` is for its timers."""

    case_id: UUID
    conversation_id: UUID
    posted_at: datetime
    started_at: datetime
    warn_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class CaseClock:
    """A case's clock, both rows locked."""

    case_id: UUID
    conversation_id: UUID
    team: str
    clock: Clock


@dataclass(frozen=True, slots=True)
class StoppedClock:
    """A stop to be stored; `breached_at` is set where the breach is only noticed now."""

    case_id: UUID
    stop: Stop
    sent_at: datetime
    breached_at: datetime | None
    dispatch_id: UUID


async def start(connection: AsyncConnection, clocks: Sequence[NewClock]) -> None:
    """Store first-reaction clocks that begin to run."""
    if clocks:
        await connection.execute(
            _START,
            {
                "kind": FIRST_REACTION,
                "case_id": [clock.case_id for clock in clocks],
                "posted_at": [clock.posted_at for clock in clocks],
                "started_at": [clock.started_at for clock in clocks],
                "warn_at": [clock.warn_at for clock in clocks],
                "due_at": [clock.due_at for clock in clocks],
            },
        )


async def lock_first_reactions(
    connection: AsyncConnection, case_ids: Collection[UUID]
) -> dict[UUID, CaseClock]:
    """The first-reaction clocks of those cases that have one, cases and clocks locked."""
    rows = await connection.execute(_LOCK, {"case_ids": list(case_ids), "kind": FIRST_REACTION})
    return {
        row.case_id: CaseClock(row.case_id, row.conversation_id, row.team, clock_of(row))
        for row in rows
    }


async def warn(connection: AsyncConnection, case_ids: Collection[UUID], *, now: datetime) -> None:
    """Record the warning of these first-reaction clocks."""
    await connection.execute(
        _WARN, {"case_ids": list(case_ids), "kind": FIRST_REACTION, "now": now}
    )


async def breach(connection: AsyncConnection, case_ids: Collection[UUID], *, now: datetime) -> None:
    """Record the breach of these first-reaction clocks."""
    await connection.execute(
        _BREACH, {"case_ids": list(case_ids), "kind": FIRST_REACTION, "now": now}
    )


async def waive(connection: AsyncConnection, case_id: UUID) -> None:
    """Nothing is owed any more; a breach that happened stays one."""
    await connection.execute(_WAIVE, {"case_id": case_id, "kind": FIRST_REACTION})


async def stop(connection: AsyncConnection, stops: Sequence[StoppedClock]) -> None:
    """Record the first reaction of each of these cases."""
    await connection.execute(
        _STOP,
        {
            "kind": FIRST_REACTION,
            "case_id": [each.case_id for each in stops],
            "state": [each.stop.state.value for each in stops],
            "stopped_at": [each.sent_at for each in stops],
            "breached_at": [each.breached_at for each in stops],
            "seconds_since_detected": [each.stop.seconds_since_detected for each in stops],
            "seconds_since_posted": [each.stop.seconds_since_posted for each in stops],
            "dispatch_id": [each.dispatch_id for each in stops],
        },
    )


def clock_of(row: Row[tuple[object, ...]]) -> Clock:
    """The clock in a row with its columns."""
    return Clock(
        state=ClockState(row.state),
        posted_at=row.posted_at,
        started_at=row.started_at,
        warn_at=row.warn_at,
        due_at=row.due_at,
        warned_at=row.warned_at,
        breached_at=row.breached_at,
        stopped_at=row.stopped_at,
    )
