"""The lines of the clocks' ledgers, and the calendars as they were when a clock used them.

Lines and calendars are only added; the service's role cannot change or delete one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.calendars import Calendar, as_document, from_document
from router.domain.clock_ledger import Entry, EntryKind
from router.domain.clocks import ClockTerms

_WRITE = text(
    """
    insert into clock_entry (clock_id, seq, entry, at, recorded_at, old_due_at, new_due_at,
        duration, warn_share, calendar, reason, actor_id, actor_name, configuration_version)
    select clock_id, seq, entry, at, cast(:now as timestamptz), old_due_at, new_due_at, duration,
        warn_share, calendar, reason, actor_id, actor_name, configuration_version
    from unnest(
        cast(:clock_id as uuid[]), cast(:seq as integer[]), cast(:entry as text[]),
        cast(:at as timestamptz[]), cast(:old_due_at as timestamptz[]),
        cast(:new_due_at as timestamptz[]), cast(:duration as interval[]),
        cast(:warn_share as float8[]), cast(:calendar as text[]), cast(:reason as text[]),
        cast(:actor_id as text[]), cast(:actor_name as text[]),
        cast(:configuration_version as integer[])
    ) as new (clock_id, seq, entry, at, old_due_at, new_due_at, duration, warn_share, calendar,
        reason, actor_id, actor_name, configuration_version)
    """
)
_READ = text(
    """
    select seq, entry, at, recorded_at, old_due_at, new_due_at, duration, warn_share, calendar,
        reason, actor_id, actor_name, configuration_version
    from clock_entry where clock_id = :clock_id order by seq
    """
)
_ADD_CALENDARS = text(
    """
    insert into working_calendar (fingerprint, name, document)
    select fingerprint, name, cast(document as jsonb)
    from unnest(cast(:fingerprint as text[]), cast(:name as text[]), cast(:document as text[]))
        as new (fingerprint, name, document)
    order by fingerprint
    on conflict (fingerprint) do nothing
    """
)
_CALENDARS = text(
    """
    select fingerprint, document from working_calendar
    where fingerprint = any(cast(:fingerprints as text[]))
    """
)
_KNOWN: dict[str, Calendar] = {}
"""Calendars by their content: what is in here can never be out of date."""


@dataclass(frozen=True, slots=True)
class EntryRow:
    """A line; `old_due_at` and `new_due_at` are the deadlines before and after it."""

    clock_id: UUID
    seq: int
    entry: Entry
    old_due_at: datetime | None
    new_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A line as it was stored, and when that was."""

    row: EntryRow
    recorded_at: datetime


async def write(connection: AsyncConnection, rows: Sequence[EntryRow], *, now: datetime) -> None:
    """Add lines; (clock, seq) is unique, so two writers can never both add the same number."""
    if not rows:
        return
    terms = [row.entry.terms for row in rows]
    await connection.execute(
        _WRITE,
        {
            "now": now,
            "clock_id": [row.clock_id for row in rows],
            "seq": [row.seq for row in rows],
            "entry": [row.entry.kind.value for row in rows],
            "old_due_at": [row.old_due_at for row in rows],
            "new_due_at": [row.new_due_at for row in rows],
            "duration": [each.duration if each else None for each in terms],
            "warn_share": [each.warn_share if each else None for each in terms],
            "calendar": [
                each.calendar.fingerprint if each and each.calendar else None for each in terms
            ],
            **{
                name: [getattr(row.entry, name) for row in rows]
                for name in ("at", "reason", "actor_id", "actor_name", "configuration_version")
            },
        },
    )


async def read(connection: AsyncConnection, clock_id: UUID) -> list[StoredEntry]:
    """The ledger of a clock, in order."""
    rows = (await connection.execute(_READ, {"clock_id": clock_id})).all()
    calendars = await known_calendars(connection, {row.calendar for row in rows if row.calendar})
    return [
        StoredEntry(
            EntryRow(clock_id, row.seq, _entry(row, calendars), row.old_due_at, row.new_due_at),
            row.recorded_at,
        )
        for row in rows
    ]


async def ensure_calendars(
    connection: AsyncConnection, calendars: Collection[Calendar | None]
) -> None:
    """Keep these calendars for ever; those that are kept already cost nothing."""
    wanted = {each.fingerprint: each for each in calendars if each is not None}
    if not wanted:
        return
    await connection.execute(
        _ADD_CALENDARS,
        {
            "fingerprint": list(wanted),
            "name": [each.name for each in wanted.values()],
            "document": [json.dumps(as_document(each)) for each in wanted.values()],
        },
    )


async def known_calendars(
    connection: AsyncConnection, fingerprints: Collection[str]
) -> Mapping[str, Calendar]:
    """The calendars with these fingerprints; asks the database only for those not seen yet."""
    missing = [each for each in fingerprints if each not in _KNOWN]
    if missing:
        rows = await connection.execute(_CALENDARS, {"fingerprints": missing})
        _KNOWN.update({row.fingerprint: from_document(row.document) for row in rows})
    return {each: _KNOWN[each] for each in fingerprints}


def _entry(row: Row[Any], calendars: Mapping[str, Calendar]) -> Entry:
    terms = None
    if row.duration is not None:
        terms = ClockTerms(
            duration=row.duration,
            warn_share=row.warn_share,
            calendar=calendars[row.calendar] if row.calendar else None,
        )
    return Entry(
        kind=EntryKind(row.entry),
        at=row.at,
        reason=row.reason,
        terms=terms,
        actor_id=row.actor_id,
        actor_name=row.actor_name,
        configuration_version=row.configuration_version,
    )
