"""Escalation: take a case up or down, with a reason, and see how it went (S40)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from common.db.unit_of_work import UnitOfWork
from common.web.auth import require
from common.web.idempotency import Answer
from common.web.principal import Principal
from router.api.access import Reader, SeenVersion, Units, Writer, visible_teams
from router.api.case_models import CASE_RESPONSES, case_answer
from router.api.commands import Command
from router.domain.escalation import HIGHEST
from router.domain.follow_ups import REASON_LENGTH
from router.handlers.escalate_case import deescalate_case, escalate_case
from router.storage import case_view, escalations

router = APIRouter(tags=["escalation"])

Lead = Annotated[Principal, Depends(require("lead"))]


class EscalationShown(BaseModel):
    """One step. `actor_name` null: policy."""

    model_config = ConfigDict(from_attributes=True)

    seq: int
    from_level: int
    to_level: int
    cause: str = Field(description="person, breach or unanswered_contacts")
    reason: str
    at: datetime
    actor_name: str | None


class EscalationWish(BaseModel):
    """Why, and how far: 0 the team, 1 its lead, 2 the management; without it one level."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"reason": "The customer threatens with a lawyer.", "to_level": 2}
        }
    )

    reason: Annotated[str, Field(min_length=1, max_length=REASON_LENGTH, pattern=r"\S")]
    to_level: Annotated[int | None, Field(ge=0, le=HIGHEST)] = None


@router.get("/cases/{case_id}/escalations", summary="How the case went up and down")
async def list_escalations(case_id: UUID, principal: Reader, units: Units) -> list[EscalationShown]:
    async with units.read() as connection:
        await case_view.case_view(connection, case_id, visible_teams(principal))
        rows = await escalations.of_case(connection, case_id)
    return [EscalationShown.model_validate(row) for row in rows]


@router.post("/cases/{case_id}/escalate", summary="Take the case up", responses=CASE_RESPONSES)
async def escalate(
    case_id: UUID,
    body: EscalationWish,
    principal: Writer,
    command: Annotated[Command, Depends()],
    seen: SeenVersion,
) -> Response:
    wish = command.by(principal, case_id, seen)

    async def effect(uow: UnitOfWork) -> Answer:
        await escalate_case(uow, wish, reason=body.reason, to=body.to_level)
        return await case_answer(uow, case_id, wish.teams)

    return await command.run(effect)


@router.post(
    "/cases/{case_id}/deescalate",
    summary="Take the case down again; leads only",
    responses=CASE_RESPONSES,
)
async def deescalate(
    case_id: UUID,
    body: EscalationWish,
    principal: Lead,
    command: Annotated[Command, Depends()],
    seen: SeenVersion,
) -> Response:
    wish = command.by(principal, case_id, seen)

    async def effect(uow: UnitOfWork) -> Answer:
        await deescalate_case(uow, wish, reason=body.reason, to=body.to_level)
        return await case_answer(uow, case_id, wish.teams)

    return await command.run(effect)
