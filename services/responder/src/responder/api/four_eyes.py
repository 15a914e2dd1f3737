"""Four eyes: the proof over the whole database that nothing left unread (S58)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from common.web.auth import Principal, require
from responder.storage.four_eyes import check_four_eyes

router = APIRouter(tags=["four eyes"])


class ViolationView(BaseModel):
    """`reason`: no_approval, other_bytes, own_text."""

    dispatch_id: UUID
    draft_id: UUID
    revision: int
    state: str
    reason: str


class FourEyesView(BaseModel):
    """`holds` is true when every public dispatch was approved by a second person."""

    holds: bool
    public_dispatches: int
    violation_count: int
    violations: list[ViolationView]


@router.get("/four-eyes/check", response_model=FourEyesView)
async def check(
    request: Request, _: Annotated[Principal, Depends(require("lead", "observer", "operator"))]
) -> FourEyesView:
    """Check every public dispatch ever made; hashes are computed anew from what is stored."""
    async with request.app.state.units.read() as connection:
        found = await check_four_eyes(connection)
    return FourEyesView(
        holds=found.violation_count == 0,
        public_dispatches=found.public_dispatches,
        violation_count=found.violation_count,
        violations=[
            ViolationView(
                dispatch_id=violation.dispatch_id,
                draft_id=violation.draft_id,
                revision=violation.revision,
                state=violation.state,
                reason=violation.reason,
            )
            for violation in found.violations
        ],
    )
