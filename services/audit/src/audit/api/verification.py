"""`GET /verify`: recompute the hashes and say what is broken. One chain, a portion, or all."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from audit.domain.chain import Break, Finding
from audit.handlers import verify_history
from audit.handlers.verify_history import Report
from common.web.auth import require

router = APIRouter(tags=["verification"])


class BreakShown(BaseModel):
    """One broken place. `seq` is the entry at which it shows."""

    kind: Break
    conversation_id: UUID | None
    seq: int | None
    about: str | None


class Verification(BaseModel):
    """What was checked, and at most 1,000 broken places.

    `next_after` is where a check in portions goes on; null at the end.
    """

    verified: bool
    chains: int
    entries: int
    broken_chains: int
    breaks: list[BreakShown]
    next_after: UUID | None = Field(description="Pass it as `after` to go on")


@router.get(
    "/verify",
    response_model=Verification,
    dependencies=[Depends(require("observer", "operator", "agent", "lead"))],
    summary="Verify the history",
)
async def verify(
    request: Request,
    conversation_id: Annotated[UUID | None, Query(description="Only this chain")] = None,
    after: Annotated[UUID | None, Query(description="Begin behind this conversation")] = None,
    chains: Annotated[
        int | None, Query(ge=1, le=100_000, description="At most so many chains, then `next_after`")
    ] = None,
) -> Any:
    """Check one chain, or the next `chains`, or everything: then counts and filings too."""
    units = request.app.state.units
    if conversation_id is not None:
        report = await verify_history.verify_conversation(units, conversation_id)
    elif chains is not None or after is not None:
        report = await verify_history.verify_some(
            units, after=after, limit=chains or verify_history.CHAINS_PER_PORTION
        )
    else:
        report = await verify_history.verify_all(units)
    return _shown(report)


def _shown(report: Report) -> Verification:
    return Verification(
        verified=report.is_intact,
        chains=report.chains,
        entries=report.entries,
        broken_chains=report.broken_chains,
        breaks=[_break_shown(finding) for finding in report.findings],
        next_after=report.next_after,
    )


def _break_shown(finding: Finding) -> BreakShown:
    return BreakShown(
        kind=finding.kind,
        conversation_id=finding.conversation_id,
        seq=finding.seq,
        about=finding.about,
    )
