"""`POST /sources/{id}/webhook`: a known sender hands in posts.

Open to anybody, believed by signature only (Standard Webhooks, SEC7). 202 means durable, nothing
less. Signed bytes that are no post are answered 202 as well, and kept: the sender would otherwise
send them for ever (CONNECTORS section 2).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from common.web.auth import public
from common.web.problems import ProblemError
from ingest.gateways.signatures import UnsignedDeliveryError

router = APIRouter(tags=["webhook"])


class Taken(BaseModel):
    """What became of a delivery: received = accepted + duplicates + kept."""

    received: int = Field(description="Posts in the delivery")
    accepted: int = Field(description="New mentions")
    duplicates: int = Field(description="Posts that were known already")
    kept: int = Field(description="Items that are no post; kept as dead letters, do not send again")


@router.post(
    "/sources/{source_id}/webhook",
    status_code=202,
    response_model=Taken,
    dependencies=[Depends(public())],
    summary="Hand in one post, or a list of them, signed",
    responses={
        401: {"description": "No active secret signed these bytes in the last five minutes"},
        409: {"description": "The source is switched off"},
        503: {"description": "Not durable; send again after Retry-After"},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "`PostFound` or a list of it; see the README of ingest",
            "content": {"application/json": {"schema": {}}},
        }
    },
)
async def take_in(source_id: UUID, request: Request) -> Any:
    """Take in a signed delivery; a repetition changes nothing."""
    body = await request.body()
    try:
        count = await request.app.state.take_in_delivery(source_id, request.headers, body)
    except UnsignedDeliveryError:
        # Which check failed stands in the metrics: a stranger learns nothing from the answer.
        raise ProblemError(
            401,
            "signature_refused",
            "No active secret of this source signed this delivery just now.",
            headers={"WWW-Authenticate": "StandardWebhooks"},
        ) from None
    return Taken(
        received=count.received,
        accepted=count.accepted,
        duplicates=count.duplicates,
        kept=count.unreadable,
    )
