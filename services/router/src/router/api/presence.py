"""Presence: who looks at a case or types in it just now; and the crises that are on (S26, S36)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from router.api.access import Reader, Units, Writer, person, visible_teams
from router.api.case_models import PresenceShown
from router.handlers.show_presence import Activity, end_presence, note_presence
from router.storage import crises

router = APIRouter(tags=["presence"])


class PresenceRequest(BaseModel):
    """What you do at the case; send it again within 30 s, and on every change."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"activity": "typing"}]})

    activity: Activity


class CrisisShown(BaseModel):
    """A crisis that a person switched on; `topic` null means everything."""

    model_config = ConfigDict(from_attributes=True)

    crisis_id: UUID
    topic: str | None
    reason: str
    actor_name: str
    switched_at: datetime
    open_cases: int


@router.put(
    "/cases/{case_id}/presence",
    summary="I look at this case, or type in it, for the next 30 s; who else does",
)
async def be_present(
    case_id: UUID, body: PresenceRequest, principal: Writer, units: Units
) -> list[PresenceShown]:
    async with units.begin() as uow:
        there = await note_presence(
            uow, case_id, body.activity, by=person(principal), teams=visible_teams(principal)
        )
    return [PresenceShown.model_validate(each) for each in there]


@router.delete(
    "/cases/{case_id}/presence",
    summary="I have gone",
    status_code=204,
    response_class=Response,
)
async def be_gone(case_id: UUID, principal: Writer, units: Units) -> None:
    async with units.begin() as uow:
        await end_presence(uow, case_id, by=person(principal))


@router.get("/crises", summary="Crises that are on, and how many open cases began in them")
async def list_crises(_: Reader, units: Units) -> list[CrisisShown]:
    async with units.read() as connection:
        return [CrisisShown.model_validate(each) for each in await crises.on(connection)]
