"""Claims: take a case as a lease, renew it, give it back (S36)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from common.db.unit_of_work import UnitOfWork
from common.web.idempotency import Answer
from router.api.access import SeenVersion, Writer
from router.api.case_models import CASE_RESPONSES, case_answer
from router.api.commands import Command
from router.handlers.claim_case import claim_case, release_case

router = APIRouter(tags=["claims"])


class ClaimRequest(BaseModel):
    """`lease_seconds` is how long; without it the configured time (15 minutes by default)."""

    lease_seconds: Annotated[int | None, Field(ge=30, le=86_400)] = None


@router.post(
    "/cases/{case_id}/claim",
    summary="Take the case, or renew one's own lease; 409 names the holder",
    responses=CASE_RESPONSES,
)
async def claim(
    case_id: UUID,
    body: ClaimRequest,
    principal: Writer,
    command: Annotated[Command, Depends()],
    seen: SeenVersion,
) -> Response:
    wish = command.by(principal, case_id, seen)
    lease = None if body.lease_seconds is None else timedelta(seconds=body.lease_seconds)

    async def effect(uow: UnitOfWork) -> Answer:
        configuration = await command.configurations.in_force(uow.connection)
        await claim_case(configuration, uow, wish, lease=lease, new_id=command.new_id)
        return await case_answer(uow, case_id, wish.teams)

    return await command.run(effect)


@router.delete(
    "/cases/{case_id}/claim",
    summary="Give the case back to its team's queue",
    responses=CASE_RESPONSES,
)
async def release(
    case_id: UUID,
    principal: Writer,
    command: Annotated[Command, Depends()],
    seen: SeenVersion,
) -> Response:
    wish = command.by(principal, case_id, seen)

    async def effect(uow: UnitOfWork) -> Answer:
        await release_case(uow, wish, new_id=command.new_id)
        return await case_answer(uow, case_id, wish.teams)

    return await command.run(effect)
