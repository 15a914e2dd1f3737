"""Drafts that cool off (S60). The draft's row is locked before these."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.domain.holds import Hold
from responder.domain.persons import Person

_INSERT = text(
    """
    insert into draft_hold(hold_id, draft_id, held_until, reason, held_by_id, held_by_name,
                           handed_to_id, handed_to_name)
    values (:hold_id, :draft_id, :held_until, :reason, :by_id, :by_name, :to_id, :to_name)
    """
)
_ALIVE = text("select * from draft_hold where draft_id = :draft_id and released_at is null")
_RELEASE = text(
    """
    update draft_hold set released_at = now(), released_by_id = :by_id, released_by_name = :by_name
     where draft_id = :draft_id and released_at is null
    """
)


async def insert_hold(connection: AsyncConnection, hold: Hold) -> None:
    """Refused by the guard for what is approved, and while another hold lasts."""
    to = hold.handed_to
    await connection.execute(
        _INSERT,
        {
            "hold_id": hold.hold_id,
            "draft_id": hold.draft_id,
            "held_until": hold.held_until,
            "reason": hold.reason,
            "by_id": hold.held_by.id,
            "by_name": hold.held_by.name,
            "to_id": to.id if to else None,
            "to_name": to.name if to else None,
        },
    )


async def alive_hold(connection: AsyncConnection, draft_id: UUID) -> Hold | None:
    """The hold that nobody and no timer has ended yet, if any."""
    row = (await connection.execute(_ALIVE, {"draft_id": draft_id})).one_or_none()
    return _hold(row) if row else None


async def release_hold(connection: AsyncConnection, draft_id: UUID, *, by: Person | None) -> None:
    """End it; `by` None where its time ran out."""
    await connection.execute(
        _RELEASE,
        {
            "draft_id": draft_id,
            "by_id": by.id if by else None,
            "by_name": by.name if by else None,
        },
    )


def _hold(row: Row[Any]) -> Hold:
    return Hold(
        hold_id=row.hold_id,
        draft_id=row.draft_id,
        held_until=row.held_until,
        reason=row.reason,
        held_by=Person(row.held_by_id, row.held_by_name),
        handed_to=Person(row.handed_to_id, row.handed_to_name) if row.handed_to_id else None,
    )
