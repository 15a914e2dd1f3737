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
    `surviving_case_id` is the case that goes on where the conversation's own was merged into it.
    """

    case_id: UUID
    conversation_id: UUID
    mention: Mention
    classification: Classification
    team: str
    clocks: tuple[RunningClock, ...] = ()
    is_reopened: bool = False
    surviving_case_id: UUID | None = None


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
    fault: str | None = None


class CaseStateChanged(Part, frozen=True, kw_only=True):
    """A case went from one state to another, by a step of the table (docs/case-life.md).

    `actor` is null where no person did it: a customer wrote, a time was up. `owner` is who is
    responsible now, null for the team's queue (S34). `returns_at` is when it moves on by itself.
    """

    case_id: UUID
    conversation_id: UUID
    from_state: str
    to_state: str
    step: str
    reason: str
    team: str
    actor: Actor | None = None
    owner: Actor | None = None
    returns_at: Moment | None = None


class CaseOwnerChanged(Part, frozen=True, kw_only=True):
    """Somebody else is responsible for the case; null is the team's queue (S34, S35)."""

    case_id: UUID
    conversation_id: UUID
    team: str
    previous: Actor | None
    owner: Actor | None
    reason: str
    actor: Actor | None = None


class CaseHandedOver(Part, frozen=True, kw_only=True):
    """Another team goes on with the case; history and clocks go with it (S30)."""

    case_id: UUID
    conversation_id: UUID
    from_team: str
    team: str
    reason: str
    actor: Actor


class CaseTriaged(Part, frozen=True, kw_only=True):
    """What triage came to (S50): direct_answer, needs_info, needs_department."""

    case_id: UUID
    conversation_id: UUID
    team: str
    outcome: str
    actor: Actor
    note: str | None = None


class CaseMerged(Part, frozen=True, kw_only=True):
    """The case was closed because another one goes on with its matter; its posts go there."""

    case_id: UUID
    conversation_id: UUID
    target_case_id: UUID
    target_conversation_id: UUID
    team: str
    reason: str
    actor: Actor


class CaseUnmerged(Part, frozen=True, kw_only=True):
    """The case is a matter of its own again."""

    case_id: UUID
    conversation_id: UUID
    target_case_id: UUID
    target_conversation_id: UUID
    team: str
    reason: str
    actor: Actor


class IssueAdded(Part, frozen=True, kw_only=True):
    """A person named one more concern of the case; those of a post stand in its classification."""

    issue_id: UUID
    case_id: UUID
    conversation_id: UUID
    team: str
    topic: str
    text: str
    actor: Actor
    department: str | None = None


class IssueSettled(Part, frozen=True, kw_only=True):
    """One concern came to an end: solved, answered, unsolvable, dropped."""

    issue_id: UUID
    case_id: UUID
    conversation_id: UUID
    team: str
    topic: str
    result: str
    note: str
    actor: Actor


class MentionMoved(Part, frozen=True, kw_only=True):
    """A mention's place changed because a person lifted it or corrected its label.

    Places are case, parked, own_post. `case_id` is the case it is in now, `from_case_id` the one
    it was in before.
    """

    mention_id: UUID
    conversation_id: UUID
    from_place: str
    to_place: str
    rule: str
    reason: str
    actor: Actor
    case_id: UUID | None = None
    from_case_id: UUID | None = None
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
    clock_id: UUID | None = None


class ClockBreached(Part, frozen=True, kw_only=True):
    """The deadline passed without what the clock waits for (S48)."""

    case_id: UUID
    conversation_id: UUID
    clock: ClockKind
    team: str
    started_at: Moment
    due_at: Moment
    breached_at: Moment
    clock_id: UUID | None = None


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
    clock_id: UUID | None = None


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


class DepartmentQueryAsked(Part, frozen=True, kw_only=True):
    """A department was asked (S38, S39, S43, S67): where it comes from, link, reach, deadline.

    `reach` counts the readers that the post may have; `priority` is normal or high.
    """

    query_id: UUID
    case_id: UUID
    conversation_id: UUID
    department: str
    question: str
    link: str
    reach: int
    priority: str
    due_at: Moment
    actor: Actor
    origin: str = "social"
    is_free_wording_allowed: bool = True
    issue_id: UUID | None = None


class DepartmentQueryReminded(Part, frozen=True, kw_only=True):
    """The department was reminded; `recipient` is contact or deputy (S51)."""

    query_id: UUID
    case_id: UUID
    conversation_id: UUID
    department: str
    recipient: str
    due_at: Moment
    reminded_at: Moment


class DepartmentQueryAnswered(Part, frozen=True, kw_only=True):
    """The department's answer is in the case, and the case is back at its asker (S51, S68).

    `via` says how it came: api, mail, webhook. `asked_by` is whom it waits for now.
    """

    query_id: UUID
    case_id: UUID
    conversation_id: UUID
    department: str
    answer: str
    answered_by: str
    via: str
    answered_at: Moment
    due_at: Moment
    was_in_time: bool
    asked_by: Actor


class DepartmentQueryUndelivered(Part, frozen=True, kw_only=True):
    """The department cannot be reached over its channel; the asker must find another way.

    `error` is a code (smtp_550, http_410). The query still waits for an answer.
    """

    query_id: UUID
    case_id: UUID
    conversation_id: UUID
    department: str
    error: str
    failed_at: Moment


class DepartmentQueryWithdrawn(Part, frozen=True, kw_only=True):
    """Nobody waits for the answer any more."""

    query_id: UUID
    case_id: UUID
    conversation_id: UUID
    department: str
    actor: Actor
    reason: str


class NextStepChosen(Part, frozen=True, kw_only=True):
    """What the asker does with a department's answer (S68)."""

    query_id: UUID
    case_id: UUID
    conversation_id: UUID
    next_step: str
    actor: Actor


class CaseTransferred(Part, frozen=True, kw_only=True):
    """A classic helpdesk has the matter as a ticket; the case stays ours (S71 to S73).

    `customer_dispatch_id` is the reply that told the customer; `follow_up_at` is when somebody
    looks whether it was really solved.
    """

    transfer_id: UUID
    case_id: UUID
    conversation_id: UUID
    helpdesk: str
    reference: str
    link: str | None
    reason: str
    customer_dispatch_id: UUID
    follow_up_at: Moment
    actor: Actor
    transferred_at: Moment


class TransferFailed(Part, frozen=True, kw_only=True):
    """The helpdesk took no ticket; the case is back with who asked for it."""

    transfer_id: UUID
    case_id: UUID
    conversation_id: UUID
    helpdesk: str
    error: str
    actor: Actor
    failed_at: Moment
