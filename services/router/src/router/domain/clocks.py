"""Clocks: when they warn, when they are due, and what stops them (S47, S48).

A clock runs from the moment the mention was detected; the span since posting is reported beside
it. What decides whether it was met is when the reply was sent, not when we heard of it.
Calendars and pauses do not exist here yet: every second counts.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_REACTION = "first_reaction"

PUBLIC = "public"
REACTION_KINDS = frozenset(
    {"answer", "holding", "question", "progress", "correction", "lead_in", "outcome"}
)
"""Kinds of reply that are a first reaction when public (SPEC policy); no_reply is none."""


class ClockState(enum.StrEnum):
    """`breached` stays, whatever comes later in time; `waived` means nothing was owed."""

    RUNNING = "running"
    MET = "met"
    BREACHED = "breached"
    WAIVED = "waived"


TRANSITIONS: Mapping[ClockState, frozenset[ClockState]] = {
    ClockState.RUNNING: frozenset({ClockState.MET, ClockState.BREACHED, ClockState.WAIVED}),
    # The alarm rang while word of a reply sent in time was still on its way to us.
    ClockState.BREACHED: frozenset({ClockState.MET}),
    ClockState.MET: frozenset(),
    ClockState.WAIVED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockTerms:
    """What the configuration says of a clock; `warn_share` lies between 0 and 1."""

    duration: timedelta
    warn_share: float
    decisions: frozenset[str]

    def warn_at(self, started_at: datetime) -> datetime:
        return started_at + self.duration * self.warn_share

    def due_at(self, started_at: datetime) -> datetime:
        return started_at + self.duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A clock as it stands; `stopped_at` is when the first reply that counts was sent."""

    state: ClockState
    started_at: datetime
    posted_at: datetime
    warn_at: datetime
    due_at: datetime
    warned_at: datetime | None = None
    breached_at: datetime | None = None
    stopped_at: datetime | None = None

    @property
    def awaits_reaction(self) -> bool:
        """Nothing was sent yet, and something is owed."""
        return self.stopped_at is None and self.state in {ClockState.RUNNING, ClockState.BREACHED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The effect of a reply on a clock. `is_late_news`: the breach had not been noticed yet."""

    state: ClockState
    was_met: bool
    is_late_news: bool
    seconds_since_detected: float
    seconds_since_posted: float


def is_reaction(*, kind: str, visibility: str, authors: int) -> bool:
    """Whether a sent reply counts as a reaction: public, of a kind that speaks, by a person."""
    return visibility == PUBLIC and kind in REACTION_KINDS and authors > 0


def may_warn(clock: Clock, *, now: datetime) -> bool:
    """A warning is due once, while there is still time to act on it."""
    return (
        clock.state is ClockState.RUNNING
        and clock.warned_at is None
        and clock.warn_at <= now < clock.due_at
    )


def may_breach(clock: Clock, *, now: datetime) -> bool:
    """A breach is due once, when the deadline has passed and nothing was sent."""
    return clock.state is ClockState.RUNNING and clock.due_at <= now


def stop(clock: Clock, *, sent_at: datetime) -> Stop | None:
    """What a reply sent at `sent_at` does to the clock; None when it waits for nothing.

    A reply sent in time meets the clock even if the breach has been announced meanwhile; one sent
    too late leaves the breach and is recorded beside it. Clocks of machines differ, so a span is
    never negative.
    """
    if not clock.awaits_reaction:
        return None
    was_met = sent_at <= clock.due_at
    return Stop(
        state=ClockState.MET if was_met else ClockState.BREACHED,
        was_met=was_met,
        is_late_news=not was_met and clock.state is ClockState.RUNNING,
        seconds_since_detected=_seconds(clock.started_at, sent_at),
        seconds_since_posted=_seconds(clock.posted_at, sent_at),
    )


def _seconds(since: datetime, until: datetime) -> float:
    return max(0.0, (until - since).total_seconds())
