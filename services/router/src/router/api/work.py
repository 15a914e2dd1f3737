"""Who goes on with a case: another team, a person, and what triage came to (S30, S35, S50)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from common.db.unit_of_work import UnitOfWork
from common.web.idempotency import Answer
from router.api.access import Lead, RequiredVersion, Writer
from router.api.case_models import CASE_RESPONSES, case_answer
from router.api.commands import Command
from router.handlers.hand_over_case import (
    TriageOutcome,
    assign_case,
    hand_over_case,
    triage_case,
)

router = APIRouter(tags=["work"])

REASON_LENGTH = 500
Reason = Annotated[str, Field(min_length=1, max_length=REASON_LENGTH, pattern=r"\S")]


def _example(**members: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [members]})


class HandOverRequest(BaseModel):
    """Which team goes on, and why."""

    model_config = _example(team="social_support", reason="Needs a look at the customer's data.")

    team: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    reason: Reason


class AssignRequest(BaseModel):
    """Who is responsible from now on (`issuer|subject`, of the case's team), and why."""

    model_config = _example(person_id="motorrad|anna", reason="She knows the customer.")

    person_id: Annotated[str, Field(min_length=1, max_length=300)]
    reason: Reason


class TriageRequest(BaseModel):
    """What the case needs."""

    model_config = _example(outcome="needs_department", note="The workshop must say when.")

    outcome: TriageOutcome
    note: Annotated[str | None, Field(max_length=REASON_LENGTH)] = None


@router.post(
    "/cases/{case_id}/hand-over",
    summary="Give it to another team; history and clocks go with it",
    responses=CASE_RESPONSES,
)
async def hand_over(
    case_id: UUID,
    body: HandOverRequest,
    principal: Writer,
    command: Annotated[Command, Depends()],
    seen: RequiredVersion,
) -> Response:
    wish = command.by(principal, case_id, seen)

    async def effect(uow: UnitOfWork) -> Answer:
        configuration = await command.configurations.in_force(uow.connection)
        await hand_over_case(
            configuration, uow, wish, team=body.team, reason=body.reason, new_id=command.new_id
        )
        # To whichever team it went: who handed it over may see what became of it.
        return await case_answer(uow, case_id, None)

    return await command.run(effect)


@router.post(
    "/cases/{case_id}/assign",
    summary="Make a person of its team responsible",
    responses=CASE_RESPONSES,
)
async def assign(
    case_id: UUID,
    body: AssignRequest,
    principal: Lead,
    command: Annotated[Command, Depends()],
    seen: RequiredVersion,
) -> Response:
    wish = command.by(principal, case_id, seen)

    async def effect(uow: UnitOfWork) -> Answer:
        configuration = await command.configurations.in_force(uow.connection)
        await assign_case(
            configuration,
            uow,
            wish,
            person_id=body.person_id,
            reason=body.reason,
            new_id=command.new_id,
        )
        return await case_answer(uow, case_id, wish.teams)

    return await command.run(effect)


@router.post(
    "/cases/{case_id}/triage",
    summary="Record what triage came to: direct_answer, needs_info, needs_department",
    responses=CASE_RESPONSES,
)
async def triage(
    case_id: UUID,
    body: TriageRequest,
    principal: Writer,
    command: Annotated[Command, Depends()],
    seen: RequiredVersion,
) -> Response:
    wish = command.by(principal, case_id, seen)

    async def effect(uow: UnitOfWork) -> Answer:
        await triage_case(uow, wish, body.outcome, note=body.note, new_id=command.new_id)
        return await case_answer(uow, case_id, wish.teams)

    return await command.run(effect)
