"""Actions: the catalogue, what a case asked for, and what other systems say to it (S103)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from common.db.unit_of_work import UnitOfWork
from common.web.auth import require
from common.web.idempotency import Answer
from common.web.pagination import Page, PageRequest
from common.web.principal import Principal
from router.api.access import Reader, SeenVersion, Units, Writer, person, visible_teams
from router.api.commands import Command
from router.domain.actions import ActionKind, ActionStep
from router.handlers.answer_action import answer_action
from router.handlers.request_action import WantedAction, request_action
from router.storage import actions
from router.storage.case_view import case_view

router = APIRouter(tags=["actions"])

Carrier = Annotated[Principal, Depends(require("department", "operator"))]
Watcher = Annotated[Principal, Depends(require("department", "operator", "lead", "observer"))]
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Note = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]
NameQuery = Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class ParameterShown(BaseModel):
    """What a parameter may be; bounds are included."""

    model_config = ConfigDict(from_attributes=True)

    type: str
    is_required: bool
    least: float | None
    most: float | None
    longest: int
    choices: tuple[str, ...]
    unit: str | None


class CatalogueEntry(BaseModel):
    """An action; `limits` are yours: parameter -> most in one case. Null: it is not yours."""

    name: str
    title: str
    system: str
    parameters: dict[str, ParameterShown]
    limits: dict[str, float] | None
    who_may: list[str]
    confirm_within_seconds: float


class ActionRequest(BaseModel):
    """Which action of the catalogue, with its parameters."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "action": "goodwill_credit",
                    "parameters": {"amount": 35.5, "reason": "The chain was tightened twice."},
                }
            ]
        }
    )

    action: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    parameters: Annotated[dict[str, Any], Field(max_length=100)] = Field(default_factory=dict)


class ConfirmationRequest(BaseModel):
    """What the other system says; a refusal needs a note that says why."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"outcome": "confirmed", "reference": "GS-2026-17"}]}
    )

    outcome: Literal["confirmed", "refused"]
    reference: Line | None = None
    note: Note | None = None


class ActionShown(BaseModel):
    """An action with its answer, if there is one by now."""

    model_config = ConfigDict(from_attributes=True)

    action_id: UUID
    case_id: UUID
    name: str
    system: str
    parameters: Mapping[str, str]
    state: str = Field(description="requested, confirmed, refused")
    requested_at: datetime
    requested_by_name: str
    requested_as: str = Field(description="The role whose limit allowed it")
    configuration_version: int
    due_at: datetime
    overdue_at: datetime | None
    answered_at: datetime | None
    answered_by_name: str | None
    reference: str | None
    note: str | None


_ONE: dict[int | str, dict[str, Any]] = {200: {"model": ActionShown}}
_NEW: dict[int | str, dict[str, Any]] = {201: {"model": ActionShown}}


@router.get("/actions/catalogue", summary="What may be done for a customer, and your limits")
async def catalogue(
    principal: Reader, units: Units, command: Annotated[Command, Depends()]
) -> list[CatalogueEntry]:
    async with units.read() as connection:
        configuration = await command.configurations.in_force(connection)
    return [_entry(kind, principal) for kind in configuration.actions.values()]


@router.get("/actions", summary="Actions in due order, for the systems that carry them out")
async def list_actions(
    _: Watcher,
    units: Units,
    page: Annotated[PageRequest, Depends()],
    state: Literal["requested", "confirmed", "refused"] | None = None,
    system: NameQuery = None,
) -> Page[ActionShown]:
    async with units.read() as connection:
        rows = await actions.waiting(
            connection,
            state=state,
            system=system,
            after=page.after(datetime, UUID),
            limit=page.fetch,
        )
    return page.page(rows, ActionShown.model_validate, key=lambda row: row.key)


@router.get("/cases/{case_id}/actions", summary="What was asked for in a case")
async def actions_of_case(case_id: UUID, principal: Reader, units: Units) -> list[ActionShown]:
    async with units.read() as connection:
        await case_view(connection, case_id, visible_teams(principal))
        rows = await actions.of_case(connection, case_id)
    return [ActionShown.model_validate(row) for row in rows]


@router.post(
    "/cases/{case_id}/actions",
    summary="Ask for an action; over your limit: 403 that says who may",
    status_code=201,
    response_model=None,
    responses=_NEW,
)
async def request(
    case_id: UUID,
    body: ActionRequest,
    principal: Writer,
    command: Annotated[Command, Depends()],
    seen: SeenVersion,
) -> Response:
    wish = command.by(principal, case_id, seen)
    wanted = WantedAction(name=body.action, parameters=body.parameters, roles=principal.roles)

    async def effect(uow: UnitOfWork) -> Answer:
        configuration = await command.configurations.in_force(uow.connection)
        action_id = await request_action(configuration, uow, wish, wanted, new_id=command.new_id)
        found = await actions.lock(uow.connection, [action_id])
        return Answer(201, ActionShown.model_validate(found[action_id]))

    return await command.run(effect)


@router.post(
    "/actions/{action_id}/confirmation",
    summary="The system that carries it out confirms or refuses; the same again changes nothing",
    response_model=None,
    responses=_ONE,
)
async def confirm(
    action_id: UUID,
    body: ConfirmationRequest,
    principal: Carrier,
    command: Annotated[Command, Depends()],
) -> Response:
    step = ActionStep.CONFIRM if body.outcome == "confirmed" else ActionStep.REFUSE

    async def effect(uow: UnitOfWork) -> Answer:
        action = await answer_action(
            uow,
            action_id,
            step,
            by=person(principal),
            reference=body.reference,
            note=body.note,
        )
        return Answer(200, ActionShown.model_validate(action))

    return await command.run(effect)


def _entry(kind: ActionKind, principal: Principal) -> CatalogueEntry:
    mine = [limits for role, limits in kind.allowed.items() if role in principal.roles]
    return CatalogueEntry(
        name=kind.name,
        title=kind.title,
        system=kind.system,
        parameters={
            name: ParameterShown.model_validate(each) for name, each in kind.parameters.items()
        },
        limits=_widest(mine) if mine else None,
        who_may=sorted(kind.allowed),
        confirm_within_seconds=kind.confirm_within.total_seconds(),
    )


def _widest(limits: list[Mapping[str, float]]) -> dict[str, float]:
    """What the mightiest of several roles may: a limit counts only where every role has one."""
    shared = set.intersection(*(set(each) for each in limits))
    return {name: max(each[name] for each in limits) for name in sorted(shared)}
