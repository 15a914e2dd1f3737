"""Mentions as found, for reading. What became of them is the router's and audit's to tell."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from common.errors import NotFoundError
from common.web.auth import Principal, require
from common.web.pagination import Page, PageRequest
from ingest.storage import mentions
from ingest.storage.mentions import MentionQuestion

router = APIRouter(tags=["mentions"])
_reader = require("observer", "triage", "agent", "lead")
_SEES_PERSONS = ("triage", "agent", "lead")


class AuthorShown(BaseModel):
    """Who wrote it, as the network said."""

    id: str
    handle: str
    name: str | None
    followers: int | None


class MediaShown(BaseModel):
    """An attachment by reference."""

    kind: str
    url: str
    alt_text: str | None


class MentionShown(BaseModel):
    """A mention. Observers see null where the event catalogue says personal."""

    mention_id: UUID
    conversation_id: UUID
    network: str
    source_id: UUID
    account: str | None
    posted_at: datetime
    detected_at: datetime
    detected_via: list[str]
    language: str | None
    visibility: str
    native_id: str | None = None
    in_reply_to: str | None = None
    author: AuthorShown | None = None
    text: str | None = None
    url: str | None = None
    media: list[MediaShown] | None = None


@router.get("/mentions", response_model=Page[MentionShown], summary="List mentions, newest first")
async def list_mentions(
    request: Request,
    page: Annotated[PageRequest, Depends()],
    principal: Annotated[Principal, Depends(_reader)],
    network: Annotated[str | None, Query(max_length=32, pattern=r"^[^\x00]*$")] = None,
    source_id: UUID | None = None,
    conversation_id: UUID | None = None,
) -> Any:
    """Mentions by the time they were detected, the last one first."""
    after = page.after(datetime, UUID)
    question = MentionQuestion(
        network=network,
        source_id=source_id,
        conversation_id=conversation_id,
        before=(after[0], after[1]) if after else None,
    )
    async with request.app.state.units.read() as connection:
        rows = await mentions.newest_first(connection, question, limit=page.fetch)
    return page.page(
        rows,
        lambda row: _shown(row, principal),
        key=lambda row: (row.detected_at, row.mention_id),
    )


@router.get(
    "/mentions/{mention_id}",
    response_model=MentionShown,
    summary="Show a mention",
    responses={404: {"description": "No such mention"}},
)
async def show(
    mention_id: UUID, request: Request, principal: Annotated[Principal, Depends(_reader)]
) -> Any:
    """One mention as found."""
    async with request.app.state.units.read() as connection:
        row = await mentions.find(connection, mention_id)
    if row is None:
        raise NotFoundError("there is no such mention")
    return _shown(row, principal)


def _shown(row: Any, principal: Principal) -> MentionShown:
    shown = MentionShown(
        mention_id=row.mention_id,
        conversation_id=row.conversation_id,
        network=row.network,
        source_id=row.source_id,
        account=row.account,
        posted_at=row.posted_at,
        detected_at=row.detected_at,
        detected_via=row.detected_via,
        language=row.language,
        visibility=row.visibility,
    )
    if not principal.has_any(*_SEES_PERSONS):
        return shown
    return shown.model_copy(
        update={
            "native_id": row.native_id,
            "in_reply_to": row.in_reply_to,
            "author": AuthorShown(
                id=row.author_id,
                handle=row.author_handle,
                name=row.author_name,
                followers=row.author_followers,
            ),
            "text": row.text,
            "url": row.url,
            "media": [MediaShown(**medium) for medium in row.media],
        }
    )
