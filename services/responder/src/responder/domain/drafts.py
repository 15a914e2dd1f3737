"""The life of a draft: which step is allowed in which state, and who may take it (S57 to S59).

The database holds the same rules a second time (migration 0001); here they get words that people
understand. Every function judges a draft whose row the caller has locked.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.errors import ConflictError, ForbiddenError, PreconditionFailedError
from responder.domain.content import Content
from responder.domain.persons import Person
from responder.domain.words import Audience, DispatchState, DraftState, Kind


class Step(enum.StrEnum):
    """What can be done to a draft."""

    REVISE = "revise"
    SUBMIT = "submit"
    CLEAR = "clear"
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"


_S = DraftState
TRANSITIONS: Mapping[tuple[DraftState, Step], DraftState] = {
    (_S.WRITING, Step.REVISE): _S.WRITING,
    (_S.SUBMITTED, Step.REVISE): _S.WRITING,
    (_S.APPROVED, Step.REVISE): _S.WRITING,
    (_S.CLEARED, Step.REVISE): _S.WRITING,
    (_S.REJECTED, Step.REVISE): _S.WRITING,
    (_S.WRITING, Step.SUBMIT): _S.SUBMITTED,
    (_S.WRITING, Step.CLEAR): _S.CLEARED,
    (_S.SUBMITTED, Step.APPROVE): _S.APPROVED,
    (_S.SUBMITTED, Step.REJECT): _S.REJECTED,
    (_S.WRITING, Step.WITHDRAW): _S.WITHDRAWN,
    (_S.SUBMITTED, Step.WITHDRAW): _S.WITHDRAWN,
    (_S.APPROVED, Step.WITHDRAW): _S.WITHDRAWN,
    (_S.CLEARED, Step.WITHDRAW): _S.WITHDRAWN,
    (_S.REJECTED, Step.WITHDRAW): _S.WITHDRAWN,
}
_DONE: Mapping[Step, str] = {
    Step.REVISE: "rewritten",
    Step.SUBMIT: "submitted",
    Step.CLEAR: "submitted",
    Step.APPROVE: "approved",
    Step.REJECT: "rejected",
    Step.WITHDRAW: "withdrawn",
}
_WAY_ON: Mapping[DraftState, str] = {
    _S.WRITING: "submit it first",
    _S.SUBMITTED: "it waits for its reader",
    _S.REJECTED: "write a new wording first",
    _S.APPROVED: "it leaves as it is, unless it is rewritten or withdrawn in time",
    _S.CLEARED: "it leaves as it is, unless it is rewritten or withdrawn in time",
    _S.WITHDRAWN: "write a new draft",
}
# Once a byte may be on its way nothing can be taken back; what failed for certain can be rewritten.
_BEYOND_RECALL = frozenset({DispatchState.SENDING, DispatchState.SENT, DispatchState.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One immutable wording of a draft."""

    number: int
    content: Content
    content_hash: bytes
    author: Person
    written_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A draft with its latest revision.

    `lead_in_draft_id` is the public half of a pair whose private half this is (S61, S64).
    `dispatch` is the state of its last dispatch, if any; `approver` approved the latest revision.
    """

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    state: DraftState
    version: int
    latest: Revision
    authors: tuple[Person, ...]
    approver: Person | None
    dispatch: DispatchState | None
    created_at: datetime
    submitted_at: datetime | None
    lead_in_draft_id: UUID | None = None

    def is_written_by(self, person: Person) -> bool:
        """Whether this person wrote any revision; persons are compared by id alone."""
        return any(author.id == person.id for author in self.authors)


def after(draft: Draft, step: Step) -> DraftState:
    """The state after the step.

    Raises ConflictError `illegal_step`, `already_sent` or, for a no-reply, `already_decided`.
    """
    if step in (Step.REVISE, Step.WITHDRAW) and draft.dispatch in _BEYOND_RECALL:
        raise ConflictError(
            f"the reply is {draft.dispatch} and can no longer be changed", code="already_sent"
        )
    is_no_reply = draft.latest.content.kind is Kind.NO_REPLY
    if is_no_reply and draft.state is DraftState.APPROVED:
        raise ConflictError("the no-reply is decided", code="already_decided")
    target = TRANSITIONS.get((draft.state, step))
    if target is None:
        raise ConflictError(
            f"the draft is {draft.state} and cannot be {_DONE[step]}: {_WAY_ON[draft.state]}",
            code="illegal_step",
        )
    return target


def is_open(draft: Draft, step: Step) -> bool:
    """Whether the step could be taken now."""
    try:
        after(draft, step)
    except ConflictError:
        return False
    return True


def require_may_withdraw(draft: Draft, person: Person, *, roles: frozenset[str]) -> None:
    """Raises ForbiddenError `not_author` unless the person wrote in it or leads the team."""
    if not draft.is_written_by(person) and "lead" not in roles:
        raise ForbiddenError("only its authors and a lead withdraw a draft", code="not_author")


def require_human(person: Person) -> None:
    """Raises ForbiddenError `service_account` unless a person acts (RELIABILITY 9.5)."""
    if not person.is_human:
        raise ForbiddenError(
            "service accounts neither write nor approve replies", code="service_account"
        )


def require_version(draft: Draft, version: int) -> None:
    """Raises PreconditionFailedError when the caller read another version than this one."""
    if draft.version != version:
        raise PreconditionFailedError(
            f"the draft is at version {draft.version}, not {version}", code="stale_draft"
        )


class Review(enum.StrEnum):
    """Whether a second person must read a reply before it leaves."""

    REQUIRED = "required"
    OPTIONAL = "optional"


def review_of(content: Content, *, policy_for_private: Review, asked: Review) -> Review:
    """What this reply needs: public always a reader; private by policy or when asked (S58, S59)."""
    if content.visibility is Audience.PUBLIC:
        return Review.REQUIRED
    return Review.REQUIRED if Review.REQUIRED in (policy_for_private, asked) else Review.OPTIONAL


class Refusal(enum.StrEnum):
    """Why somebody may not approve: the stable codes of `ApprovalRefused` and of the problem."""

    OWN_TEXT = "own_text"
    STALE_REVISION = "stale_revision"
    NOT_SUBMITTED = "not_submitted"
    NOT_CERTIFIED = "not_certified"
    NOT_NAMED = "not_named"
    REVIEW_CLAIMED = "review_claimed"
    ON_HOLD = "on_hold"
    LEAD_REQUIRED = "lead_required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What speaks for or against a reader and a moment, besides the draft itself.

    `is_named` is about a crisis (S26), `holder` has claimed the review (S57), `held_until` is a
    cool-off (S60), `needs_lead` the third offer (S96) read by somebody who leads nobody.
    """

    is_certified: bool = True
    is_named: bool = True
    holder: Person | None = None
    held_until: datetime | None = None
    needs_lead: bool = False


NOTHING_AGAINST = Standing()


def refuse_approval(
    draft: Draft,
    reader: Person,
    *,
    revision: int,
    content_hash: bytes,
    standing: Standing = NOTHING_AGAINST,
) -> Refusal | None:
    """Why this reader may not approve what they say they read; None when they may (S58).

    Own text is asked first: whoever wrote a revision hears that, whatever else is wrong.
    """
    if draft.is_written_by(reader):
        return Refusal.OWN_TEXT
    if (revision, content_hash) != (draft.latest.number, draft.latest.content_hash):
        return Refusal.STALE_REVISION
    if draft.state is not DraftState.SUBMITTED:
        return Refusal.NOT_SUBMITTED
    return refuse_reader(reader, standing)


def refuse_reader(reader: Person, standing: Standing) -> Refusal | None:
    """What is against this reader or this moment, whatever was written."""
    if not standing.is_certified:
        return Refusal.NOT_CERTIFIED
    if not standing.is_named:
        return Refusal.NOT_NAMED
    if standing.needs_lead:
        return Refusal.LEAD_REQUIRED
    if standing.holder is not None and standing.holder.id != reader.id:
        return Refusal.REVIEW_CLAIMED
    return Refusal.ON_HOLD if standing.held_until is not None else None


_NOT_THEY = {
    Refusal.OWN_TEXT: "nobody approves a text of which they wrote a revision",
    Refusal.NOT_CERTIFIED: "public replies are read by people who hold a certificate",
    Refusal.NOT_NAMED: "in a crisis only the people named for it approve",
    Refusal.LEAD_REQUIRED: "after two offers a third one needs a lead",
}


def refusal_error(
    refusal: Refusal, draft: Draft, standing: Standing = NOTHING_AGAINST
) -> ForbiddenError | ConflictError:
    """The refusal as the error that the API answers with: 403 for the person, else 409."""
    if refusal in _NOT_THEY:
        return ForbiddenError(_NOT_THEY[refusal], code=refusal.value)
    if refusal is Refusal.REVIEW_CLAIMED and standing.holder is not None:
        return ConflictError(
            f"{standing.holder.name} is reading it",
            code=refusal.value,
            details={"holder": standing.holder.name},
        )
    if refusal is Refusal.ON_HOLD and standing.held_until is not None:
        return ConflictError(
            "the draft cools off",
            code=refusal.value,
            details={"until": standing.held_until.isoformat()},
        )
    if refusal is Refusal.STALE_REVISION:
        return ConflictError(
            f"another wording was read; revision {draft.latest.number} is the current one",
            code=refusal.value,
            details={"revision": draft.latest.number},
        )
    return ConflictError(f"the draft is {draft.state}, not submitted", code=refusal.value)
