"""THE list of events: type, topic, shape, who publishes, who consumes, what is personal.

Topics to create, ACLs, docs, AsyncAPI and the contract tests are all generated from it. To add an
event: write its Struct in the publisher's module, add a line here, run `make contracts`, write an
example and what each consumer needs at least (libs/common/contracts).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Type  # noqa: UP035

from common.events import classifier, ingest, responder, router, router_company, router_time
from common.events.parts import Part
from common.events.topics import (
    CASES_EVENTS,
    CRISIS_EVENTS,
    MENTIONS_CLASSIFIED,
    MENTIONS_RAW,
    REPLIES_EVENTS,
    TOPICS,
    Topic,
    dead_letters_of,
)

SERVICES = ("ingest", "classifier", "router", "responder", "audit")

_MENTION = (
    "mention.author",
    "mention.text",
    "mention.url",
    "mention.native_id",
    "mention.in_reply_to",
    "mention.media",
    "mention.title",
    "mention.thread",
)
_CLASSIFIED = (
    *_MENTION,
    "classification.evidence",
    "classification.concerns",
    "classification.already_tried",
)


@dataclass(frozen=True, slots=True)
class EventSpec:
    """One line of the catalogue. `personal` lists the fields that hold personal data."""

    type: str
    data: Type[Part]  # noqa: UP006  (`type` is the field above)
    topic: Topic
    consumers: frozenset[str]
    personal: tuple[str, ...] = ()

    @property
    def producer(self) -> str:
        return self.type.partition(".")[0]

    @property
    def name(self) -> str:
        """The type without its version."""
        return self.type.rpartition(".")[0]

    @property
    def version(self) -> int:
        return int(self.type.rpartition(".v")[2])


def _event(
    type_: str,
    data: type[Part],
    topic: Topic,
    consumers: str,
    *personal: str,
) -> EventSpec:
    return EventSpec(type_, data, topic, frozenset(consumers.split()), tuple(personal))


_ALL = (
    _event(
        "ingest.mention.received.v1",
        ingest.MentionReceived,
        MENTIONS_RAW,
        "classifier audit",
        *_MENTION,
    ),
    _event(
        "classifier.mention.classified.v1",
        classifier.MentionClassified,
        MENTIONS_CLASSIFIED,
        "router audit",
        *_CLASSIFIED,
    ),
    _event(
        "classifier.mention.reclassified.v1",
        classifier.MentionReclassified,
        MENTIONS_CLASSIFIED,
        "router audit",
        *_CLASSIFIED,
        "previous.evidence",
        "previous.concerns",
        "previous.already_tried",
        "actor",
        "reason",
    ),
    _event(
        "classifier.crisis.proposed.v1",
        classifier.CrisisProposed,
        CRISIS_EVENTS,
        "audit",
    ),
    _event(
        "classifier.crisis.switched.v1",
        classifier.CrisisSwitched,
        CRISIS_EVENTS,
        "router responder audit",
        "actor",
        "reason",
        "approvers",
    ),
    _event(
        "classifier.rules.applied.v1",
        classifier.RulesApplied,
        MENTIONS_CLASSIFIED,
        "audit",
        "actor",
        "reason",
    ),
    _event(
        "classifier.model.changed.v1",
        classifier.ModelChanged,
        MENTIONS_CLASSIFIED,
        "audit",
        "actor",
        "reason",
    ),
    _event(
        "classifier.identity.linked.v1",
        classifier.IdentityLinked,
        MENTIONS_CLASSIFIED,
        "audit",
        "members",
        "actor",
        "reason",
    ),
    _event(
        "router.case.opened.v1", router.CaseOpened, CASES_EVENTS, "responder audit", *_CLASSIFIED
    ),
    _event(
        "router.case.continued.v1",
        router.CaseContinued,
        CASES_EVENTS,
        "responder audit",
        *_CLASSIFIED,
    ),
    _event("router.mention.parked.v1", router.MentionParked, CASES_EVENTS, "audit"),
    _event("router.own_post.recorded.v1", router.OwnPostRecorded, CASES_EVENTS, "audit"),
    _event("router.case.claimed.v1", router.CaseClaimed, CASES_EVENTS, "audit", "actor"),
    _event("router.case.released.v1", router.CaseReleased, CASES_EVENTS, "audit", "actor"),
    _event(
        "router.case.closed.v1",
        router.CaseClosed,
        CASES_EVENTS,
        "responder audit",
        "actor",
        "summary",
    ),
    _event(
        "router.case.state_changed.v1",
        router.CaseStateChanged,
        CASES_EVENTS,
        "responder audit",
        "actor",
        "owner",
        "reason",
    ),
    _event(
        "router.case.owner_changed.v1",
        router.CaseOwnerChanged,
        CASES_EVENTS,
        "audit",
        "actor",
        "owner",
        "previous",
        "reason",
    ),
    _event(
        "router.case.handed_over.v1",
        router.CaseHandedOver,
        CASES_EVENTS,
        "audit",
        "actor",
        "reason",
    ),
    _event("router.case.triaged.v1", router.CaseTriaged, CASES_EVENTS, "audit", "actor", "note"),
    _event(
        "router.case.merged.v1",
        router.CaseMerged,
        CASES_EVENTS,
        "responder audit",
        "actor",
        "reason",
    ),
    _event(
        "router.case.unmerged.v1",
        router.CaseUnmerged,
        CASES_EVENTS,
        "responder audit",
        "actor",
        "reason",
    ),
    _event("router.issue.added.v1", router.IssueAdded, CASES_EVENTS, "audit", "actor", "text"),
    _event("router.issue.settled.v1", router.IssueSettled, CASES_EVENTS, "audit", "actor", "note"),
    _event(
        "router.mention.moved.v1", router.MentionMoved, CASES_EVENTS, "audit", "actor", "reason"
    ),
    _event("router.clock.warned.v1", router.ClockWarned, CASES_EVENTS, "audit"),
    _event("router.clock.breached.v1", router.ClockBreached, CASES_EVENTS, "audit"),
    _event("router.clock.stopped.v1", router.ClockStopped, CASES_EVENTS, "audit"),
    _event("router.clock.started.v1", router_time.ClockStarted, CASES_EVENTS, "audit"),
    _event(
        "router.clock.paused.v1", router_time.ClockPaused, CASES_EVENTS, "audit", "reason", "actor"
    ),
    _event(
        "router.clock.resumed.v1",
        router_time.ClockResumed,
        CASES_EVENTS,
        "audit",
        "reason",
        "actor",
    ),
    _event(
        "router.clock.replanned.v1",
        router_time.ClockReplanned,
        CASES_EVENTS,
        "audit",
        "reason",
        "actor",
    ),
    _event(
        "router.clock.waived.v1", router_time.ClockWaived, CASES_EVENTS, "audit", "reason", "actor"
    ),
    _event(
        "router.follow_up.planned.v1",
        router_time.FollowUpPlanned,
        CASES_EVENTS,
        "audit",
        "reason",
        "owner",
        "actor",
    ),
    _event(
        "router.follow_up.due.v1",
        router_time.FollowUpDue,
        CASES_EVENTS,
        "audit",
        "reason",
        "owner",
        "went_to",
    ),
    _event(
        "router.follow_up.done.v1",
        router_time.FollowUpDone,
        CASES_EVENTS,
        "audit",
        "result",
        "actor",
    ),
    _event(
        "router.case.escalated.v1",
        router_time.CaseEscalated,
        CASES_EVENTS,
        "audit",
        "reason",
        "actor",
    ),
    _event(
        "router.case.deescalated.v1",
        router_time.CaseDeescalated,
        CASES_EVENTS,
        "audit",
        "reason",
        "actor",
    ),
    _event(
        "router.department_query.asked.v1",
        router.DepartmentQueryAsked,
        CASES_EVENTS,
        "audit",
        "question",
        "link",
        "actor",
    ),
    _event(
        "router.department_query.reminded.v1", router.DepartmentQueryReminded, CASES_EVENTS, "audit"
    ),
    _event(
        "router.department_query.answered.v1",
        router.DepartmentQueryAnswered,
        CASES_EVENTS,
        "responder audit",
        "answer",
        "answered_by",
        "asked_by",
    ),
    _event(
        "router.department_query.undelivered.v1",
        router.DepartmentQueryUndelivered,
        CASES_EVENTS,
        "audit",
    ),
    _event(
        "router.department_query.withdrawn.v1",
        router.DepartmentQueryWithdrawn,
        CASES_EVENTS,
        "audit",
        "actor",
        "reason",
    ),
    _event(
        "router.department_query.next_step_chosen.v1",
        router.NextStepChosen,
        CASES_EVENTS,
        "audit",
        "actor",
    ),
    _event(
        "router.case.transferred.v1",
        router.CaseTransferred,
        CASES_EVENTS,
        "audit",
        "reason",
        "actor",
        "link",
    ),
    _event("router.transfer.failed.v1", router.TransferFailed, CASES_EVENTS, "audit", "actor"),
    _event("router.case.offered.v1", router_company.CaseOffered, CASES_EVENTS, "audit", "person"),
    _event(
        "router.action.requested.v1",
        router_company.ActionRequested,
        CASES_EVENTS,
        "audit",
        "actor",
        "parameters",
    ),
    _event(
        "router.action.confirmed.v1",
        router_company.ActionConfirmed,
        CASES_EVENTS,
        "audit",
        "actor",
        "note",
    ),
    _event(
        "router.action.refused.v1",
        router_company.ActionRefused,
        CASES_EVENTS,
        "audit",
        "actor",
        "note",
    ),
    _event("router.action.overdue.v1", router_company.ActionOverdue, CASES_EVENTS, "audit"),
    _event(
        "router.customer.accessed.v1",
        router_company.CustomerAccessed,
        CASES_EVENTS,
        "audit",
        "actor",
        "purpose",
    ),
    _event(
        "router.configuration.applied.v1",
        router.ConfigurationApplied,
        CASES_EVENTS,
        "responder audit",
        "actor",
        "people",
    ),
    _event(
        "responder.draft.revised.v1",
        responder.DraftRevised,
        REPLIES_EVENTS,
        "audit",
        "actor",
        "text",
        "in_reply_to",
    ),
    _event(
        "responder.draft.submitted.v1", responder.DraftSubmitted, REPLIES_EVENTS, "audit", "actor"
    ),
    _event(
        "responder.draft.approved.v1", responder.DraftApproved, REPLIES_EVENTS, "audit", "actor"
    ),
    _event(
        "responder.approval.refused.v1",
        responder.ApprovalRefused,
        REPLIES_EVENTS,
        "audit",
        "actor",
    ),
    _event(
        "responder.draft.rejected.v1",
        responder.DraftRejected,
        REPLIES_EVENTS,
        "audit",
        "actor",
        "reason",
        "reasons",
    ),
    _event(
        "responder.draft.withdrawn.v1",
        responder.DraftWithdrawn,
        REPLIES_EVENTS,
        "audit",
        "actor",
        "reason",
    ),
    _event(
        "responder.reply.sent.v1",
        responder.ReplySent,
        REPLIES_EVENTS,
        "router audit",
        "authors",
        "approver",
        "text",
        "in_reply_to",
        "platform_id",
        "promises",
    ),
    _event(
        "responder.no_reply.decided.v1",
        responder.NoReplyDecided,
        REPLIES_EVENTS,
        "router audit",
        "reason",
        "authors",
        "approver",
    ),
    _event(
        "responder.review.offered.v1",
        responder.ReviewOffered,
        REPLIES_EVENTS,
        "audit",
        "reviewer",
        "authors",
    ),
    _event(
        "responder.review.claimed.v1", responder.ReviewClaimed, REPLIES_EVENTS, "audit", "actor"
    ),
    _event(
        "responder.review.expired.v1",
        responder.ReviewExpired,
        REPLIES_EVENTS,
        "audit",
        "reviewer",
        "authors",
    ),
    _event(
        "responder.break_glass.used.v1",
        responder.BreakGlassUsed,
        REPLIES_EVENTS,
        "audit",
        "actor",
        "reason",
    ),
    _event(
        "responder.break_glass.reviewed.v1",
        responder.BreakGlassReviewed,
        REPLIES_EVENTS,
        "audit",
        "actor",
        "finding",
    ),
    _event(
        "responder.draft.held.v1",
        responder.DraftHeld,
        REPLIES_EVENTS,
        "audit",
        "actor",
        "reason",
        "handed_to",
    ),
    _event(
        "responder.draft.hold_ended.v1",
        responder.DraftHoldEnded,
        REPLIES_EVENTS,
        "audit",
        "actor",
    ),
    _event(
        "responder.forward.requested.v1",
        responder.ForwardRequested,
        REPLIES_EVENTS,
        "router audit",
        "matter",
        "actor",
    ),
    _event(
        "responder.private_request.made.v1",
        responder.PrivateRequestMade,
        REPLIES_EVENTS,
        "audit",
        "actor",
    ),
    _event(
        "responder.private_values.recorded.v1",
        responder.PrivateValuesRecorded,
        REPLIES_EVENTS,
        "audit",
        "actor",
    ),
    _event(
        "responder.private_values.read.v1",
        responder.PrivateValuesRead,
        REPLIES_EVENTS,
        "audit",
        "actor",
        "purpose",
    ),
    _event(
        "responder.private_values.deleted.v1",
        responder.PrivateValuesDeleted,
        REPLIES_EVENTS,
        "audit",
    ),
    _event(
        "responder.moderation.proposed.v1",
        responder.ModerationProposed,
        REPLIES_EVENTS,
        "audit",
        "actor",
        "reason",
        "target",
    ),
    _event(
        "responder.moderation.decided.v1",
        responder.ModerationDecided,
        REPLIES_EVENTS,
        "audit",
        "actor",
        "reason",
    ),
    _event(
        "responder.moderation.done.v1",
        responder.ModerationDone,
        REPLIES_EVENTS,
        "audit",
        "actor",
    ),
    _event("responder.reply.failed.v1", responder.ReplyFailed, REPLIES_EVENTS, "audit"),
    _event(
        "responder.reply.outcome_unknown.v1",
        responder.ReplyOutcomeUnknown,
        REPLIES_EVENTS,
        "audit",
    ),
    _event("responder.gates.checked.v1", responder.GatesChecked, REPLIES_EVENTS, "audit"),
    _event(
        "responder.gate.lifted.v1", responder.GateLifted, REPLIES_EVENTS, "audit", "actor", "reason"
    ),
    _event(
        "responder.gate.confirmed.v1", responder.GateConfirmed, REPLIES_EVENTS, "audit", "actor"
    ),
    _event(
        "responder.gate_policy.changed.v1",
        responder.GatePolicyChanged,
        REPLIES_EVENTS,
        "audit",
        "actor",
        "reason",
    ),
    _event(
        "responder.reference.added.v1", responder.ReferenceAdded, REPLIES_EVENTS, "audit", "actor"
    ),
    _event(
        "responder.reference.attached.v1",
        responder.ReferenceAttached,
        REPLIES_EVENTS,
        "audit",
        "actor",
    ),
    _event(
        "responder.suggestion.made.v1", responder.SuggestionMade, REPLIES_EVENTS, "audit", "actor"
    ),
)

CATALOG: Mapping[str, EventSpec] = {spec.type: spec for spec in _ALL}
TYPE_OF: Mapping[type[Part], str] = {spec.data: spec.type for spec in _ALL}


def consumed_topics(service: str) -> tuple[Topic, ...]:
    """The topics from which `service` consumes at least one event, in pipeline order."""
    wanted = {spec.topic for spec in CATALOG.values() if service in spec.consumers}
    return tuple(topic for topic in TOPICS if topic in wanted)


def all_topics() -> tuple[Topic, ...]:
    """Every topic of the house, dead-letter topics included: what a broker must have."""
    dead = tuple(
        dead_letters_of(topic, service)
        for service in SERVICES
        for topic in consumed_topics(service)
    )
    return TOPICS + dead
