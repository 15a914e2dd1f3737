"""Mentions as they were placed: to explain a decision, or to try other rules on them (S37)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.placing import OPEN_CONVERSATION_RULE, OWN_POST_RULE, Place

_COLUMNS = """
    select mention_id, place, case_id, rule, reason, configuration_version, placed_at, lifted_at,
        lifted_by_name, body
    from disposition
"""
_ONE = text(f"{_COLUMNS} where mention_id = :mention_id")
# The one that opened it; where mentions were moved, the first that a rule of ours placed.
_OPENING = text(
    f"""{_COLUMNS} where case_id = :case_id and place = 'case'
    order by rule = :continued, placed_at, detected_at, mention_id limit 1
    """
)
_BETWEEN = text(
    f"""{_COLUMNS} where placed_at >= :since and placed_at < :until and rule <> :own_post
    order by placed_at desc limit :limit
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedMention:
    """Where a mention went and what decided; `body` is the classified mention as JSON."""

    mention_id: UUID
    place: Place
    case_id: UUID | None
    rule: str
    reason: str
    configuration_version: int
    placed_at: datetime
    lifted_at: datetime | None
    lifted_by_name: str | None
    body: str


async def one(connection: AsyncConnection, mention_id: UUID) -> PlacedMention | None:
    """A mention by its id."""
    row = (await connection.execute(_ONE, {"mention_id": mention_id})).one_or_none()
    return None if row is None else _placed(row)


async def opening(connection: AsyncConnection, case_id: UUID) -> PlacedMention | None:
    """The mention that opened a case."""
    found = await connection.execute(
        _OPENING, {"case_id": case_id, "continued": OPEN_CONVERSATION_RULE}
    )
    row = found.one_or_none()
    return None if row is None else _placed(row)


async def between(
    connection: AsyncConnection, since: datetime, until: datetime, *, limit: int
) -> list[PlacedMention]:
    """Customers' mentions placed in this time, the latest first."""
    rows = await connection.execute(
        _BETWEEN, {"since": since, "until": until, "own_post": OWN_POST_RULE, "limit": limit}
    )
    return [_placed(row) for row in rows]


async def now(connection: AsyncConnection) -> datetime:
    """The database's time."""
    moment: datetime = (await connection.execute(text("select now()"))).scalar_one()
    return moment


def _placed(row: Row[object]) -> PlacedMention:
    return PlacedMention(**{**row._mapping, "place": Place(row.place)})
