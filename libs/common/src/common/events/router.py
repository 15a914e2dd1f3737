"""What the router publishes on `cases.events`: where every mention went, and the case's life.

Exactly one of `CaseOpened`, `CaseContinued`, `MentionParked`, `OwnPostRecorded` follows each
classified mention (S28).
"""

from __future__ import annotations

from uuid import UUID

from common.events.parts import (
    Actor,
    Classification,
    Mention,
    Moment,
    Part,
    Person,
    RunningClock,
)
from common.events.vocabulary import ClockKind


class CaseOpened(Part, frozen=True, kw_only=True):
    """A case began with this mention: one team, the reason for it, and its clocks (S28, S31, S47).

    `rule` and `configuration_version` name what decided (S37). `linked_case_id` is an earlier,
    closed case of the same conversation that was too old to be reopened.
    """

    case_id: UUID
    conversation_id: UUID
    mention: Mention
    classification: Classification
    team: str
    reason: str
    rule: str
    configuration_version: int
    clocks: tuple[RunningClock, ...]
    linked_case_id: UUID | None = None


class CaseContinued(Part, frozen=True, kw_only=True):
    """A mention joined the open case of its conversation, or reopened its last one.

    `clocks` are those that it started: a service matter in a case that had none so far (S47).
    """

    case_id: UUID
    conversation_id: UUID
    mention: Mention
    classification: Classification
    team: str
    clocks: tuple[RunningClock, ...] = ()
    is_reopened: bool = False


class MentionParked(Part, frozen=True, kw_only=True):
    """A mention was kept without a case (SPEC policy): searchable, counted, no clock."""

    mention_id: UUID
    conversation_id: UUID
    reason: str
    rule: str
    configuration_version: int


class OwnPostRecorded(Part, frozen=True, kw_only=True):
    """A post of an own or partner account was noted; it never opens a case (SPEC policy)."""

    mention_id: UUID
    conversation_id: UUID
    reason: str


class CaseClaimed(Part, frozen=True, kw_only=True):
    """A person holds the case until the lease ends (S35, S36)."""

    case_id: UUID
    conversation_id: UUID
    actor: Actor
    lease_until: Moment
    team: str | None = None


class CaseReleased(Part, frozen=True, kw_only=True):
    """The claim ended: given back, or the lease ran out (`reason`: released, expired)."""

    case_id: UUID
    conversation_id: UUID
    actor: Actor
    reason: str
    team: str | None = None


class CaseClosed(Part, frozen=True, kw_only=True):
    """The case reached its final state with outcome, cause and summary (S107)."""

    case_id: UUID
    conversation_id: UUID
    actor: Actor
    outcome: str
    cause: str
    summary: str
    closed_at: Moment
    team: str | None = None


class ClockWarned(Part, frozen=True, kw_only=True):
    """A share of the clock's time (70 % unless configured) has passed without what it waits for."""

    case_id: UUID
    conversation_id: UUID
    clock: ClockKind
    team: str
    started_at: Moment
    due_at: Moment
    warned_at: Moment


class ClockBreached(Part, frozen=True, kw_only=True):
    """The deadline passed without what the clock waits for (S48)."""

    case_id: UUID
    conversation_id: UUID
    clock: ClockKind
    team: str
    started_at: Moment
    due_at: Moment
    breached_at: Moment


class ClockStopped(Part, frozen=True, kw_only=True):
    """What the clock waited for has happened. Both spans are in seconds (S47)."""

    case_id: UUID
    conversation_id: UUID
    clock: ClockKind
    team: str
    started_at: Moment
    due_at: Moment
    stopped_at: Moment
    was_met: bool
    seconds_since_detected: float
    seconds_since_posted: float
    dispatch_id: UUID | None = None


class ConfigurationApplied(Part, frozen=True, kw_only=True):
    """A version of the configuration came into force (S119); what other services need of it.

    `topics` are the ids that concerns may name.
    """

    stream_id: UUID
    version: int
    actor: Actor
    applied_at: Moment
    people: tuple[Person, ...] = ()
    topics: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
