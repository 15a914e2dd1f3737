"""How much the history holds, and whether every mention has its place (S6)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from audit.handlers import read_history
from common.web.auth import require

router = APIRouter(
    tags=["stats"],
    dependencies=[Depends(require("observer", "operator", "triage", "agent", "lead"))],
)


class Stats(BaseModel):
    """Entries in all and by type of event."""

    entries: int
    by_type: dict[str, int]


class MentionBooks(BaseModel):
    """Different mentions by what the history holds of them; once at rest the last three are 0."""

    received: int
    classified: int
    placed: int = Field(description="In a case, parked, or noted as own post")
    unplaced: int = Field(description="Received and without a place (yet)")
    duplicated: int = Field(
        description="Received or classified more than once, or placed without having been moved"
    )
    unannounced: int = Field(description="Known by a later event and not received (yet)")
    is_balanced: bool


@router.get("/stats", response_model=Stats, summary="Count entries by type")
async def count(request: Request) -> Any:
    """Counters kept at appending: cheap to ask, however long the history is."""
    by_type = await read_history.count_by_type(request.app.state.units)
    return Stats(entries=sum(by_type.values()), by_type=by_type)


@router.get(
    "/reconciliation",
    response_model=MentionBooks,
    summary="Compare mentions received, classified and placed",
)
async def reconcile(request: Request) -> Any:
    """Exact, over the whole history; takes its time on a long one."""
    counts = await read_history.count_mentions(request.app.state.units)
    is_balanced = not (counts.unplaced or counts.duplicated or counts.unannounced)
    return MentionBooks(**asdict(counts), is_balanced=is_balanced)
