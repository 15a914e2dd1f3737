"""The issues of a case: single concerns, settled one by one (S27)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from common.db.unit_of_work import UnitOfWork
from common.web.idempotency import Answer
from router.api.access import RequiredVersion, Writer
from router.api.case_models import CASE_RESPONSES, case_answer
from router.api.commands import Command
from router.domain.issues import TEXT_LENGTH, IssueResult
from router.handlers.settle_issue import Named, add_issue, settle_issue

router = APIRouter(tags=["issues"])

Text = Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH, pattern=r"\S")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


def _example(**members: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [members]})


class NewIssueRequest(BaseModel):
    """A concern; topic and department are ids of the configuration."""

    model_config = _example(
        topic="invoice", text="The invoice names another frame number.", department="accounting"
    )

    topic: Name
    text: Text
    department: Name | None = None


class SettleRequest(BaseModel):
    """How it ended, and what was done."""

    model_config = _example(result="solved", note="A corrected invoice is on its way.")

    result: IssueResult
    note: Text


@router.post(
    "/cases/{case_id}/issues",
    summary="Name one more concern of the case",
    responses=CASE_RESPONSES,
)
async def add(
    case_id: UUID,
    body: NewIssueRequest,
    principal: Writer,
    command: Annotated[Command, Depends()],
    seen: RequiredVersion,
) -> Response:
    wish = command.by(principal, case_id, seen)
    named = Named(topic=body.topic, text=body.text.strip(), department=body.department)

    async def effect(uow: UnitOfWork) -> Answer:
        configuration = await command.configurations.in_force(uow.connection)
        await add_issue(configuration, uow, wish, named, new_id=command.new_id)
        return await case_answer(uow, case_id, wish.teams)

    return await command.run(effect)


@router.post(
    "/cases/{case_id}/issues/{issue_id}/settle",
    summary="Say how one concern ended; a case closes only when all have",
    responses=CASE_RESPONSES,
)
async def settle(
    case_id: UUID,
    issue_id: UUID,
    body: SettleRequest,
    principal: Writer,
    command: Annotated[Command, Depends()],
    seen: RequiredVersion,
) -> Response:
    wish = command.by(principal, case_id, seen)

    async def effect(uow: UnitOfWork) -> Answer:
        await settle_issue(
            uow, wish, issue_id, result=body.result.value, note=body.note, new_id=command.new_id
        )
        return await case_answer(uow, case_id, wish.teams)

    return await command.run(effect)
