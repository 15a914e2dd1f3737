"""Warm transfer of a case to a classic helpdesk (S71 to S73)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError, NotFoundError
from common.web.idempotency import Answer
from common.web.parameters import Moment
from router.api.access import Reader, SeenVersion, Units, Writer, visible_teams
from router.api.commands import Command
from router.domain.transfers import hand_over
from router.handlers.transfer_case import transfer_case
from router.storage import queue, transfers

router = APIRouter(tags=["transfers"])


class TransferRequest(BaseModel):
    """What the helpdesk gets, and when we look whether it was really solved."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "title": "Garantieantrag Kette",
                "text": "Die Kundin hat Bilder geschickt; es fehlt die Rechnung.",
                "reason": "Garantie wird im klassischen Service bearbeitet",
                "follow_up_at": "2026-12-01T09:00:00+01:00",
            }
        }
    )

    title: Annotated[str, Field(min_length=1, max_length=200)]
    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    follow_up_at: Moment
    free_wording_allowed: bool = True


class TransferShown(BaseModel):
    """A transfer; `reference` and `link` are the helpdesk's, once the ticket is made."""

    model_config = ConfigDict(from_attributes=True)

    transfer_id: UUID
    case_id: UUID
    helpdesk: str
    title: str
    reason: str
    customer_dispatch_id: UUID
    follow_up_at: datetime
    asked_by_name: str
    asked_at: datetime
    state: str
    attempts: int
    reference: str | None
    link: str | None
    settled_at: datetime | None
    last_error: str | None


@router.post(
    "/cases/{case_id}/transfers",
    status_code=202,
    response_model=TransferShown,
    summary="Hand the case over to the helpdesk; the customer must have been told",
)
async def transfer(
    case_id: UUID,
    body: TransferRequest,
    principal: Writer,
    command: Annotated[Command, Depends()],
    seen: SeenVersion,
    request: Request,
) -> Response:
    helpdesk: str | None = request.app.state.helpdesk
    if helpdesk is None:
        raise ConflictError("no helpdesk is connected to this deployment", code="no_helpdesk")
    transfer_id = command.new_id()

    async def effect(uow: UnitOfWork) -> Answer:
        wanted = hand_over(
            body.title,
            text=body.text,
            reason=body.reason,
            follow_up_at=body.follow_up_at,
            now=uow.now,
        )
        await transfer_case(
            command.configurations,
            uow,
            command.by(principal, case_id, seen),
            replace(wanted, is_free_wording_allowed=body.free_wording_allowed),
            transfer_id=transfer_id,
            helpdesk=helpdesk,
        )
        rows = await transfers.of_case(uow.connection, case_id)
        return Answer(202, TransferShown.model_validate(rows[-1]))

    return await command.run(effect)


@router.get("/cases/{case_id}/transfers", summary="The transfers of a case, the oldest first")
async def of_case(case_id: UUID, principal: Reader, units: Units) -> list[TransferShown]:
    async with units.read() as connection:
        if await queue.one(connection, case_id, visible_teams(principal)) is None:
            raise NotFoundError("no such case")
        rows = await transfers.of_case(connection, case_id)
    return [TransferShown.model_validate(row) for row in rows]
