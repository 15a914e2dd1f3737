"""The SQL of firing: claim what is due, put off what failed, say when the next one is due.

Predicates use `now()`, never `clock_timestamp()` or another volatile function: with one of those
the index on `due_at` is read from end to end (RELIABILITY finding 1, a factor of 60,000).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.timers.store import DueTimer

COUNTED_UP_TO = 100_000

_FIRE = """
    with due as (
        select id from timer
        where state = 0 and due_at <= now() and kind = any(cast(:kinds as text[])) {which}
        for update skip locked
    ), fired as (
        update timer set state = 1, fired_at = clock_timestamp()
        from due where timer.id = due.id
        returning timer.*
    )
    select id, owner_id, conversation_id, kind, armed_for, payload, generation, attempts,
           clock_timestamp() - armed_for as late
    from fired order by armed_for, id
"""
# One round trip: how long the loop waits for a lock, and whether a slot is free. A slot is held
# until the transaction ends; which one is tried first is the loop's own.
_TAKE_SLOT = """
    select set_config('lock_timeout', :patience, true),
           pg_try_advisory_xact_lock(:class + schema.number, :first)
           or pg_try_advisory_xact_lock(:class + schema.number, :second) as taken
    from (select hashtext(current_schema()) & 4095 as number) as schema
"""
CLAIM = _FIRE.replace("{which}", "order by due_at limit :limit")
_CLAIM_ONE = _FIRE.replace("{which}", "and id = :id")
_POSTPONE = """
    update timer set attempts = attempts + 1, due_at = now() + :delay
    where id = :id and generation = :generation and state = 0
"""
_NEXT = """
    select min(due_at) - now() from timer
    where state = 0 and kind = any(cast(:kinds as text[]))
"""
_BACKLOG = """
    select (select count(*) from (select from timer where state = 0 limit :counted) as waiting)
               as pending,
           (select count(*) from timer where state = 0 and attempts > 0) as failing,
           greatest(interval '0', now() - least(
               (select min(due_at) from timer where state = 0),
               (select min(armed_for) from timer where state = 0 and attempts > 0)
           )) as oldest_overdue
"""


SLOT_CLASS = 0x4F544000
"""Advisory locks of the firing loops, a class per schema; the second key is the slot."""
SLOTS = 2
"""How many loops of one schema fire at the same moment."""


@dataclass(slots=True)
class Claimed:
    """A timer that fires in this transaction, and how late it is."""

    timer: DueTimer
    late: timedelta


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: `pending` is counted up to 100,000, `oldest_overdue` is never negative."""

    pending: int
    failing: int
    oldest_overdue: timedelta


class Claims:
    """The statements for one set of kinds. `offset` moves the database's time (scenarios only)."""

    def __init__(self, kinds: Collection[str], offset: timedelta) -> None:
        self._kinds = sorted(kinds)
        self._offset = offset

    async def take_slot(self, connection: AsyncConnection, *, patience: str, first: int) -> bool:
        """Set how long this transaction waits for locks, and take one of the slots, if one is free.

        Many loops that wake for the same timer only stand in each other's way: two fire, the
        others look again a little later. A slot ends with its transaction, however that ends.
        """
        (row,) = await self._run(
            connection,
            _TAKE_SLOT,
            patience=patience,
            **{"class": SLOT_CLASS, "first": first % SLOTS, "second": (first + 1) % SLOTS},
        )
        return bool(row.taken)

    async def claim(self, connection: AsyncConnection, limit: int) -> Sequence[Claimed]:
        """Mark up to `limit` due timers as fired and return them, oldest first.

        Timers that another loop holds are left to it. Kinds that nobody here handles are left
        alone: during a rolling update they belong to newer code.
        """
        rows = await self._run(connection, CLAIM, kinds=self._kinds, limit=limit)
        return self._claimed(rows)

    async def claim_one(self, connection: AsyncConnection, id_: int) -> Sequence[Claimed]:
        """The same for one timer; empty if it is no longer due or somebody else holds it."""
        rows = await self._run(connection, _CLAIM_ONE, kinds=self._kinds, id=id_)
        return self._claimed(rows)

    async def postpone(
        self, connection: AsyncConnection, timer: DueTimer, delay: timedelta
    ) -> None:
        """Put off a timer whose handler failed; not one that was armed again meanwhile."""
        await self._run(
            connection, _POSTPONE, id=timer.id, generation=timer.generation, delay=delay
        )

    async def next_due_in(self, connection: AsyncConnection) -> timedelta | None:
        """How long until the next timer is due (negative: it is); None where none waits."""
        ((due_in,),) = await self._run(connection, _NEXT, kinds=self._kinds)
        return due_in  # type: ignore[no-any-return]

    async def backlog(self, connection: AsyncConnection) -> Backlog:
        """Of all kinds, whoever handles them."""
        (row,) = await self._run(connection, _BACKLOG, counted=COUNTED_UP_TO)
        return Backlog(row.pending, row.failing, row.oldest_overdue)

    async def _run(
        self, connection: AsyncConnection, sql: str, **values: Any
    ) -> Sequence[Row[Any]]:
        if self._offset:
            sql = sql.replace("now()", "(now() + cast(:offset as interval))")
            values["offset"] = self._offset
        result = await connection.execute(text(sql), values)
        return result.all() if result.returns_rows else ()

    def _claimed(self, rows: Sequence[Any]) -> Sequence[Claimed]:
        # By position: on the way of a hundred thousand timers, names cost as much as the database.
        return [
            Claimed(
                DueTimer(
                    id=row[0],
                    owner_id=row[1],
                    conversation_id=row[2],
                    kind=row[3],
                    due_at=row[4],
                    payload=row[5],
                    generation=row[6],
                    attempts=row[7],
                ),
                row[8] + self._offset,
            )
            for row in rows
        ]
