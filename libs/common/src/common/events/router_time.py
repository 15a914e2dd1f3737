"""What the router publishes on `cases.events` about time: clocks, follow-ups, escalation.

The three facts that every clock shares (warned, breached, stopped) are in router.py.
"""

from __future__ import annotations

from uuid import UUID

from common.events.parts import Actor, Moment, Part
from common.events.vocabulary import ClockKind


class ClockStarted(Part, frozen=True, kw_only=True):
    """A clock began that did not begin with a mention: answer, department (S49, S51).

    `subject_id` is what of the case it times, for instance the department query.
    """

    case_id: UUID
    conversation_id: UUID
    clock: ClockKind
    clock_id: UUID
    team: str
    started_at: Moment
    warn_at: Moment
    due_at: Moment
    configuration_version: int
    subject_id: UUID | None = None


class ClockPaused(Part, frozen=True, kw_only=True):
    """The clock stands still; what was counted is kept (S70). `actor` null: policy."""

    case_id: UUID
    conversation_id: UUID
    clock: ClockKind
    clock_id: UUID
    team: str
    paused_at: Moment
    counted_seconds: float
    reason: str
    actor: Actor | None = None


class ClockResumed(Part, frozen=True, kw_only=True):
    """The clock runs on from what was counted. `actor` null: policy."""

    case_id: UUID
    conversation_id: UUID
    clock: ClockKind
    clock_id: UUID
    team: str
    resumed_at: Moment
    counted_seconds: float
    due_at: Moment
    reason: str
    actor: Actor | None = None


class ClockReplanned(Part, frozen=True, kw_only=True):
    """The clock got other terms or another calendar; the counted time is kept.

    The deadlines are null while the clock is paused.
    """

    case_id: UUID
    conversation_id: UUID
    clock: ClockKind
    clock_id: UUID
    team: str
    replanned_at: Moment
    old_due_at: Moment | None
    new_due_at: Moment | None
    reason: str
    configuration_version: int
    actor: Actor | None = None


class ClockWaived(Part, frozen=True, kw_only=True):
    """Nothing is owed any more; a breach that happened stays one (S94). `actor` null: policy."""

    case_id: UUID
    conversation_id: UUID
    clock: ClockKind
    clock_id: UUID
    team: str
    waived_at: Moment
    reason: str
    actor: Actor | None = None


class FollowUpPlanned(Part, frozen=True, kw_only=True):
    """Somebody will look at the case again on a date (S7, S73, S104).

    `source`: person, promise, transfer, policy. `owner` null: the team's queue.
    """

    follow_up_id: UUID
    case_id: UUID
    conversation_id: UUID
    team: str
    source: str
    reason: str
    due_at: Moment
    owner: Actor | None = None
    actor: Actor | None = None


class FollowUpDue(Part, frozen=True, kw_only=True):
    """The date has come: the case is back with `went_to`, owner or deputy; null: the team."""

    follow_up_id: UUID
    case_id: UUID
    conversation_id: UUID
    team: str
    source: str
    reason: str
    due_at: Moment
    rang_at: Moment
    owner: Actor | None = None
    went_to: Actor | None = None


class FollowUpDone(Part, frozen=True, kw_only=True):
    """The follow-up has its result; `was_cancelled`: nobody needs to look any more."""

    follow_up_id: UUID
    case_id: UUID
    conversation_id: UUID
    team: str
    result: str
    done_at: Moment
    was_cancelled: bool = False
    actor: Actor | None = None


class CaseEscalated(Part, frozen=True, kw_only=True):
    """The case went up (S13, S40); `cause`: person, breach, unanswered_contacts."""

    case_id: UUID
    conversation_id: UUID
    team: str
    from_level: int
    to_level: int
    cause: str
    reason: str
    escalated_at: Moment
    actor: Actor | None = None


class CaseDeescalated(Part, frozen=True, kw_only=True):
    """A person took the case down again (S40)."""

    case_id: UUID
    conversation_id: UUID
    team: str
    from_level: int
    to_level: int
    reason: str
    deescalated_at: Moment
    actor: Actor
