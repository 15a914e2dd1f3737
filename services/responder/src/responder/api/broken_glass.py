"""Broken glass: what left unread, by whom and why, until a second person has looked at it (S58)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from common.db.unit_of_work import UnitOfWork
from common.web.concurrency import etag
from common.web.idempotency import Answer
from common.web.pagination import Page, PageRequest
from responder.api.access import Lead, OnceOnly, Overseer
from responder.api.shapes import DraftView, PersonView, Reason, Shape, person_of, show_draft
from responder.handlers.break_glass import break_glass, review_broken_glass
from responder.handlers.review_draft import Reading
from responder.storage import broken_glass as stored
from responder.storage.broken_glass import BrokenGlass

router = APIRouter(tags=["four eyes"])


class Breaking(Shape):
    """Exactly the wording that waits for a reader, and why it cannot wait."""

    revision: Annotated[int, Field(ge=1, le=1_000_000)]
    content_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    reason: Reason


class Finding(Shape):
    """What somebody else found when they looked at it afterwards."""

    finding: Reason


class BrokenGlassView(BaseModel):
    """One use; due to be looked at by `review_due_at`."""

    draft_id: UUID
    case_id: UUID
    revision: int
    content_hash: str
    reason: str
    actor: PersonView
    used_at: datetime
    review_due_at: datetime
    finding: str | None
    reviewed_by: PersonView | None
    reviewed_at: datetime | None


@router.post("/drafts/{draft_id}/break-glass", response_model=DraftView)
async def use(
    draft_id: UUID, body: Breaking, request: Request, who: Lead, once: OnceOnly
) -> Response:
    """Send a submitted reply that nobody else has read. 403 `break_glass_off` unless allowed."""

    async def effect(uow: UnitOfWork) -> Answer:
        reading = Reading(
            draft_id=draft_id,
            revision=body.revision,
            content_hash=bytes.fromhex(body.content_hash),
        )
        draft = await break_glass(
            uow, reading, actor=person_of(who), reason=body.reason, ids=request.app.state.ids
        )
        return Answer(200, show_draft(draft), {"ETag": etag(draft.version)})

    return await once.run(request.app.state.units, effect)


@router.get("/break-glass", response_model=Page[BrokenGlassView])
async def find(
    request: Request,
    _: Overseer,
    page: Annotated[PageRequest, Depends()],
    include_reviewed: Annotated[bool, Query()] = False,
) -> Page[BrokenGlassView]:
    """What left unread and was not looked at yet, the oldest first."""
    async with request.app.state.units.read() as connection:
        rows = await stored.find(
            connection,
            include_reviewed=include_reviewed,
            after=page.after(datetime, UUID),
            limit=page.fetch,
        )
    return page.page(rows, _show, key=lambda row: (row.used_at, row.draft_id))


@router.post("/break-glass/{draft_id}/review", response_model=BrokenGlassView)
async def review(
    draft_id: UUID, body: Finding, request: Request, who: Lead, once: OnceOnly
) -> Response:
    """Say what was found; for another lead than the one who broke it."""

    async def effect(uow: UnitOfWork) -> Answer:
        reviewed = await review_broken_glass(
            uow, draft_id, by=person_of(who), finding=body.finding, ids=request.app.state.ids
        )
        return Answer(200, _show(reviewed))

    return await once.run(request.app.state.units, effect)


def _show(use: BrokenGlass) -> BrokenGlassView:
    by = use.reviewed_by
    return BrokenGlassView(
        draft_id=use.draft_id,
        case_id=use.case_id,
        revision=use.revision,
        content_hash=use.content_hash.hex(),
        reason=use.reason,
        actor=PersonView(id=use.actor.id, name=use.actor.name),
        used_at=use.used_at,
        review_due_at=use.review_due_at,
        finding=use.finding,
        reviewed_by=PersonView(id=by.id, name=by.name) if by else None,
        reviewed_at=use.reviewed_at,
    )
