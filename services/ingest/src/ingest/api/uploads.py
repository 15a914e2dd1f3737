"""`POST /sources/{id}/uploads`: a file of posts, one JSON object per line (NDJSON)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from common.web.auth import require

router = APIRouter(tags=["uploads"])


class UnreadableLine(BaseModel):
    """A line that is no post; it is kept as a dead letter."""

    line: int
    reason: str


class UploadTaken(BaseModel):
    """What became of an upload: received = accepted + duplicates + kept.

    `unreadable` names the first hundred lines that were kept.
    """

    received: int
    accepted: int
    duplicates: int
    kept: int
    unreadable: list[UnreadableLine]


@router.post(
    "/sources/{source_id}/uploads",
    response_model=UploadTaken,
    dependencies=[Depends(require("agent", "operator"))],
    summary="Upload lines of posts (NDJSON, streamed)",
    responses={
        404: {"description": "No such source"},
        409: {"description": "The source is of another kind, or switched off"},
        503: {"description": "Not all lines are durable; send the same file again"},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "One `PostFound` per line",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        }
    },
)
async def upload(
    source_id: UUID,
    request: Request,
    name: Annotated[
        str,
        Query(max_length=200, pattern=r"^[^\x00]*$", description="The file's name, for the ledger"),
    ] = "upload",
) -> Any:
    """Take in a file; every line is durable when this answers, and a repetition changes nothing."""
    report = await request.app.state.take_in_upload(source_id, request.stream(), name=name)
    return UploadTaken(
        received=report.received,
        accepted=report.accepted,
        duplicates=report.duplicates,
        kept=report.unreadable,
        unreadable=[
            UnreadableLine(line=line, reason=reason) for line, reason in report.unreadable_lines
        ],
    )
