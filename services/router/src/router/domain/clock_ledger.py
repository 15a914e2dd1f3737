"""The ledger of a clock: what happened to it, entry by entry, and what follows from that.

`apply` is the only way in which a clock changes, so that a clock as it is stored is exactly its
ledger replayed. Time that was counted is never lost: a pause keeps it, a re-plan keeps it whatever
the new terms and calendar are (SPEC, what no comparable system has, 6). Nothing moves back in
time: an entry that we hear of late counts from the last one that changed the counting.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from common.errors import ConflictError
from router.domain.calendars import Span
from router.domain.clocks import Clock, ClockState, ClockTerms
from router.domain.deadlines import NOTHING, counted, counted_spans, moment_after

MOST_SPANS = 60


class EntryKind(enum.StrEnum):
    """What can stand in a ledger."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    REPLAN = "replan"
    STOP = "stop"
    WAIVE = "waive"
    WARN = "warn"
    BREACH = "breach"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line. `terms` stand in start and re-plan entries only.

    `at` is the moment it counts from: of a stop, when the reply was sent.
    """

    kind: EntryKind
    at: datetime
    reason: str = ""
    terms: ClockTerms | None = None
    actor_id: str | None = None
    actor_name: str | None = None
    configuration_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What a clock is before its first entry."""

    clock_id: UUID
    kind: str
    posted_at: datetime
    subject_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of an explanation: the entry, and the clock before (None at first) and after it.

    `added` is the time that counted since the line before, `spans` the working time in which it
    did (at most 60; none without a calendar).
    """

    entry: Entry
    before: Clock | None
    after: Clock
    added: timedelta
    spans: tuple[Span, ...]


def start(beginning: Beginning, entry: Entry) -> Clock:
    """The clock after its first entry; ValueError for one without terms."""
    terms = _terms(entry)
    return Clock(
        clock_id=beginning.clock_id,
        kind=beginning.kind,
        subject_id=beginning.subject_id,
        state=ClockState.RUNNING,
        terms=terms,
        posted_at=beginning.posted_at,
        started_at=entry.at,
        since=entry.at,
        warn_at=terms.warn_at(entry.at),
        due_at=terms.due_at(entry.at),
        configuration_version=entry.configuration_version,
    )


def apply(clock: Clock, entry: Entry) -> Clock:
    """The clock after one more entry; ConflictError for one that its state does not allow."""
    after = _CHANGES[entry.kind](clock, entry)
    return replace(after, seq=clock.seq + 1)


def replay(beginning: Beginning, entries: Sequence[Entry]) -> Clock:
    """The clock that these entries make; the first must be a start."""
    return explain(beginning, entries)[-1].after


def explain(beginning: Beginning, entries: Sequence[Entry]) -> list[Step]:
    """The same, step by step, with the time that counted between the lines."""
    steps: list[Step] = []
    clock: Clock | None = None
    for entry in entries:
        before = clock
        clock = start(beginning, entry) if clock is None else apply(clock, entry)
        added, spans = _counted_by(before, entry)
        steps.append(Step(entry=entry, before=before, after=clock, added=added, spans=spans))
    return steps


def counted_until(clock: Clock, at: datetime) -> timedelta:
    """All the time that has counted until `at`, pauses left out."""
    if clock.due_at is None:
        return clock.counted
    return clock.counted + counted(clock.terms.calendar, clock.since, at)


def may_pause(clock: Clock, *, at: datetime) -> bool:
    """A pause is possible while time was left at `at`, even if the breach was told meanwhile."""
    return (
        clock.awaits_reaction
        and clock.state in {ClockState.RUNNING, ClockState.BREACHED}
        and clock.due_at is not None
        and at < clock.due_at
    )


def _pause(clock: Clock, entry: Entry) -> Clock:
    if not may_pause(clock, at=entry.at):
        raise _refused(clock, entry)
    at = max(entry.at, clock.since)
    return replace(
        clock,
        state=ClockState.PAUSED,
        counted=counted_until(clock, at),
        since=at,
        warn_at=None,
        due_at=None,
        breached_at=None,
    )


def _resume(clock: Clock, entry: Entry) -> Clock:
    if clock.state is not ClockState.PAUSED:
        raise _refused(clock, entry)
    return _running(replace(clock, since=max(entry.at, clock.since)))


def _replan(clock: Clock, entry: Entry) -> Clock:
    if clock.state not in {ClockState.RUNNING, ClockState.PAUSED}:
        raise _refused(clock, entry)
    at = max(entry.at, clock.since)
    planned = replace(
        clock,
        terms=_terms(entry),
        counted=counted_until(clock, at),
        since=at,
        configuration_version=entry.configuration_version,
    )
    if clock.state is ClockState.PAUSED:
        return planned
    running = _running(planned)
    # A deadline that moves away is warned of again.
    is_warned_again = running.warn_at is not None and running.warn_at > at
    return replace(running, warned_at=None) if is_warned_again else running


def _stop(clock: Clock, entry: Entry) -> Clock:
    if not clock.awaits_reaction:
        raise _refused(clock, entry)
    was_met = clock.due_at is None or entry.at <= clock.due_at
    return replace(
        clock,
        state=ClockState.MET if was_met else ClockState.BREACHED,
        stopped_at=entry.at,
        ended_at=entry.at,
    )


def _waive(clock: Clock, entry: Entry) -> Clock:
    if not clock.awaits_reaction:
        raise _refused(clock, entry)
    is_breached = clock.state is ClockState.BREACHED
    state = ClockState.BREACHED if is_breached else ClockState.WAIVED
    return replace(clock, state=state, ended_at=entry.at)


def _warn(clock: Clock, entry: Entry) -> Clock:
    if clock.state is not ClockState.RUNNING or clock.warned_at is not None:
        raise _refused(clock, entry)
    return replace(clock, warned_at=entry.at)


def _breach(clock: Clock, entry: Entry) -> Clock:
    if clock.state is not ClockState.RUNNING:
        raise _refused(clock, entry)
    return replace(clock, state=ClockState.BREACHED, breached_at=entry.at)


def _again(clock: Clock, entry: Entry) -> Clock:
    raise _refused(clock, entry)


_CHANGES = {
    EntryKind.START: _again,
    EntryKind.PAUSE: _pause,
    EntryKind.RESUME: _resume,
    EntryKind.REPLAN: _replan,
    EntryKind.STOP: _stop,
    EntryKind.WAIVE: _waive,
    EntryKind.WARN: _warn,
    EntryKind.BREACH: _breach,
}
_COUNTING = frozenset({EntryKind.PAUSE, EntryKind.REPLAN, EntryKind.STOP, EntryKind.WAIVE})


def _running(clock: Clock) -> Clock:
    terms = clock.terms
    until_warning = max(NOTHING, terms.warn_after - clock.counted)
    until_due = max(NOTHING, terms.duration - clock.counted)
    return replace(
        clock,
        state=ClockState.RUNNING,
        warn_at=moment_after(terms.calendar, clock.since, until_warning),
        due_at=moment_after(terms.calendar, clock.since, until_due),
    )


def _terms(entry: Entry) -> ClockTerms:
    if entry.terms is None:
        raise ValueError(f"an entry that says {entry.kind} needs terms")
    return entry.terms


def _counted_by(before: Clock | None, entry: Entry) -> tuple[timedelta, tuple[Span, ...]]:
    """What counted since the last counting entry, where this one settles it."""
    if before is None or before.due_at is None or entry.kind not in _COUNTING:
        return NOTHING, ()
    added = counted(before.terms.calendar, before.since, entry.at)
    if before.terms.calendar is None:
        return added, ()
    spans = counted_spans(before.terms.calendar, before.since, entry.at)
    return added, tuple(spans[:MOST_SPANS])


def _refused(clock: Clock, entry: Entry) -> ConflictError:
    return ConflictError(
        f"a {clock.kind} clock that is {clock.state} does not allow: {entry.kind}",
        code=f"clock_is_{clock.state}",
        details={"state": clock.state.value, "step": entry.kind.value},
    )
