"""Where each mention went, one row per mention and for ever (S28).

The row holds the classified mention itself as JSON text, so that a case can be shown and a parked
mention be lifted without asking another service. What the text means is known to the handlers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.claims import Person
from router.domain.placing import Place

_PLACED = text(
    "select mention_id from disposition where mention_id = any(cast(:mention_ids as uuid[]))"
)
_RECORD = text(
    """
    insert into disposition (
        mention_id, conversation_id, place, case_id, rule, reason, configuration_version,
        detected_at, placed_at, body
    )
    select mention_id, conversation_id, place, case_id, rule, reason,
        cast(:configuration_version as integer), detected_at, cast(:now as timestamptz), body
    from unnest(
        cast(:mention_id as uuid[]), cast(:conversation_id as uuid[]), cast(:place as text[]),
        cast(:case_id as uuid[]), cast(:rule as text[]), cast(:reason as text[]),
        cast(:detected_at as timestamptz[]), cast(:body as text[])
    ) as new (mention_id, conversation_id, place, case_id, rule, reason, detected_at, body)
    """
)
_LOCK = text(
    """
    select mention_id, conversation_id, place, case_id, body, moved_at
    from disposition where mention_id = :mention_id for update
    """
)
_MOVE = text(
    """
    update disposition set place = :place, case_id = :case_id, rule = :rule, reason = :reason,
        configuration_version = :configuration_version, moved_at = :at, moved_by_id = :by_id,
        moved_by_name = :by_name, lifted_at = null, lifted_by_id = null, lifted_by_name = null
    where mention_id = :mention_id
    """
)
_CORRECT = text("update disposition set body = :body where mention_id = :mention_id")
_DECISIONS = text(
    """
    select cast(body as json) -> 'classification' ->> 'decision' as decision
    from disposition where case_id = :case_id and place = 'case'
    """
)
_LIFT = text(
    """
    update disposition set place = 'case', case_id = :case_id, lifted_at = :at,
        lifted_by_id = :by_id, lifted_by_name = :by_name
    where mention_id = :mention_id and place = 'parked'
    """
)


@dataclass(slots=True, kw_only=True)
class NewDisposition:
    """`body` is the classified mention as JSON."""

    mention_id: UUID
    conversation_id: UUID
    place: Place
    case_id: UUID | None
    rule: str
    reason: str
    detected_at: datetime
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """Where a mention is; `body` is the classified mention as JSON."""

    mention_id: UUID
    conversation_id: UUID
    place: Place
    case_id: UUID | None
    body: str
    was_moved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a mention goes, and by which rule."""

    place: Place
    case_id: UUID | None
    rule: str
    reason: str


async def placed(connection: AsyncConnection, mention_ids: Collection[UUID]) -> set[UUID]:
    """Those of the mentions that have their place already."""
    rows = await connection.execute(_PLACED, {"mention_ids": list(mention_ids)})
    return set(rows.scalars())


async def record(
    connection: AsyncConnection,
    dispositions: Sequence[NewDisposition],
    *,
    configuration_version: int,
    now: datetime,
) -> None:
    """Write where these mentions go; a mention that has a place already is a database error."""
    columns = {
        name: [getattr(row, name) for row in dispositions] for name in NewDisposition.__slots__
    }
    await connection.execute(
        _RECORD, {**columns, "configuration_version": configuration_version, "now": now}
    )


async def lock(connection: AsyncConnection, mention_id: UUID) -> Disposition | None:
    """Where a mention is, its row locked; None when it was never placed."""
    row = (await connection.execute(_LOCK, {"mention_id": mention_id})).one_or_none()
    if row is None:
        return None
    return Disposition(
        mention_id=row.mention_id,
        conversation_id=row.conversation_id,
        place=Place(row.place),
        case_id=row.case_id,
        body=row.body,
        was_moved=row.moved_at is not None,
    )


async def move(
    connection: AsyncConnection,
    mention_id: UUID,
    to: Destination,
    *,
    configuration_version: int,
    by: Person,
    at: datetime,
) -> None:
    """Give a mention another place."""
    await connection.execute(
        _MOVE,
        {
            "mention_id": mention_id,
            "place": to.place.value,
            "case_id": to.case_id,
            "rule": to.rule,
            "reason": to.reason,
            "configuration_version": configuration_version,
            "by_id": by.id,
            "by_name": by.name,
            "at": at,
        },
    )


async def correct(connection: AsyncConnection, mention_id: UUID, body: str) -> None:
    """Store a mention with the label that a person gave it."""
    await connection.execute(_CORRECT, {"mention_id": mention_id, "body": body})


async def decisions_of(connection: AsyncConnection, case_id: UUID) -> list[str]:
    """What was decided about each mention of a case."""
    return list((await connection.execute(_DECISIONS, {"case_id": case_id})).scalars())


async def lift(
    connection: AsyncConnection, mention_id: UUID, *, case_id: UUID, by: Person, at: datetime
) -> None:
    """Move a parked mention into a case."""
    await connection.execute(
        _LIFT,
        {
            "mention_id": mention_id,
            "case_id": case_id,
            "at": at,
            "by_id": by.id,
            "by_name": by.name,
        },
    )
