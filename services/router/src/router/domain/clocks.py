"""Clocks: what runs, what stops it, and which replies count (S47, S48, S49, S51, S70, S94).

A first-reaction clock runs from the moment the mention was detected; the span since posting is
reported beside it. What decides whether a clock was met is when the reply was sent, not when we
heard of it. How a clock got to where it stands is its ledger (clock_ledger.py).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from router.domain.calendars import Calendar
from router.domain.deadlines import NOTHING, moment_after

FIRST_REACTION = "first_reaction"
ANSWER = "answer"
DEPARTMENT = "department"
FOLLOW_UP = "follow_up"
KINDS = (FIRST_REACTION, ANSWER, DEPARTMENT, FOLLOW_UP)
"""What the router keeps. `review` is a word of the same list; that clock is the responder's."""

PUBLIC = "public"
REACTION_KINDS = frozenset(
    {"answer", "holding", "question", "progress", "correction", "lead_in", "outcome"}
)
"""Kinds of reply that are a first reaction when public (SPEC policy); no_reply is none."""
ANSWER_KINDS = frozenset({"answer", "outcome", "correction"})
"""Kinds that are the answer itself, in public or in private; a holding reply never is (S49)."""
OWING_KINDS = frozenset({"holding", "progress", "lead_in"})
"""Kinds after which the answer is owed: they start the answer clock where none runs."""
ASKING_KINDS = frozenset({"question"})
"""Kinds after which it is the customer's turn: they pause the answer clock (S70)."""


class ClockState(enum.StrEnum):
    """`breached` stays, whatever comes later in time; `waived` means nothing was owed."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    WAIVED = "waived"


TRANSITIONS: Mapping[ClockState, frozenset[ClockState]] = {
    ClockState.RUNNING: frozenset(
        {ClockState.PAUSED, ClockState.MET, ClockState.BREACHED, ClockState.WAIVED}
    ),
    ClockState.PAUSED: frozenset({ClockState.RUNNING, ClockState.MET, ClockState.WAIVED}),
    # The alarm rang while word of a reply sent in time was still on its way to us.
    ClockState.BREACHED: frozenset({ClockState.MET, ClockState.PAUSED}),
    ClockState.MET: frozenset(),
    ClockState.WAIVED: frozenset(),
}


class ReplyMeaning(enum.StrEnum):
    """What a sent reply means to the answer clock."""

    ANSWERED = "answered"
    OWES_ANSWER = "owes_answer"
    ASKS = "asks"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockTerms:
    """What the configuration says of a clock; `warn_share` lies between 0 and 1.

    Without a calendar every second counts. `decisions` start a first-reaction clock.
    """

    duration: timedelta
    warn_share: float
    decisions: frozenset[str] = frozenset()
    calendar: Calendar | None = None

    @property
    def warn_after(self) -> timedelta:
        return self.duration * self.warn_share

    @property
    def fingerprint(self) -> str:
        """The same for terms that come to the same deadlines."""
        calendar = self.calendar.fingerprint if self.calendar else ""
        return f"{self.duration.total_seconds():.6f}|{self.warn_share:.6f}|{calendar}"

    def warn_at(self, started_at: datetime) -> datetime:
        return moment_after(self.calendar, started_at, self.warn_after)

    def due_at(self, started_at: datetime) -> datetime:
        return moment_after(self.calendar, started_at, self.duration)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPolicy:
    """The terms of the clocks that do not start with a mention, and when a case is looked at.

    `follow_up` is the time in which a follow-up that is due must have a result. `look_again` is
    the date of the follow-up that policy plans where nothing else is pending, `look_sooner` the
    same after a breach. `commands` are the kinds that a person may pause, resume and waive.
    """

    answer: ClockTerms
    department: ClockTerms
    follow_up: ClockTerms
    look_again: ClockTerms
    look_sooner: ClockTerms
    commands: frozenset[str] = frozenset({ANSWER, DEPARTMENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A clock as it stands after `seq` entries of its ledger (the start is number 0).

    `counted` is the time that counted until `since`, the last entry that changed the counting.
    `warn_at` and `due_at` are None while it is paused. `stopped_at` is when the first reply that
    counts was sent, `ended_at` when nothing was owed any more, by whichever way.
    """

    clock_id: UUID
    kind: str
    state: ClockState
    terms: ClockTerms
    posted_at: datetime
    started_at: datetime
    since: datetime
    warn_at: datetime | None
    due_at: datetime | None
    counted: timedelta = NOTHING
    warned_at: datetime | None = None
    breached_at: datetime | None = None
    stopped_at: datetime | None = None
    ended_at: datetime | None = None
    configuration_version: int | None = None
    seq: int = 0
    subject_id: UUID | None = field(default=None)

    @property
    def awaits_reaction(self) -> bool:
        """Something is owed still: no answer was sent, nobody waived it."""
        return self.ended_at is None

    @property
    def rings_at(self) -> datetime | None:
        """When it speaks next by itself; None for one that will not."""
        if self.state is not ClockState.RUNNING:
            return None
        return self.due_at if self.warned_at is not None else self.warn_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The effect of a reply on a clock. `is_late_news`: the breach had not been noticed yet."""

    state: ClockState
    was_met: bool
    is_late_news: bool
    seconds_since_detected: float
    seconds_since_posted: float


def is_reaction(*, kind: str, visibility: str, authors: int) -> bool:
    """Whether a sent reply counts as a first reaction: public, of a kind that speaks, by a person.

    Bots and automatic replies have no authors: they never count, whatever they say (S47).
    """
    return visibility == PUBLIC and kind in REACTION_KINDS and authors > 0


def meaning(*, kind: str, authors: int) -> ReplyMeaning:
    """What a sent reply means to the answer clock, in public or in private; only people count."""
    if authors <= 0:
        return ReplyMeaning.NOTHING
    if kind in ANSWER_KINDS:
        return ReplyMeaning.ANSWERED
    if kind in OWING_KINDS:
        return ReplyMeaning.OWES_ANSWER
    return ReplyMeaning.ASKS if kind in ASKING_KINDS else ReplyMeaning.NOTHING


def may_warn(clock: Clock, *, now: datetime) -> bool:
    """A warning is due once, while there is still time to act on it."""
    return (
        clock.state is ClockState.RUNNING
        and clock.warned_at is None
        and clock.warn_at is not None
        and clock.due_at is not None
        and clock.warn_at <= now < clock.due_at
    )


def may_breach(clock: Clock, *, now: datetime) -> bool:
    """A breach is due once, when the deadline has passed and nothing was sent."""
    return clock.state is ClockState.RUNNING and clock.due_at is not None and clock.due_at <= now


def stop(clock: Clock, *, sent_at: datetime) -> Stop | None:
    """What a reply sent at `sent_at` does to the clock; None when it waits for nothing.

    A reply sent in time meets the clock even if the breach has been announced meanwhile; one sent
    too late leaves the breach and is recorded beside it. A paused clock is always met. Clocks of
    machines differ, so a span is never negative.
    """
    if not clock.awaits_reaction:
        return None
    was_met = clock.due_at is None or sent_at <= clock.due_at
    return Stop(
        state=ClockState.MET if was_met else ClockState.BREACHED,
        was_met=was_met,
        is_late_news=not was_met and clock.state is ClockState.RUNNING,
        seconds_since_detected=seconds_between(clock.started_at, sent_at),
        seconds_since_posted=seconds_between(clock.posted_at, sent_at),
    )


def seconds_between(since: datetime, until: datetime) -> float:
    """Never negative."""
    return max(0.0, (until.astimezone(UTC) - since.astimezone(UTC)).total_seconds())
