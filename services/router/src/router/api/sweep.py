"""The sweep, to look at: which open cases break the rule, and which were never answered (S7)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from router.api.access import Overseer, Units, visible_teams
from router.storage import sweep

router = APIRouter(tags=["operations"])


class Violation(BaseModel):
    """An open case that is nobody's, or of which nothing will speak by itself."""

    model_config = ConfigDict(from_attributes=True)

    case_id: UUID
    team: str
    owner_name: str | None
    opened_at: datetime
    rings_at: datetime | None
    problem: str = Field(description="nothing_pending, rang_unheard, no_timer or nobodys")


class NeverAnswered(BaseModel):
    """An open case whose first reaction is overdue and was never given."""

    model_config = ConfigDict(from_attributes=True)

    case_id: UUID
    team: str
    owner_name: str | None
    opened_at: datetime
    due_at: datetime
    posted_at: datetime
    escalation_level: int


class Sweep(BaseModel):
    """`is_clean`: both lists are empty. Each list shows at most `limit`."""

    is_clean: bool
    violations: list[Violation]
    never_answered: list[NeverAnswered]


@router.get("/sweep", summary="Open cases against the rule, and those that were never answered")
async def get_sweep(
    principal: Overseer,
    units: Units,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Sweep:
    async with units.read() as connection:
        found = await sweep.look(
            connection, visible_teams(principal), offset=units.offset, limit=limit
        )
    return Sweep(
        is_clean=not found.violations and not found.never_answered,
        violations=[Violation.model_validate(each) for each in found.violations],
        never_answered=[NeverAnswered.model_validate(each) for each in found.never_answered],
    )
