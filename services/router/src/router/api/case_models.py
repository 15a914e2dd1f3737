"""A case, its clocks and its mentions as the API shows them; and what commands answer."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.db.unit_of_work import UnitOfWork
from common.web.concurrency import etag
from common.web.idempotency import Answer
from router.storage.case_view import CaseView, case_view
from router.storage.duty_offers import OfferRow

KindWord = Literal[
    "question",
    "problem",
    "complaint",
    "request",
    "followup",
    "wish",
    "praise",
    "opinion",
    "news",
    "talk",
    "other",
]


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class CaseSummary(_Shown):
    """A case as the queue lists it. `next_due_at` is null when no clock awaits a reaction."""

    case_id: UUID
    conversation_id: UUID
    network: str
    account: str | None
    state: str
    team: str
    rule: str = Field(description="The routing rule that chose the team")
    reason: str
    configuration_version: int
    decision: str
    kind: str
    priority: str = Field(description="high where the rule that opened it says so")
    abusive: bool
    urgent: bool
    language: str
    detected_at: datetime
    opened_at: datetime
    mentions: int
    last_mention_at: datetime
    next_due_at: datetime | None
    version: int
    holder_name: str | None
    lease_until: datetime | None
    owner_name: str | None = Field(description="Who is responsible; null: the team's queue (S34)")
    returns_at: datetime | None = Field(description="When it moves on by itself")
    offers_unanswered: int = Field(description="Questions and lead-ins since the customer wrote")
    outcome_sent_at: datetime | None
    outcome: str | None
    cause: str | None
    summary: str | None
    fault: str = Field(description="Whose doing it was; unknown until somebody says (S105)")
    closed_at: datetime | None
    closed_by_name: str | None
    triage_outcome: str | None
    triaged_by_name: str | None
    skills: list[str]
    linked_case_id: UUID | None = Field(description="An earlier case of the conversation")
    merged_into: UUID | None = Field(description="The case that goes on with this one's matter")
    times_reopened: int
    bystander_mentions: int
    crisis_id: UUID | None


class ClockShown(_Shown):
    """A clock with both spans: since posting and since detection (S47)."""

    kind: str
    state: str
    posted_at: datetime
    started_at: datetime
    warn_at: datetime | None
    due_at: datetime | None
    warned_at: datetime | None
    breached_at: datetime | None
    stopped_at: datetime | None
    seconds_since_detected: float | None
    seconds_since_posted: float | None
    dispatch_id: UUID | None


class MentionShown(_Shown):
    """A post, with what the classifier said of it."""

    mention_id: UUID
    native_id: str
    network: str
    account: str | None
    author_handle: str
    author_name: str | None
    text: str
    url: str | None
    visibility: str
    language: str
    in_reply_to: str | None
    posted_at: datetime
    detected_at: datetime
    decision: str
    confidence: float
    kind: str
    abusive: bool
    urgent: bool
    model: str


class IssueShown(_Shown):
    """One concern of the case (S27); open while `settled_at` is null."""

    issue_id: UUID
    case_id: UUID
    mention_id: UUID | None
    topic: str
    text: str
    department: str | None
    added_at: datetime
    added_by_name: str | None
    result: str | None
    note: str | None
    settled_at: datetime | None
    settled_by_name: str | None


class PresenceShown(_Shown):
    """Somebody who looks at the case or types in it just now."""

    name: str
    activity: str
    until: datetime


class OfferedTo(BaseModel):
    """The person on duty whom the case is offered to, and until when (S31)."""

    person_id: str
    person_name: str
    until: datetime
    reason: str


class CaseDetail(CaseSummary):
    """A case with its clocks, issues, and latest 200 mentions, the oldest of them first.

    Mentions and issues of the cases in `merged` are among them.
    """

    clocks: list[ClockShown]
    latest_mentions: list[MentionShown]
    issues: list[IssueShown]
    offered_to: OfferedTo | None
    presence: list[PresenceShown]
    merged: list[UUID]


class TeamCounts(_Shown):
    """Open work of a team. `overdue`: the deadline has passed and nothing was sent.

    `waiting` is for others, `settled` for the customer's objection; `unowned` are open cases that
    are no person's but the team's.
    """

    team: str
    open: int
    claimed: int
    waiting: int
    settled: int
    unowned: int
    awaiting_reaction: int
    overdue: int


def shown(view: CaseView) -> CaseDetail:
    """The view as a model."""
    summary = CaseSummary.model_validate(view.case)
    return CaseDetail(
        **summary.model_dump(),
        clocks=[ClockShown.model_validate(clock) for clock in view.clocks],
        latest_mentions=[MentionShown.model_validate(each) for each in view.mentions],
        issues=[IssueShown.model_validate(each) for each in view.issues],
        presence=[PresenceShown.model_validate(each) for each in view.presence],
        merged=view.merged,
        offered_to=_offered_to(view.offer),
    )


def _offered_to(offer: OfferRow | None) -> OfferedTo | None:
    if offer is None or offer.person_id is None or offer.person_name is None:
        return None
    if offer.until is None:
        return None
    return OfferedTo(
        person_id=offer.person_id,
        person_name=offer.person_name,
        until=offer.until,
        reason=offer.reason,
    )


async def case_answer(
    uow: UnitOfWork, case_id: UUID, teams: Collection[str] | None, *, status: int = 200
) -> Answer:
    """What a command on a case answers: the case after it, and its new ETag."""
    view = await case_view(uow.connection, case_id, teams)
    return Answer(status, shown(view), {"ETag": etag(view.case.version)})


CASE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": CaseDetail, "headers": {"ETag": {"schema": {"type": "string"}}}}
}
