"""The books of intake per source: what came in, and what the tables hold of it (S6)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from common.web.auth import require
from common.web.parameters import Moment
from ingest.storage import intake

router = APIRouter(tags=["reconciliation"])
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class SourceBooks(BaseModel):
    """One source: received = accepted + duplicates + unreadable, and accepted = mentions."""

    source_id: UUID
    network: str
    deliveries: int
    received: int
    accepted: int
    duplicates: int
    unreadable: int
    mentions: int = Field(description="Rows that the accepted posts became")
    dead_letters: int = Field(description="Different unreadable items that are kept")
    is_balanced: bool


class Books(BaseModel):
    """All sources since a moment."""

    since: datetime
    sources: list[SourceBooks]
    is_balanced: bool


@router.get(
    "/reconciliation",
    response_model=Books,
    dependencies=[Depends(require("observer", "lead", "operator"))],
    summary="Compare the ledger of intake with the tables",
)
async def reconcile(
    request: Request,
    since: Annotated[Moment | None, Query(description="From the beginning if left out")] = None,
) -> Any:
    """Per source: accepted, duplicates, dead letters, and whether the books balance."""
    since = since or _BEGINNING
    async with request.app.state.units.read() as connection:
        rows = await intake.reconcile(connection, since=since)
    books = [_books(row) for row in rows]
    return Books(since=since, sources=books, is_balanced=all(book.is_balanced for book in books))


def _books(row: Any) -> SourceBooks:
    # The same bytes sent twice are unreadable twice and one dead letter, hence only an upper bound.
    is_balanced = row.accepted == row.mentions and row.dead_letters <= row.unreadable
    return SourceBooks(
        source_id=row.source_id,
        network=row.network,
        deliveries=row.deliveries,
        received=row.received,
        accepted=row.accepted,
        duplicates=row.duplicates,
        unreadable=row.unreadable,
        mentions=row.mentions,
        dead_letters=row.dead_letters,
        is_balanced=is_balanced,
    )
