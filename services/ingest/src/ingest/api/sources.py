"""Sources over HTTP: connect, list, switch, rotate secrets. For operators.

A secret is shown in the answer to the call that made it and never again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from common.db.unit_of_work import UnitOfWork
from common.errors import NotFoundError
from common.web.auth import Principal, require
from common.web.concurrency import check_version, etag, if_match
from common.web.idempotency import Answer, Once
from common.web.pagination import Page, PageRequest
from ingest.domain.sources import ReadingState, Source, SourceKind
from ingest.handlers import manage_sources
from ingest.handlers.manage_sources import FreshSecret, NewSource
from ingest.storage import readings, sources

router = APIRouter(tags=["sources"])
_operator = require("operator")


class SourceWish(BaseModel):
    """A source to connect."""

    model_config = ConfigDict(extra="forbid")

    network: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$", examples=["mastodon"])
    kind: SourceKind
    account: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00]*[^\s\x00][^\x00]*$",
        description="Our channel account that posts of this source are addressed to",
    )


class SourceChange(BaseModel):
    """What may change about a source."""

    model_config = ConfigDict(extra="forbid")

    is_enabled: bool


class SecretShown(BaseModel):
    """A secret's id and age; never the secret."""

    id: UUID
    created_at: datetime


class SecretMade(SecretShown):
    """A fresh secret, shown this once."""

    secret: str = Field(description="`whsec_` + base64; keep it, it is not shown again")


class ReadingShown(BaseModel):
    """How the reading of a source goes (S5). The cursor stays where it was while it fails."""

    last_success_at: datetime | None
    last_error: str | None = Field(examples=["login_refused"])
    failures: int = Field(description="In a row")
    next_at: datetime


class SourceShown(BaseModel):
    """A connected source."""

    id: UUID
    network: str
    kind: SourceKind
    account: str | None
    is_enabled: bool
    created_at: datetime
    secrets: list[SecretShown]
    reading: ReadingShown | None = Field(
        None, description="How the reading goes; null for sources that push, or never read yet"
    )


class SourceMade(SourceShown):
    """A new source, with its first secret where deliveries are signed."""

    fresh_secret: SecretMade | None


@router.post("/sources", status_code=201, response_model=SourceMade, summary="Connect a source")
async def connect(
    wish: SourceWish,
    request: Request,
    principal: Annotated[Principal, Depends(_operator)],
    once: Annotated[Once, Depends()],
) -> Any:
    """Connect a source; a webhook gets its first secret."""

    async def effect(uow: UnitOfWork) -> Answer:
        source, fresh = await manage_sources.connect_source(
            uow,
            NewSource(network=wish.network, kind=wish.kind, account=wish.account),
            ids=request.app.state.ids,
            by=principal.id,
        )
        made = SourceMade(
            **_shown(source).model_dump(), fresh_secret=_made(fresh) if fresh else None
        )
        return Answer(201, made, {"ETag": etag(source.version)})

    return await once.run(request.app.state.units, effect)


@router.get(
    "/sources",
    response_model=Page[SourceShown],
    dependencies=[Depends(_operator)],
    summary="List sources, oldest first",
)
async def list_sources(request: Request, page: Annotated[PageRequest, Depends()]) -> Any:
    """The connected sources, without their secrets."""
    after = page.after(datetime, UUID)
    async with request.app.state.units.read() as connection:
        found = await sources.oldest_first(
            connection, after=(after[0], after[1]) if after else None, limit=page.fetch
        )
        states = await readings.states_of(connection, [source.id for source in found])
    return page.page(
        found,
        lambda source: _shown(source, states.get(source.id)),
        key=lambda source: (source.created_at, source.id),
    )


@router.get(
    "/sources/{source_id}",
    response_model=SourceShown,
    dependencies=[Depends(_operator)],
    summary="Show a source",
    responses={404: {"description": "No such source"}},
)
async def show(source_id: UUID, request: Request, response: Response) -> Any:
    """One source, with the ETag that a change must name."""
    async with request.app.state.units.read() as connection:
        source = await sources.find(connection, source_id)
        states = await readings.states_of(connection, [source_id])
    if source is None:
        raise NotFoundError("there is no such source")
    response.headers["ETag"] = etag(source.version)
    return _shown(source, states.get(source_id))


@router.patch(
    "/sources/{source_id}",
    response_model=SourceShown,
    dependencies=[Depends(_operator)],
    summary="Switch a source on or off",
    responses={404: {"description": "No such source"}},
)
async def change(
    source_id: UUID,
    wish: SourceChange,
    request: Request,
    response: Response,
    version: Annotated[int, Depends(if_match)],
) -> Any:
    """Switch a source; If-Match names the version that was seen."""
    async with request.app.state.units.begin() as uow:
        source = await manage_sources.hold_source(uow, source_id)
        check_version(version, source.version)
        source = await manage_sources.switch_source(uow, source, is_enabled=wish.is_enabled)
        states = await readings.states_of(uow.connection, [source_id])
    response.headers["ETag"] = etag(source.version)
    return _shown(source, states.get(source_id))


@router.post(
    "/sources/{source_id}/secrets",
    status_code=201,
    response_model=SecretMade,
    summary="Make a second secret for a rotation",
    responses={
        404: {"description": "No such source"},
        409: {"description": "Two are active, or the source takes no signed deliveries"},
    },
)
async def rotate(
    source_id: UUID,
    request: Request,
    principal: Annotated[Principal, Depends(_operator)],
    once: Annotated[Once, Depends()],
) -> Any:
    """A further active secret; both are accepted until one is deleted."""

    async def effect(uow: UnitOfWork) -> Answer:
        fresh = await manage_sources.rotate_secret(
            uow, source_id, ids=request.app.state.ids, by=principal.id
        )
        return Answer(201, _made(fresh))

    return await once.run(request.app.state.units, effect)


@router.delete(
    "/sources/{source_id}/secrets/{secret_id}",
    status_code=204,
    dependencies=[Depends(_operator)],
    summary="Forget a secret at once",
    responses={404: {"description": "No such source or secret"}},
)
async def delete_secret(source_id: UUID, secret_id: UUID, request: Request) -> None:
    """Deliveries signed with it are refused from the moment this answers."""
    async with request.app.state.units.begin() as uow:
        await manage_sources.delete_secret(uow, source_id, secret_id)


def _shown(source: Source, state: ReadingState | None = None) -> SourceShown:
    return SourceShown(
        id=source.id,
        network=source.network,
        kind=source.kind,
        account=source.account,
        is_enabled=source.is_enabled,
        created_at=source.created_at,
        secrets=[
            SecretShown(id=secret.id, created_at=secret.created_at) for secret in source.secrets
        ],
        reading=ReadingShown(
            last_success_at=state.last_success_at,
            last_error=state.last_error,
            failures=state.failures,
            next_at=state.next_at,
        )
        if state
        else None,
    )


def _made(fresh: FreshSecret) -> SecretMade:
    return SecretMade(id=fresh.info.id, created_at=fresh.info.created_at, secret=fresh.secret)
