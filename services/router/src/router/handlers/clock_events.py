"""The facts about a clock, each with an id that repeats for the same entry of its ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from common.events.envelope import Event, new_event
from common.events.parts import Actor, Part
from common.events.router import ClockBreached, ClockStopped, ClockWarned
from common.events.router_time import (
    ClockPaused,
    ClockReplanned,
    ClockResumed,
    ClockStarted,
    ClockWaived,
)
from common.events.vocabulary import ClockKind
from common.ids import derived_id
from router.domain.clock_ledger import Entry, EntryKind
from router.domain.clocks import FOLLOW_UP, Clock
from router.storage.clock_changes import Change
from router.storage.clocks import CaseClock, NewClock


def started(clock: NewClock, *, team: str, now: datetime) -> Event[ClockStarted]:
    """A clock began that no case event tells of."""
    return new_event(
        ClockStarted(
            case_id=clock.case_id,
            conversation_id=clock.conversation_id,
            clock=ClockKind(clock.kind),
            clock_id=clock.clock_id,
            team=team,
            started_at=clock.started_at,
            warn_at=clock.warn_at,
            due_at=clock.due_at,
            configuration_version=clock.configuration_version,
            subject_id=clock.subject_id,
        ),
        id=derived_id("router", "clock_started", clock.clock_id),
        subject=clock.case_id,
        time=now,
    )


def of(change: Change, *, now: datetime, cause: Event[Any] | None = None) -> list[Event[Any]]:
    """What a change tells the others; a follow-up's own events tell all of it but a breach."""
    kind = change.entry.kind
    if change.after.kind == FOLLOW_UP and kind is not EntryKind.BREACH:
        return []
    fact = _FACTS[kind](change, now)
    return [
        new_event(
            fact,
            id=derived_id("router", "clock_entry", change.after.clock_id, change.after.seq),
            subject=change.before.case_id,
            time=now,
            cause=cause,
        )
    ]


def _where(case: CaseClock) -> dict[str, Any]:
    return {
        "case_id": case.case_id,
        "conversation_id": case.conversation_id,
        "clock": ClockKind(case.clock.kind),
        "clock_id": case.clock.clock_id,
        "team": case.team,
    }


def _span(clock: Clock, at: datetime) -> dict[str, Any]:
    """Start and deadline; a clock that stands still is due whenever it is stopped."""
    return {"started_at": clock.started_at, "due_at": clock.due_at or at}


def _warned(change: Change, now: datetime) -> Part:
    return ClockWarned(
        **_where(change.before), **_span(change.before.clock, now), warned_at=change.entry.at
    )


def _breached(change: Change, now: datetime) -> Part:
    return ClockBreached(
        **_where(change.before), **_span(change.before.clock, now), breached_at=change.entry.at
    )


def _stopped(change: Change, now: datetime) -> Part:
    stop = change.stop
    if stop is None:
        raise ValueError("a stop tells its spans")
    return ClockStopped(
        **_where(change.before),
        **_span(change.before.clock, change.entry.at),
        stopped_at=change.entry.at,
        was_met=stop.was_met,
        seconds_since_detected=stop.seconds_since_detected,
        seconds_since_posted=stop.seconds_since_posted,
        dispatch_id=change.dispatch_id,
    )


def _paused(change: Change, now: datetime) -> Part:
    return ClockPaused(
        **_where(change.before),
        paused_at=change.after.since,
        counted_seconds=change.after.counted.total_seconds(),
        reason=change.entry.reason,
        actor=_actor(change.entry),
    )


def _resumed(change: Change, now: datetime) -> Part:
    return ClockResumed(
        **_where(change.before),
        resumed_at=change.after.since,
        counted_seconds=change.after.counted.total_seconds(),
        due_at=change.after.due_at or now,
        reason=change.entry.reason,
        actor=_actor(change.entry),
    )


def _replanned(change: Change, now: datetime) -> Part:
    return ClockReplanned(
        **_where(change.before),
        replanned_at=change.entry.at,
        old_due_at=change.before.clock.due_at,
        new_due_at=change.after.due_at,
        reason=change.entry.reason,
        configuration_version=change.entry.configuration_version or 0,
        actor=_actor(change.entry),
    )


def _waived(change: Change, now: datetime) -> Part:
    return ClockWaived(
        **_where(change.before),
        waived_at=change.entry.at,
        reason=change.entry.reason,
        actor=_actor(change.entry),
    )


def _actor(entry: Entry) -> Actor | None:
    if entry.actor_id is None or entry.actor_name is None:
        return None
    return Actor(id=entry.actor_id, name=entry.actor_name)


_FACTS = {
    EntryKind.WARN: _warned,
    EntryKind.BREACH: _breached,
    EntryKind.STOP: _stopped,
    EntryKind.PAUSE: _paused,
    EntryKind.RESUME: _resumed,
    EntryKind.REPLAN: _replanned,
    EntryKind.WAIVE: _waived,
}


def first_reaction_id(case_id: UUID) -> UUID:
    """The id of a case's first-reaction clock: the case's own, since it has exactly one."""
    return case_id


def clock_id_of(case_id: UUID, kind: str, cause: object) -> UUID:
    """The id of another clock, repeating for what caused it."""
    return derived_id("router", "clock", case_id, kind, cause)
