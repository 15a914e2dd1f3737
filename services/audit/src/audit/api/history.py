"""Time lines: what happened, in order, who did it. Readable by both teams (SPEC policy).

Triage, agents and leads see persons; observers and operators see `***` in their place.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from audit.domain.reading import ReadableEntry
from audit.handlers import read_history
from audit.handlers.read_history import Sight
from audit.storage.history import Line, LineQuestion, Order
from common.web.auth import Principal, require
from common.web.pagination import Page, PageRequest
from common.web.parameters import Moment

router = APIRouter(tags=["history"])
_reader = require("observer", "operator", "triage", "agent", "lead")
_SEES_PERSONS = ("triage", "agent", "lead")
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_MISSING: dict[int | str, dict[str, Any]] = {404: {"description": "Not in the history"}}


class EntryShown(BaseModel):
    """An entry. `data` is the event's body; personal fields read `***` for those who must not."""

    conversation_id: UUID
    seq: int = Field(description="Its number in the conversation's chain, from 1")
    event_id: UUID
    topic: str
    type: str
    subject: str
    case_id: UUID | None
    mention_id: UUID | None
    at: datetime = Field(description="When it happened")
    recorded_at: datetime = Field(description="When the history got it")
    who: str | None = Field(description="The acting person; null where a service acted")
    what: str
    data: Any
    hash: str = Field(description="The entry's hash in hex, continuing that of the one before")


class _Asked:
    """What every time line can be asked: order and page, and by whom."""

    def __init__(
        self,
        request: Request,
        page: Annotated[PageRequest, Depends()],
        principal: Annotated[Principal, Depends(_reader)],
        order: Annotated[Order, Query(description="Which end comes first")] = Order.OLDEST_FIRST,
    ) -> None:
        self._request = request
        self._page = page
        self._sight = sight_of(principal)
        self._order = order

    async def line(self, line: Line, of: UUID) -> Page[EntryShown]:
        """The page of this time line."""
        behind = self._page.after(int)
        question = LineQuestion(
            line=line,
            of=of,
            order=self._order,
            behind=behind[0] if behind else None,
            limit=self._page.fetch,
        )
        entries = await read_history.read_line(
            self._request.app.state.units, question, sight=self._sight
        )
        return self._page.page(entries, _shown, key=lambda entry: (entry.seq,))


_AskedBy = Annotated[_Asked, Depends()]


@router.get(
    "/cases/{case_id}/history",
    response_model=Page[EntryShown],
    summary="What happened to a case",
    responses=_MISSING,
)
async def of_case(case_id: UUID, asked: _AskedBy) -> Any:
    """The case's entries and those of its mentions, from the moment they were found."""
    return await asked.line(Line.CASE, case_id)


@router.get(
    "/conversations/{conversation_id}/history",
    response_model=Page[EntryShown],
    summary="Everything in a conversation",
    responses=_MISSING,
)
async def of_conversation(conversation_id: UUID, asked: _AskedBy) -> Any:
    """Every entry of the conversation's chain, without a hole in the numbers."""
    return await asked.line(Line.CONVERSATION, conversation_id)


@router.get(
    "/mentions/{mention_id}/history",
    response_model=Page[EntryShown],
    summary="What became of a mention",
    responses=_MISSING,
)
async def of_mention(mention_id: UUID, asked: _AskedBy) -> Any:
    """The entries about one mention: found, classified, placed."""
    return await asked.line(Line.MENTION, mention_id)


@router.get(
    "/entries", response_model=Page[EntryShown], summary="Entries of all conversations, as recorded"
)
async def list_entries(
    request: Request,
    page: Annotated[PageRequest, Depends()],
    principal: Annotated[Principal, Depends(_reader)],
    types: Annotated[
        list[Annotated[str, Query(max_length=100, pattern=r"^[a-z0-9_.]+$")]] | None,
        Query(alias="type", max_length=50, description="Only these types of events"),
    ] = None,
    since: Annotated[Moment | None, Query(description="Recorded at or after this")] = None,
) -> Any:
    """Entries in the order they were recorded, for reports and exports."""
    behind = page.after(datetime, UUID, int)
    entries = await read_history.read_since(
        request.app.state.units,
        since=since or _BEGINNING,
        types=types,
        behind=(behind[0], behind[1], behind[2]) if behind else None,
        limit=page.fetch,
        sight=sight_of(principal),
    )
    return page.page(
        entries, _shown, key=lambda entry: (entry.recorded_at, entry.conversation_id, entry.seq)
    )


def sight_of(principal: Principal) -> Sight:
    """What this reader may see of persons."""
    return Sight.PERSONS if principal.has_any(*_SEES_PERSONS) else Sight.MASKED


def _shown(entry: ReadableEntry) -> EntryShown:
    return EntryShown(**asdict(entry))
