"""Which authors on different networks are one person (S12). Set by people who know it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from classifier.api.access import Command, Units, Writer, person
from classifier.api.mentions import SAYS_SOMETHING, Reason
from classifier.handlers.link_identities import link_identities, unlink_identities
from classifier.storage import identities
from common.db.unit_of_work import UnitOfWork
from common.errors import NotFoundError
from common.web.idempotency import Answer

router = APIRouter(tags=["identities"])


Text = Annotated[str, Field(max_length=300, pattern=SAYS_SOMETHING)]


class AuthorGiven(BaseModel):
    """An author as a network names them: its own id, not the handle."""

    model_config = ConfigDict(extra="forbid")

    network: Text
    author_id: Text


class AuthorsToLink(BaseModel):
    """At least two authors who are one person, and how that is known."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "members": [
                        {"network": "mastodon", "author_id": "108765"},
                        {"network": "mail", "author_id": "lena@kundin.example"},
                    ],
                    "reason": "Sie nannte in der Mail ihren Namen dort.",
                }
            ]
        },
    )

    members: Annotated[tuple[AuthorGiven, ...], Field(min_length=2, max_length=20)]
    reason: Reason


class Unlinked(BaseModel):
    """Why they are not one person after all."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class PersonView(BaseModel):
    """A person and the authors who are that person."""

    person_id: UUID
    members: list[AuthorGiven]


@router.post(
    "/identities",
    status_code=201,
    response_model=PersonView,
    summary="Say that authors are one person; links that exist are joined",
)
async def post_identity(
    body: AuthorsToLink, principal: Writer, command: Annotated[Command, Depends()]
) -> Response:
    async def effect(uow: UnitOfWork) -> Answer:
        found, members = await link_identities(
            uow,
            sorted({(member.network, member.author_id) for member in body.members}),
            by=person(principal),
            reason=body.reason,
            new_id=command.new_id,
        )
        return Answer(201, _view(found, members))

    return await command.run(effect)


@router.get(
    "/identities/{person_id}",
    summary="The authors who are this person",
    responses={404: {"description": "Nobody was linked under this id"}},
)
async def get_identity(person_id: UUID, _: Writer, units: Units) -> PersonView:
    async with units.read() as connection:
        members = await identities.members(connection, person_id)
    if not members:
        raise NotFoundError("no such person")
    return _view(person_id, members)


@router.post(
    "/identities/{person_id}/unlink",
    status_code=204,
    summary="Take a person apart again",
    responses={404: {"description": "Nobody was linked under this id"}},
)
async def unlink(
    person_id: UUID,
    body: Unlinked,
    principal: Writer,
    command: Annotated[Command, Depends()],
) -> Response:
    async def effect(uow: UnitOfWork) -> Answer:
        await unlink_identities(
            uow, person_id, by=person(principal), reason=body.reason, new_id=command.new_id
        )
        return Answer(204)

    return await command.run(effect)


def _view(person_id: UUID, members: Any) -> PersonView:
    return PersonView(
        person_id=person_id,
        members=[AuthorGiven(network=network, author_id=id_) for network, id_ in members],
    )
