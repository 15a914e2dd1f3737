"""Public lead-in and private answer as one unit: which wait, and for what (S61, S64)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_IS_LED_IN = text("select is_led_in(:draft_id)")
_HALVES = text(
    """
    select draft_id from draft
     where draft_id = :draft_id or lead_in_draft_id = :draft_id
        or draft_id = (select lead_in_draft_id from draft where draft_id = :draft_id)
     order by draft_id
    """
)
_WAIT = text(
    "insert into waiting_for_lead_in(draft_id) values (:draft_id) on conflict (draft_id) do nothing"
)
_READY = text(
    "select draft_id from waiting_for_lead_in where is_led_in(draft_id) order by since limit :limit"
)
_DONE = text("delete from waiting_for_lead_in where draft_id = :draft_id")
_IS_WAITING = text("select true from waiting_for_lead_in where draft_id = :draft_id")


async def is_led_in(connection: AsyncConnection, draft_id: UUID) -> bool:
    """Whether a private word of this draft may leave: the database's own answer (S64)."""
    answer = (await connection.execute(_IS_LED_IN, {"draft_id": draft_id})).scalar_one_or_none()
    return bool(answer)


async def halves_of(connection: AsyncConnection, draft_id: UUID) -> Sequence[UUID]:
    """The draft and, in a pair, its other half, in the order in which to lock them."""
    return [row.draft_id for row in await connection.execute(_HALVES, {"draft_id": draft_id})]


async def wait_for_lead_in(connection: AsyncConnection, draft_id: UUID) -> None:
    """It is cleared and leaves once its lead-in has left."""
    await connection.execute(_WAIT, {"draft_id": draft_id})


async def is_waiting(connection: AsyncConnection, draft_id: UUID) -> bool:
    row = (await connection.execute(_IS_WAITING, {"draft_id": draft_id})).one_or_none()
    return row is not None


async def ready_to_follow(connection: AsyncConnection, *, limit: int) -> Sequence[UUID]:
    """Private halves whose lead-in has been sent, longest waiting first."""
    return [row.draft_id for row in await connection.execute(_READY, {"limit": limit})]


async def stop_waiting(connection: AsyncConnection, draft_id: UUID) -> None:
    await connection.execute(_DONE, {"draft_id": draft_id})
