"""Merge a case into another one, take it apart, take a case up again."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict

from common.db.unit_of_work import UnitOfWork
from common.web.idempotency import Answer
from router.api.access import RequiredVersion, Writer
from router.api.case_models import CASE_RESPONSES, case_answer
from router.api.commands import Command
from router.api.work import Reason
from router.handlers.merge_cases import merge_case, reopen_case, unmerge_case
from router.handlers.watch_cases import keep_watching

router = APIRouter(tags=["merging"])


def _example(**members: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [members]})


class MergeRequest(BaseModel):
    """Which case goes on with this one's matter, and why."""

    model_config = _example(
        into="019cac10-0000-7000-8000-000000000002", reason="The same customer, the same chain."
    )

    into: UUID
    reason: Reason


class ReasonRequest(BaseModel):
    """Why."""

    model_config = _example(reason="They are two motorcycles after all.")

    reason: Reason


@router.post(
    "/cases/{case_id}/merge",
    summary="Close it because another case goes on with its matter; its posts go there",
    responses=CASE_RESPONSES,
)
async def merge(
    case_id: UUID,
    body: MergeRequest,
    principal: Writer,
    command: Annotated[Command, Depends()],
    seen: RequiredVersion,
) -> Response:
    wish = command.by(principal, case_id, seen)

    async def effect(uow: UnitOfWork) -> Answer:
        await merge_case(uow, wish, target_id=body.into, reason=body.reason, new_id=command.new_id)
        return await case_answer(uow, case_id, wish.teams)

    return await command.run(effect)


@router.post(
    "/cases/{case_id}/unmerge",
    summary="Give a merged case its own life back",
    responses=CASE_RESPONSES,
)
async def unmerge(
    case_id: UUID,
    body: ReasonRequest,
    principal: Writer,
    command: Annotated[Command, Depends()],
    seen: RequiredVersion,
) -> Response:
    wish = command.by(principal, case_id, seen)

    async def effect(uow: UnitOfWork) -> Answer:
        await unmerge_case(uow, wish, reason=body.reason, new_id=command.new_id)
        await keep_watching(command.configurations, uow, [case_id])
        return await case_answer(uow, case_id, wish.teams)

    return await command.run(effect)


@router.post(
    "/cases/{case_id}/reopen",
    summary="Take a resolved, unsolvable or closed case up again",
    responses=CASE_RESPONSES,
)
async def reopen(
    case_id: UUID,
    body: ReasonRequest,
    principal: Writer,
    command: Annotated[Command, Depends()],
    seen: RequiredVersion,
) -> Response:
    wish = command.by(principal, case_id, seen)

    async def effect(uow: UnitOfWork) -> Answer:
        await reopen_case(uow, wish, reason=body.reason, new_id=command.new_id)
        await keep_watching(command.configurations, uow, [case_id])
        return await case_answer(uow, case_id, wish.teams)

    return await command.run(effect)
