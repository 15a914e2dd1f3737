"""A line of the dispatch ledger as callers see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from responder.api.shapes import PersonView
from responder.domain.dispatches import Dispatch
from responder.domain.persons import Person
from responder.domain.words import Audience, DispatchState, Kind


class DispatchView(BaseModel):
    """A line of the ledger: what is sent, who wrote it, who read it, and what became of it."""

    dispatch_id: UUID
    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    revision: int
    network: str
    account: str
    in_reply_to: str
    visibility: Audience = Field(description="What was asked for")
    actual_visibility: Audience | None = Field(
        description="What the network made of it; null where nobody could tell"
    )
    reach: str | None = Field(
        description="shown, delivered, blocked, target_gone or unconfirmed", examples=["shown"]
    )
    kind: Kind
    text: str
    content_hash: str
    state: DispatchState
    attempt: int
    is_in_doubt: bool = Field(
        description="An earlier attempt may have arrived; the next one looks for it first"
    )
    undo_until: datetime | None = Field(
        description="Until then it can surely be withdrawn; null once it left the undo window"
    )
    platform_id: str | None
    last_error: str | None
    findings: list[Mapping[str, Any]] = Field(
        description="For an unknown outcome: what was found in the thread, without texts"
    )
    authors: list[PersonView]
    approver: PersonView | None
    created_at: datetime
    sending_at: datetime | None
    finished_at: datetime | None
    looks: int
    resolved_by: str | None
    resolution: str | None


def show_dispatch(dispatch: Dispatch, *, undo: timedelta = timedelta(0)) -> DispatchView:
    """The line; `undo` is this deployment's undo window."""
    content = dispatch.content
    can_be_undone = dispatch.state is DispatchState.PENDING and undo and dispatch.attempt == 0
    return DispatchView(
        dispatch_id=dispatch.dispatch_id,
        draft_id=dispatch.draft_id,
        case_id=dispatch.case_id,
        conversation_id=dispatch.conversation_id,
        revision=dispatch.revision,
        network=content.network,
        account=content.account,
        in_reply_to=content.in_reply_to,
        visibility=content.visibility,
        actual_visibility=dispatch.actual_visibility,
        reach=dispatch.reach,
        kind=content.kind,
        text=content.text,
        content_hash=dispatch.content_hash.hex(),
        state=dispatch.state,
        attempt=dispatch.attempt,
        is_in_doubt=dispatch.is_in_doubt,
        undo_until=dispatch.created_at + undo if can_be_undone else None,
        platform_id=dispatch.platform_id,
        last_error=dispatch.last_error,
        findings=list(dispatch.findings),
        authors=[_person(author) for author in dispatch.authors],
        approver=_person(dispatch.approver) if dispatch.approver else None,
        created_at=dispatch.created_at,
        sending_at=dispatch.sending_at,
        finished_at=dispatch.finished_at,
        looks=dispatch.looks,
        resolved_by=dispatch.resolved_by,
        resolution=dispatch.resolution,
    )


def _person(person: Person) -> PersonView:
    return PersonView(id=person.id, name=person.name)
