"""Changes of clocks: each row is written together with the line of its ledger, never alone.

The clocks and their cases are locked by the caller (clocks.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.clock_ledger import Entry
from router.domain.clocks import Clock, Stop
from router.storage import clock_ledger
from router.storage.clock_ledger import EntryRow, ensure_calendars
from router.storage.clocks import CaseClock, columns, terms_columns

_SAVE = text(
    """
    update clock set state = new.state, seq = new.seq, since = new.since, counted = new.counted,
        warn_at = new.warn_at, due_at = new.due_at, warned_at = new.warned_at,
        breached_at = new.breached_at, stopped_at = new.stopped_at, ended_at = new.ended_at,
        duration = new.duration, warn_share = new.warn_share, calendar = new.calendar,
        terms_key = new.terms_key, configuration_version = new.configuration_version,
        seconds_since_detected =
            coalesce(new.seconds_since_detected, clock.seconds_since_detected),
        seconds_since_posted = coalesce(new.seconds_since_posted, clock.seconds_since_posted),
        dispatch_id = coalesce(new.dispatch_id, clock.dispatch_id)
    from unnest(
        cast(:clock_id as uuid[]), cast(:state as text[]), cast(:seq as integer[]),
        cast(:since as timestamptz[]), cast(:counted as interval[]),
        cast(:warn_at as timestamptz[]), cast(:due_at as timestamptz[]),
        cast(:warned_at as timestamptz[]), cast(:breached_at as timestamptz[]),
        cast(:stopped_at as timestamptz[]), cast(:ended_at as timestamptz[]),
        cast(:duration as interval[]), cast(:warn_share as float8[]), cast(:calendar as text[]),
        cast(:terms_key as text[]), cast(:configuration_version as integer[]),
        cast(:seconds_since_detected as float8[]), cast(:seconds_since_posted as float8[]),
        cast(:dispatch_id as uuid[])
    ) as new (clock_id, state, seq, since, counted, warn_at, due_at, warned_at, breached_at,
        stopped_at, ended_at, duration, warn_share, calendar, terms_key, configuration_version,
        seconds_since_detected, seconds_since_posted, dispatch_id)
    where clock.clock_id = new.clock_id
    """
)


_CHANGING = (
    *("clock_id", "seq", "since", "counted", "warn_at", "due_at", "warned_at", "breached_at"),
    *("stopped_at", "ended_at", "configuration_version"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One more entry of a clock: the clock before and after it.

    `stop` and `dispatch_id` stand where a reply ended it.
    """

    before: CaseClock
    after: Clock
    entry: Entry
    stop: Stop | None = None
    dispatch_id: UUID | None = None


async def save(connection: AsyncConnection, changes: Sequence[Change], *, now: datetime) -> None:
    """Write each clock as it is after its entry, and the entry. One change per clock and call."""
    if not changes:
        return
    clocks = [change.after for change in changes]
    await ensure_calendars(connection, [clock.terms.calendar for clock in clocks])
    stops = [change.stop for change in changes]
    await connection.execute(
        _SAVE,
        {
            **columns(clocks, _CHANGING),
            **terms_columns([clock.terms for clock in clocks]),
            "state": [clock.state.value for clock in clocks],
            "seconds_since_detected": [s.seconds_since_detected if s else None for s in stops],
            "seconds_since_posted": [s.seconds_since_posted if s else None for s in stops],
            "dispatch_id": [change.dispatch_id for change in changes],
        },
    )
    await clock_ledger.write(connection, [_line(change) for change in changes], now=now)


def _line(change: Change) -> EntryRow:
    return EntryRow(
        clock_id=change.after.clock_id,
        seq=change.after.seq,
        entry=change.entry,
        old_due_at=change.before.clock.due_at,
        new_due_at=change.after.due_at,
    )
