"""A case, its clocks and its mentions as the API shows them; and what commands answer."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.db.unit_of_work import UnitOfWork
from common.web.concurrency import etag
from common.web.idempotency import Answer
from router.storage.case_view import CaseView, case_view


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
    outcome: str | None
    cause: str | None
    summary: str | None
    closed_at: datetime | None
    closed_by_name: str | None


class ClockShown(_Shown):
    """A clock with both spans: since posting and since detection (S47)."""

    kind: str
    state: str
    posted_at: datetime
    started_at: datetime
    warn_at: datetime
    due_at: datetime
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


class CaseDetail(CaseSummary):
    """A case with its clocks and its latest 200 mentions, the oldest of them first."""

    clocks: list[ClockShown]
    latest_mentions: list[MentionShown]


class TeamCounts(_Shown):
    """Open work of a team. `overdue`: the deadline has passed and nothing was sent."""

    team: str
    open: int
    claimed: int
    awaiting_reaction: int
    overdue: int


def shown(view: CaseView) -> CaseDetail:
    """The view as a model."""
    summary = CaseSummary.model_validate(view.case)
    return CaseDetail(
        **summary.model_dump(),
        clocks=[ClockShown.model_validate(clock) for clock in view.clocks],
        latest_mentions=[MentionShown.model_validate(each) for each in view.mentions],
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
