"""What the responder publishes on `replies.events`: the life of a draft and of its dispatch.

`content_hash` (hex SHA-256) covers text, recipient, visibility and channel account (S58).
"""

from __future__ import annotations

from uuid import UUID

from common.events.parts import Actor, Moment, Part, Promise
from common.events.vocabulary import NoReplyDisposition, ReplyKind, Visibility


class DraftRevised(Part, frozen=True, kw_only=True):
    """A revision was written; revision 1 begins the draft. Any earlier approval is void."""

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    revision: int
    kind: ReplyKind
    visibility: Visibility
    account: str
    in_reply_to: str
    text: str
    content_hash: str
    actor: Actor
    voided_approval: bool = False


class DraftSubmitted(Part, frozen=True, kw_only=True):
    """A revision was handed in for a second person to read."""

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    revision: int
    content_hash: str
    actor: Actor


class DraftApproved(Part, frozen=True, kw_only=True):
    """A person who wrote no revision of the draft approved exactly these bytes (S58)."""

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    revision: int
    content_hash: str
    actor: Actor


class ApprovalRefused(Part, frozen=True, kw_only=True):
    """Somebody tried to approve and may not: kept so that four eyes can be proven.

    `reason` is a stable code: own_text, stale_revision, not_submitted.
    """

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    revision: int
    reason: str
    actor: Actor


class DraftRejected(Part, frozen=True, kw_only=True):
    """The reviewer sent it back; `reason` is all reasons in one text, `reasons` each by itself."""

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    revision: int
    reason: str
    actor: Actor
    reasons: tuple[str, ...] = ()


class DraftWithdrawn(Part, frozen=True, kw_only=True):
    """The draft was taken back before it was sent."""

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    revision: int
    reason: str
    actor: Actor


class ReplySent(Part, frozen=True, kw_only=True):
    """A reply is on the network under `platform_id`; its authors and approver are named (S102).

    `visibility` is what was asked for and `actual_visibility` what the network made of it.
    """

    dispatch_id: UUID
    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    kind: ReplyKind
    visibility: Visibility
    network: str
    account: str
    in_reply_to: str
    text: str
    content_hash: str
    authors: tuple[Actor, ...]
    approver: Actor | None
    platform_id: str
    sent_at: Moment
    promises: tuple[Promise, ...] = ()
    actual_visibility: Visibility | None = None


class ReplyFailed(Part, frozen=True, kw_only=True):
    """The network said a definite no; nothing was published."""

    dispatch_id: UUID
    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    error: str
    failed_at: Moment


class ReplyOutcomeUnknown(Part, frozen=True, kw_only=True):
    """Nobody can tell whether the reply is on the network: a person or a read-back decides (R2)."""

    dispatch_id: UUID
    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    error: str
    unknown_at: Moment


class NoReplyDecided(Part, frozen=True, kw_only=True):
    """Two persons decided not to answer (S94 to S97): the first-reaction clock is waived."""

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    disposition: NoReplyDisposition
    reason: str
    authors: tuple[Actor, ...]
    approver: Actor
    decided_at: Moment


class ReviewOffered(Part, frozen=True, kw_only=True):
    """Somebody is asked to read a draft until `expires_at`; `reviewer` null asks everybody (S57).

    `round` counts from 1 for each revision.
    """

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    revision: int
    round: int
    team: str
    reviewer: Actor | None
    authors: tuple[Actor, ...]
    expires_at: Moment


class ReviewClaimed(Part, frozen=True, kw_only=True):
    """A person reads the draft now; nobody else decides it until `claimed_until`."""

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    revision: int
    team: str
    actor: Actor
    claimed_until: Moment


class ReviewExpired(Part, frozen=True, kw_only=True):
    """The time for a review ran out: its authors are told, the next one is asked (S57)."""

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    revision: int
    round: int
    team: str
    reviewer: Actor | None
    authors: tuple[Actor, ...]
    expired_at: Moment


class BreakGlassUsed(Part, frozen=True, kw_only=True):
    """A lead let a reply leave that nobody else had read; to be looked at by `review_due_at`."""

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    revision: int
    content_hash: str
    reason: str
    actor: Actor
    review_due_at: Moment


class BreakGlassReviewed(Part, frozen=True, kw_only=True):
    """A second person looked at what left unread, and this is what they found."""

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    revision: int
    finding: str
    actor: Actor


class DraftHeld(Part, frozen=True, kw_only=True):
    """A draft cools off until `held_until`; perhaps a colleague takes over (S60).

    `actor` is a person, or a gate under the id `gate|<rule>`.
    """

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    revision: int
    reason: str
    actor: Actor
    held_until: Moment
    handed_to: Actor | None = None


class DraftHoldEnded(Part, frozen=True, kw_only=True):
    """The cool-off is over; `actor` is null where its time ran out."""

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    revision: int
    ended_at: Moment
    actor: Actor | None = None


class ForwardRequested(Part, frozen=True, kw_only=True):
    """We forward the matter for the customer and tell them so in the draft named (S83)."""

    forward_id: UUID
    case_id: UUID
    conversation_id: UUID
    draft_id: UUID
    department: str
    matter: str
    actor: Actor
    requested_at: Moment


class RequestedField(Part, frozen=True, kw_only=True):
    """One thing the customer is asked for in private, and what it is needed for (S66)."""

    name: str
    purpose: str


class PrivateRequestMade(Part, frozen=True, kw_only=True):
    """The customer is asked for named fields in the private draft named (S66)."""

    request_id: UUID
    case_id: UUID
    conversation_id: UUID
    draft_id: UUID
    fields: tuple[RequestedField, ...]
    actor: Actor


class PrivateValuesRecorded(Part, frozen=True, kw_only=True):
    """Answers were put into the restricted store; their names and never their contents (S66)."""

    case_id: UUID
    conversation_id: UUID
    names: tuple[str, ...]
    delete_after: Moment
    actor: Actor | None = None
    request_id: UUID | None = None


class PrivateValuesRead(Part, frozen=True, kw_only=True):
    """A person looked into the restricted store, and what for."""

    case_id: UUID
    conversation_id: UUID
    names: tuple[str, ...]
    purpose: str
    actor: Actor


class PrivateValuesDeleted(Part, frozen=True, kw_only=True):
    """What lay in the restricted store too long is gone."""

    case_id: UUID
    conversation_id: UUID
    count: int
    deleted_at: Moment


class ModerationProposed(Part, frozen=True, kw_only=True):
    """Somebody wants a post hidden or deleted, or its author blocked, and says why (S106)."""

    moderation_id: UUID
    case_id: UUID
    conversation_id: UUID
    action: str
    network: str
    target: str
    reason: str
    actor: Actor


class ModerationDecided(Part, frozen=True, kw_only=True):
    """A second person agreed or did not."""

    moderation_id: UUID
    case_id: UUID
    conversation_id: UUID
    is_approved: bool
    reason: str
    actor: Actor


class ModerationDone(Part, frozen=True, kw_only=True):
    """The network carried it out, or it is to be done by hand (`outcome`: done, by_hand)."""

    moderation_id: UUID
    case_id: UUID
    conversation_id: UUID
    outcome: str
    done_at: Moment
    actor: Actor | None = None


class GateFinding(Part, frozen=True, kw_only=True):
    """A place in a wording that a gate objects to; `start` and `end` count code points."""

    rule: str
    level: str
    start: int
    end: int


class GatesChecked(Part, frozen=True, kw_only=True):
    """A revision was held against the gates (S63, S77 to S93).

    `individuality` is 0 (a text module) to 1 (made for this case); `takes_up_case` is false where
    nothing of the customer's words is taken up (S54, S79); `redirects` counts pointers elsewhere
    (S45).
    """

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    revision: int
    findings: tuple[GateFinding, ...]
    individuality: float
    takes_up_case: bool
    redirects: int
    checked_at: Moment


class GateLifted(Part, frozen=True, kw_only=True):
    """A person who wrote none of it let a wording pass a gate that blocked it, and says why."""

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    revision: int
    rule: str
    reason: str
    actor: Actor


class GateConfirmed(Part, frozen=True, kw_only=True):
    """A reader said yes to findings that ask for it, irony for instance (S89)."""

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    revision: int
    rules: tuple[str, ...]
    actor: Actor


class GatePolicyChanged(Part, frozen=True, kw_only=True):
    """How an account wants to sound, and how seriously it takes each rule, changed (S93)."""

    stream_id: UUID
    account: str
    version: int
    levels: dict[str, str]
    reason: str
    actor: Actor


class ReferenceAdded(Part, frozen=True, kw_only=True):
    """A piece of knowledge that drafts may refer to (S113); `is_retired` takes it away again."""

    stream_id: UUID
    reference_id: UUID
    title: str
    language: str
    actor: Actor
    url: str | None = None
    is_retired: bool = False


class ReferenceAttached(Part, frozen=True, kw_only=True):
    """A reference was put beside a draft for its readers; its words are not in the text (S80)."""

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    reference_id: UUID
    title: str
    actor: Actor


class SuggestionMade(Part, frozen=True, kw_only=True):
    """A model proposed words for a case; nothing is sent until a person has rewritten them."""

    suggestion_id: UUID
    case_id: UUID
    conversation_id: UUID
    model: str
    actor: Actor
    made_at: Moment
