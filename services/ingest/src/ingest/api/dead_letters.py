"""Inbound dead letters: what a known sender handed in and nobody could read. For operators."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, Field

from common.errors import NotFoundError
from common.web.auth import require
from common.web.pagination import Page, PageRequest
from ingest.storage import intake

router = APIRouter(tags=["dead letters"], dependencies=[Depends(require("operator"))])


class DeadLetterShown(BaseModel):
    """A dead letter without its bytes. `reference` is the delivery's id or the upload's name."""

    id: int
    source_id: UUID
    reason: str
    reference: str
    line: int | None
    kept_at: datetime
    size: int = Field(description="Bytes")


class DeadLetterOpened(DeadLetterShown):
    """The same with its bytes as they came."""

    raw_base64: str


@router.get(
    "/dead-letters", response_model=Page[DeadLetterShown], summary="List them, newest first"
)
async def list_dead_letters(
    request: Request, page: Annotated[PageRequest, Depends()], source_id: UUID | None = None
) -> Any:
    """Dead letters, the one kept last first."""
    after = page.after(int)
    async with request.app.state.units.read() as connection:
        rows = await intake.dead_letters_newest_first(
            connection, source_id=source_id, before=after[0] if after else None, limit=page.fetch
        )
    return page.page(rows, _shown, key=lambda row: (row.id,))


@router.get(
    "/dead-letters/{letter_id}",
    response_model=DeadLetterOpened,
    summary="Open one",
    responses={404: {"description": "No such dead letter"}},
)
async def open_dead_letter(
    letter_id: Annotated[int, Path(ge=1, le=2**63 - 1)], request: Request
) -> Any:
    """One dead letter with its original bytes."""
    async with request.app.state.units.read() as connection:
        row = await intake.find_dead_letter(connection, letter_id)
    if row is None:
        raise NotFoundError("there is no such dead letter")
    return DeadLetterOpened(
        **_shown(row).model_dump(), raw_base64=b64encode(row.raw).decode("ascii")
    )


def _shown(row: Any) -> DeadLetterShown:
    return DeadLetterShown(
        id=row.id,
        source_id=row.source_id,
        reason=row.reason,
        reference=row.reference,
        line=row.line,
        kept_at=row.kept_at,
        size=row.size,
    )
