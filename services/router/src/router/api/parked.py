"""Parked mentions: kept, counted, and lifted into a case by a person (SPEC policy)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from common.db.unit_of_work import UnitOfWork
from common.web.idempotency import Answer
from common.web.pagination import Page, PageRequest
from router.api.access import Reader, Units, Writer, person
from router.api.case_models import CASE_RESPONSES, MentionShown, case_answer
from router.api.commands import Command
from router.handlers.lift_mention import lift_mention
from router.storage import parking

router = APIRouter(tags=["parked"])


class ParkedMention(BaseModel):
    """A mention that is kept without a case, and the rule that says so."""

    model_config = ConfigDict(from_attributes=True)

    mention_id: UUID
    conversation_id: UUID
    rule: str
    reason: str
    configuration_version: int
    detected_at: datetime
    placed_at: datetime
    mention: MentionShown


class LiftRequest(BaseModel):
    """`team` gets the case; without it the routing rules choose."""

    team: Annotated[str | None, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")] = None


@router.get("/parked", summary="Parked mentions, the latest first")
async def list_parked(
    _: Reader, units: Units, page: Annotated[PageRequest, Depends()]
) -> Page[ParkedMention]:
    async with units.read() as connection:
        rows = await parking.parked(connection, after=page.after(datetime, UUID), limit=page.fetch)
    return page.page(rows, ParkedMention.model_validate, key=lambda row: row.key)


@router.post(
    "/parked/{mention_id}/lift",
    summary="Open a case for a parked mention, or let it join its conversation's case",
    responses=CASE_RESPONSES,
)
async def lift(
    mention_id: UUID,
    body: LiftRequest,
    principal: Writer,
    command: Annotated[Command, Depends()],
) -> Response:
    async def effect(uow: UnitOfWork) -> Answer:
        case_id = await lift_mention(
            command.configurations,
            uow,
            mention_id,
            by=person(principal),
            team=body.team,
            new_id=command.new_id,
        )
        # To whichever team it went: who lifted it may see what became of it.
        return await case_answer(uow, case_id, None)

    return await command.run(effect)
