"""The dead letters of a service over HTTP: list, look, replay, discard (RELIABILITY 9.3).

Every service that consumes includes these routes. Contents are never shown here: they are
personal data; `common.inbox.dead_letters` decides what may happen to a letter.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from common.db.unit_of_work import UnitOfWorkFactory
from common.inbox import dead_letters
from common.web.auth import Principal, require
from common.web.pagination import Page, PageRequest

LetterId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class DeadLetterView(BaseModel):
    """A dead letter without what it says."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    topic: str
    partition: int
    offset: int
    event_id: UUID | None
    type: str | None
    error_class: str
    error_hash: str
    attempts: int
    first_failed_at: datetime
    failed_at: datetime
    is_parked: bool
    state: Literal["open", "replaying", "replayed", "discarded"]
    actor: str | None
    reason: str | None
    decided_at: datetime | None


class Discarding(BaseModel):
    """Why nothing is lost by giving the record up; kept with it."""

    reason: str = Field(min_length=3, max_length=1000)


def dead_letter_routes(units: UnitOfWorkFactory, *, consumer: str) -> APIRouter:
    """The routes for the dead letters of one consumer; operators look and replay, leads discard."""
    routes = APIRouter(prefix="/dead-letters", tags=["dead letters"])
    operator = Depends(require("operator", "lead"))

    @routes.get("", dependencies=[operator])
    async def list_dead_letters(
        page: Annotated[PageRequest, Depends()],
        state: Annotated[Literal["open", "replaying", "replayed", "discarded"], Query()] = "open",
    ) -> Page[DeadLetterView]:
        """Dead letters in the order in which they were put away."""
        key = page.after(int)
        async with units.read() as connection:
            found = await dead_letters.list_dead_letters(
                connection, consumer, state=state, after=key[0] if key else 0, limit=page.fetch
            )
        return page.page(found, DeadLetterView.model_validate, key=lambda letter: (letter.id,))

    @routes.get("/{letter_id}", dependencies=[operator])
    async def show_dead_letter(letter_id: LetterId) -> DeadLetterView:
        """One dead letter."""
        async with units.read() as connection:
            letter = await dead_letters.show_dead_letter(connection, consumer, letter_id=letter_id)
        return DeadLetterView.model_validate(letter)

    @routes.post("/{letter_id}/replay", status_code=202)
    async def replay_dead_letter(
        letter_id: LetterId, principal: Annotated[Principal, Depends(require("operator", "lead"))]
    ) -> DeadLetterView:
        """Have the record handled again, in order with its key. Asking twice changes nothing."""
        await dead_letters.replay(units, consumer, letter_id=letter_id, actor=principal.id)
        return await show_dead_letter(letter_id)

    @routes.post("/{letter_id}/discard")
    async def discard_dead_letter(
        letter_id: LetterId,
        body: Discarding,
        principal: Annotated[Principal, Depends(require("lead"))],
    ) -> DeadLetterView:
        """Give the record up for good, with a reason that is kept. Twice is once."""
        await dead_letters.discard(
            units, consumer, letter_id=letter_id, actor=principal.id, reason=body.reason
        )
        return await show_dead_letter(letter_id)

    return routes
