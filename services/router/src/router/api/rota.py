"""The rota: how it stands, why a case was offered to whom, and what is offered to me (S31)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from common.errors import NotFoundError
from router.api.access import Overseer, Reader, Units, Writer, visible_teams
from router.api.commands import Command
from router.domain.rota import UNIT, Member, RotaState, start_of
from router.storage import duty_offers, rotas
from router.storage.case_view import case_view
from router.storage.duty_offers import OfferRow

router = APIRouter(tags=["rota"])

Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
MOST_OFFERS = 100


class StandingShown(BaseModel):
    """How somebody stands; who was `served` least per weight is next."""

    name: str
    weight: int | None = Field(description="Null: not in the rota any more")
    turns: int
    served: float = Field(description="Turns per weight since the rota began; absence counts")


class RotaShown(BaseModel):
    """The teams of a rota, and the people of each by team."""

    name: str
    teams: list[StandingShown]
    people: dict[str, list[StandingShown]]


class ConsideredShown(BaseModel):
    """A team or a person that could have got the turn, or why not."""

    name: str
    title: str
    weight: int
    served: float
    why_not: str | None
    stands_in_for: str | None


class OfferShown(BaseModel):
    """An offer of a case; `considered_teams` is empty where the case kept its team."""

    model_config = ConfigDict(from_attributes=True)

    round: int
    rota: str
    team: str
    person_id: str | None = Field(description="Null: nobody was on duty")
    person_name: str | None
    reason: str
    offered_at: datetime
    until: datetime | None
    ended_at: datetime | None
    ending: str | None = Field(description="taken, expired, withdrawn")
    configuration_version: int
    considered_teams: list[ConsideredShown]
    considered_people: list[ConsideredShown]


class MyOffer(BaseModel):
    """A case that is offered to you until a moment; claim it to take it."""

    model_config = ConfigDict(from_attributes=True)

    case_id: UUID
    team: str
    round: int
    offered_at: datetime
    until: datetime
    reason: str


@router.get("/rota/offers", summary="What is offered to me now")
async def my_offers(principal: Writer, units: Units) -> list[MyOffer]:
    async with units.read() as connection:
        rows = await duty_offers.of_person(connection, principal.id, limit=MOST_OFFERS)
    return [MyOffer.model_validate(row) for row in rows]


@router.get(
    "/rota/{name}",
    summary="How often teams and people had their turn",
    responses={404: {"description": "No such rota"}},
)
async def get_rota(
    name: Name, _: Overseer, units: Units, command: Annotated[Command, Depends()]
) -> RotaShown:
    async with units.read() as connection:
        configuration = await command.configurations.in_force(connection)
        states = await rotas.beginning_with(connection, name)
    rota = configuration.rotas.get(name)
    if rota is None:
        raise NotFoundError("no such rota")
    weights = {each.id: each.weight for each in configuration.people.values()}
    return RotaShown(
        name=name,
        teams=_standings(states.get(name), {m.name: m.weight for m in rota.members}),
        people={
            member.name: _standings(
                states.get(f"{name}/{member.name}"),
                {
                    each.id: weights[each.id]
                    for each in configuration.people.values()
                    if member.name in each.teams and rota.role in each.roles
                },
            )
            for member in rota.members
        },
    )


@router.get(
    "/rota/{name}/explain/{case_id}",
    summary="Why me: who was considered for this case, who was away and why",
    responses={404: {"description": "The rota never offered this case"}},
)
async def explain(name: Name, case_id: UUID, principal: Reader, units: Units) -> list[OfferShown]:
    async with units.read() as connection:
        await case_view(connection, case_id, visible_teams(principal))
        found = await duty_offers.of_cases(connection, [case_id])
    offers = [offer for offer in found.get(case_id, []) if offer.rota == name]
    if not offers:
        raise NotFoundError("the rota never offered this case")
    return [_offer(offer) for offer in offers]


def _offer(offer: OfferRow) -> OfferShown:
    considered: dict[str, Any] = offer.considered
    return OfferShown(
        round=offer.round,
        rota=offer.rota,
        team=offer.team,
        person_id=offer.person_id,
        person_name=offer.person_name,
        reason=offer.reason,
        offered_at=offer.offered_at,
        until=offer.until,
        ended_at=offer.ended_at,
        ending=offer.ending,
        configuration_version=offer.configuration_version,
        considered_teams=[ConsideredShown(**each) for each in considered["teams"]],
        considered_people=[ConsideredShown(**each) for each in considered["people"]],
    )


def _standings(state: RotaState | None, weights: dict[str, int]) -> list[StandingShown]:
    known = state or RotaState(0, {}, {})
    names = [*weights, *(name for name in known.turns if name not in weights)]
    return [
        StandingShown(
            name=name,
            weight=weights.get(name),
            turns=known.turns.get(name, 0),
            served=round(start_of(Member(name, 1), known) / UNIT, 4),
        )
        for name in names
    ]
