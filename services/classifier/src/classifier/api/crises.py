"""Crises: what the system proposes, and the switch that a person sets (S26)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from classifier.api.access import Command, Lead, Reader, RequiredVersion, Units, person
from classifier.api.mentions import Reason, Word
from classifier.handlers.switch_crisis import Wish, answer_proposal, set_crisis_mode
from classifier.storage import crises
from common.db.unit_of_work import UnitOfWork
from common.web.concurrency import etag
from common.web.idempotency import Answer
from common.web.pagination import Page, PageRequest

router = APIRouter(tags=["crises"])
Approver = Annotated[str, Field(pattern=r"^[!-{}~]+\|[!-{}~]+$", max_length=300)]


class CrisisView(BaseModel):
    """A rise that was proposed as a crisis; `state` is proposed, on, off or lapsed.

    `observed` and `expected` count mentions of the topic in the window (`reach`: followers).
    """

    model_config = ConfigDict(from_attributes=True)

    crisis_id: UUID
    topic: str
    signal: str
    observed: int
    expected: float
    window_seconds: int
    proposed_at: datetime
    state: str
    ended_at: datetime | None


class SwitchView(BaseModel):
    """The last word on a topic; a null topic is everything."""

    model_config = ConfigDict(from_attributes=True)

    crisis_id: UUID
    topic: str | None
    is_on: bool
    approvers: list[str]
    reason: str
    actor_name: str
    switched_at: datetime


class CrisisModeView(BaseModel):
    """All switches; `version` is the ETag."""

    version: int
    is_on: bool = Field(description="Whether any switch is on")
    switches: list[SwitchView]


class CrisisAnswer(BaseModel):
    """On or off, why, and while on: who alone may approve (ids as `issuer|subject`)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"is_on": True, "reason": "Rückruf der Gabel", "approvers": ["dev|lea"]}]
        },
    )

    is_on: bool
    reason: Reason
    approvers: Annotated[tuple[Approver, ...], Field(max_length=50)] = ()

    def wish(self) -> Wish:
        """As the use case takes it."""
        return Wish(is_on=self.is_on, reason=self.reason, approvers=self.approvers)


class CrisisModeSet(CrisisAnswer):
    """The same for a topic, or for everything (null)."""

    topic: Word | None = None


@router.get("/crises", summary="Crises that were proposed, the newest first")
async def list_crises(
    _: Reader, units: Units, page: Annotated[PageRequest, Depends()]
) -> Page[CrisisView]:
    after = page.after(datetime, UUID)
    async with units.read() as connection:
        rows = await crises.listed(
            connection, before=(after[0], after[1]) if after else None, most=page.fetch
        )
    return page.page(
        rows,
        CrisisView.model_validate,
        key=lambda crisis: (crisis.proposed_at, crisis.crisis_id),
    )


@router.post(
    "/crises/{crisis_id}/switch",
    summary="Take a proposal up, turn it down, or end it",
    response_model=SwitchView,
    responses={404: {"description": "No such crisis"}, 409: {"description": "It is over"}},
)
async def switch_crisis(
    crisis_id: UUID,
    body: CrisisAnswer,
    principal: Lead,
    command: Annotated[Command, Depends()],
) -> Response:
    async def effect(uow: UnitOfWork) -> Answer:
        switch = await answer_proposal(uow, crisis_id, body.wish(), by=person(principal))
        return Answer(200, SwitchView.model_validate(switch), {"ETag": etag(switch.version)})

    return await command.run(effect)


@router.get("/crisis-mode", summary="Which switches are set")
async def get_crisis_mode(_: Reader, units: Units, response: Response) -> CrisisModeView:
    async with units.read() as connection:
        version, switches = await crises.switches(connection)
    response.headers["ETag"] = etag(version)
    return CrisisModeView(
        version=version,
        is_on=any(switch.is_on for switch in switches),
        switches=[SwitchView.model_validate(switch) for switch in switches],
    )


@router.put(
    "/crisis-mode",
    summary="Switch a topic or everything, whatever was proposed",
    responses={
        409: {"description": "It stands so already"},
        412: {"description": "A switch was set since it was looked at"},
    },
)
async def put_crisis_mode(
    body: CrisisModeSet,
    principal: Lead,
    units: Units,
    seen: RequiredVersion,
    response: Response,
) -> SwitchView:
    async with units.begin() as uow:
        switch = await set_crisis_mode(
            uow, body.topic, body.wish(), by=person(principal), expected_version=seen
        )
    response.headers["ETag"] = etag(switch.version)
    return SwitchView.model_validate(switch)
