"""Follow-ups: plan one, see which are due, say what came of it (S73, S104)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from common.db.unit_of_work import UnitOfWork
from common.errors import InvalidInputError
from common.web.idempotency import Answer
from common.web.pagination import Page, PageRequest
from common.web.parameters import Moment
from router.api.access import Reader, Units, Writer, person, visible_teams
from router.api.commands import Command
from router.domain.claims import Person
from router.domain.follow_ups import REASON_LENGTH, RESULT_LENGTH, FollowUp, Source
from router.handlers.plan_follow_up import plan_follow_up
from router.handlers.settle_follow_up import settle_follow_up
from router.storage import case_view, follow_ups

router = APIRouter(tags=["follow-ups"])


class FollowUpShown(BaseModel):
    """A follow-up and what came of it. `went_to_name`: who got the case on its date."""

    model_config = ConfigDict(from_attributes=True)

    follow_up_id: UUID
    case_id: UUID
    source: str = Field(description="person, promise, transfer or policy")
    reason: str
    owner_name: str | None = Field(description="null: the team's queue")
    planned_at: datetime
    due_at: datetime
    state: str
    went_to_name: str | None
    rang_at: datetime | None
    result: str | None
    settled_at: datetime | None
    settled_by_name: str | None


class FollowUpWish(BaseModel):
    """When somebody looks again, and why. `owner`: me, the team, or a person's id."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "due_at": "2027-03-02T09:00:00+01:00",
                "reason": "Ask whether the new chain is quiet.",
                "owner": "me",
            }
        }
    )

    due_at: Moment
    reason: Annotated[str, Field(min_length=1, max_length=REASON_LENGTH, pattern=r"\S")]
    owner: Annotated[str, Field(min_length=2, max_length=300)] = "me"


class FollowUpResult(BaseModel):
    """What came of it."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"result": "Called; the chain is quiet again."}}
    )

    result: Annotated[str, Field(min_length=1, max_length=RESULT_LENGTH, pattern=r"\S")]


@router.get("/follow-ups", summary="Follow-ups without a result, by date")
async def list_follow_ups(
    principal: Reader,
    units: Units,
    page: Annotated[PageRequest, Depends()],
    owner: Annotated[Literal["me"] | None, Query()] = None,
) -> Page[FollowUpShown]:
    async with units.read() as connection:
        rows = await follow_ups.pending(
            connection,
            visible_teams(principal),
            owner_id=principal.id if owner else None,
            after=page.after(datetime, UUID),
            limit=page.fetch,
        )
    return page.page(rows, FollowUpShown.model_validate, key=lambda row: row.key)


@router.get("/cases/{case_id}/follow-ups", summary="All follow-ups of a case, by date")
async def follow_ups_of_case(case_id: UUID, principal: Reader, units: Units) -> list[FollowUpShown]:
    async with units.read() as connection:
        await case_view.case_view(connection, case_id, visible_teams(principal))
        rows = await follow_ups.of_case(connection, case_id)
    return [FollowUpShown.model_validate(row) for row in rows]


@router.post(
    "/cases/{case_id}/follow-ups",
    status_code=201,
    summary="Plan a follow-up with date, reason and owner",
    responses={201: {"model": FollowUpShown}},
)
async def plan(
    case_id: UUID,
    body: FollowUpWish,
    principal: Writer,
    command: Annotated[Command, Depends()],
) -> Response:
    wish = command.by(principal, case_id, None)

    async def effect(uow: UnitOfWork) -> Answer:
        configuration = await command.configurations.in_force(uow.connection)
        owner: Person | None = person(principal)
        if body.owner == "team":
            owner = None
        elif body.owner != "me":
            known = configuration.people.get(body.owner)
            if known is None:
                raise InvalidInputError("nobody has this id", code="unknown_person")
            owner = Person(known.id, known.name)
        follow_up = FollowUp(
            follow_up_id=command.new_id(),
            case_id=case_id,
            source=Source.PERSON,
            reason=body.reason,
            owner=owner,
            due_at=body.due_at,
        )
        await plan_follow_up(configuration, uow, wish, wanted=follow_up)
        return await _answer(uow, follow_up.follow_up_id, status=201)

    return await command.run(effect)


@router.post(
    "/cases/{case_id}/follow-ups/{follow_up_id}/result",
    summary="Say what came of a follow-up",
    responses={200: {"model": FollowUpShown}},
)
async def settle(
    case_id: UUID,
    follow_up_id: UUID,
    body: FollowUpResult,
    principal: Writer,
    command: Annotated[Command, Depends()],
) -> Response:
    wish = command.by(principal, case_id, None)

    async def effect(uow: UnitOfWork) -> Answer:
        configuration = await command.configurations.in_force(uow.connection)
        await settle_follow_up(
            configuration, uow, wish, follow_up_id=follow_up_id, result=body.result
        )
        return await _answer(uow, follow_up_id, status=200)

    return await command.run(effect)


async def _answer(uow: UnitOfWork, follow_up_id: UUID, *, status: int) -> Answer:
    row = (await follow_ups.lock(uow.connection, [follow_up_id]))[follow_up_id]
    return Answer(status, FollowUpShown.model_validate(row), {})
