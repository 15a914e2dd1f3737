"""Why a clock says what it says: its ledger replayed, line by line, against what is stored.

Read only. The replay uses the calendars as they were when each line was written.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from common.errors import NotFoundError
from router.domain.calendars import Span
from router.domain.clock_ledger import (
    Beginning,
    Entry,
    EntryKind,
    Step,
    counted_until,
    explain,
)
from router.domain.clocks import Clock
from router.storage import clock_ledger, clocks, queue

Teams = Collection[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedLine:
    """A line recomputed; `stored_due_at` is the deadline that was written with it."""

    entry: Entry
    counted: timedelta
    added: timedelta
    spans: Sequence[Span]
    old_due_at: datetime | None
    new_due_at: datetime | None
    stored_due_at: datetime | None
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedClock:
    """The stored clock, the replayed one, and the lines that lead there."""

    clock: Clock
    replayed: Clock
    lines: Sequence[ExplainedLine]

    @property
    def agrees(self) -> bool:
        """Whether the replay, and each line, comes to exactly what is stored."""
        return self.replayed == self.clock and all(
            line.new_due_at == line.stored_due_at for line in self.lines
        )


async def clocks_of_case(connection: AsyncConnection, case_id: UUID, teams: Teams) -> list[Clock]:
    """All clocks; NotFoundError for a case that these teams may not see."""
    await _seen(connection, case_id, teams)
    return await clocks.of_case(connection, case_id)


async def explain_clock(
    connection: AsyncConnection, case_id: UUID, clock_id: UUID, teams: Teams
) -> ExplainedClock:
    """The clock explained; NotFoundError where there is none, or none that they may see."""
    await _seen(connection, case_id, teams)
    clock = await clocks.one(connection, case_id, clock_id)
    if clock is None:
        raise NotFoundError("no such clock")
    stored = await clock_ledger.read(connection, clock_id)
    beginning = Beginning(
        clock_id=clock_id,
        kind=clock.kind,
        posted_at=clock.posted_at,
        subject_id=clock.subject_id,
    )
    steps = explain(beginning, [each.row.entry for each in stored])
    lines = [_line(step, each.row.new_due_at) for step, each in zip(steps, stored, strict=True)]
    return ExplainedClock(clock=clock, replayed=steps[-1].after, lines=lines)


async def _seen(connection: AsyncConnection, case_id: UUID, teams: Teams) -> None:
    if await queue.one(connection, case_id, teams) is None:
        raise NotFoundError("no such case")


def _line(step: Step, stored_due_at: datetime | None) -> ExplainedLine:
    before = step.before
    counted = step.after.counted if before is None else counted_until(before, step.entry.at)
    return ExplainedLine(
        entry=step.entry,
        counted=counted,
        added=step.added,
        spans=step.spans,
        old_due_at=before.due_at if before else None,
        new_due_at=step.after.due_at,
        stored_due_at=stored_due_at,
        says=_says(step, counted),
    )


def _says(step: Step, counted: timedelta) -> str:
    after, entry = step.after, step.entry
    terms = after.terms
    by = f"working time of {terms.calendar.name}" if terms.calendar else "calendar time"
    left = max(terms.duration - after.counted, timedelta(0))
    due = after.due_at.isoformat() if after.due_at else "open while it stands still"
    return {
        EntryKind.START: f"{terms.duration} of {by} from {entry.at.isoformat()}: due {due}.",
        EntryKind.PAUSE: f"{step.added} more counted, {after.counted} in all; {left} left.",
        EntryKind.RESUME: f"{left} of {by} left from {after.since.isoformat()}: due {due}.",
        EntryKind.REPLAN: (
            f"{after.counted} counted and kept; {terms.duration} of {by} from now on: due {due}."
        ),
        EntryKind.WARN: f"Warned after {counted}; due {due}.",
        EntryKind.BREACH: f"{counted} passed and nothing came.",
        EntryKind.STOP: f"Stopped after {counted}: {after.state}.",
        EntryKind.WAIVE: f"Nothing owed any more after {counted}: {after.state}.",
    }[entry.kind]
