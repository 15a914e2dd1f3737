"""Reviews: what waits for a second person who wrote none of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from common.web.auth import Principal, require
from common.web.pagination import Page, PageRequest
from responder.api.shapes import WRITERS, DraftView, show_draft
from responder.storage import drafts as stored

router = APIRouter(tags=["reviews"])


@router.get("/reviews", response_model=Page[DraftView])
async def waiting(
    request: Request,
    who: Annotated[Principal, Depends(require(*WRITERS))],
    page: Annotated[PageRequest, Depends()],
) -> Page[DraftView]:
    """Submitted drafts that I may approve, longest waiting first."""
    after = page.after(datetime, UUID)
    async with request.app.state.units.read() as connection:
        rows = await stored.waiting_for_reader(
            connection,
            who.id,
            after=(after[0], after[1]) if after else None,
            limit=page.fetch,
        )
    return page.page(
        rows,
        show_draft,
        key=lambda draft: (draft.submitted_at or draft.created_at, draft.draft_id),
    )
