"""What is parked, and whether the books balance: mentions = in a case + parked + own (S6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.storage.mentions import MentionRow, mention_of

_PARKED = """
    select mention_id, conversation_id, rule, reason, configuration_version, detected_at,
        placed_at, body
    from disposition where place = 'parked'
"""
_BEHIND = " and (detected_at, mention_id) < (:detected_at, :last_id)"
_ORDER = " order by detected_at desc, mention_id desc limit :limit"
_BOOKS = text(
    """
    select count(*) as mentions,
        count(*) filter (where place = 'case') as in_cases,
        count(*) filter (where place = 'parked') as parked,
        count(*) filter (where place = 'own_post') as own_posts,
        (select coalesce(sum(mentions), 0)::bigint from cases) as counted_by_cases
    from disposition
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedRow:
    """A mention that is kept without a case, and why."""

    mention_id: UUID
    conversation_id: UUID
    rule: str
    reason: str
    configuration_version: int
    detected_at: datetime
    placed_at: datetime
    mention: MentionRow

    @property
    def key(self) -> tuple[datetime, UUID]:
        """The place in the list, the latest first."""
        return (self.detected_at, self.mention_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Counts of one moment. `counted_by_cases` is the sum of what each case says it has."""

    mentions: int
    in_cases: int
    parked: int
    own_posts: int
    counted_by_cases: int

    @property
    def is_balanced(self) -> bool:
        return (
            self.mentions == self.in_cases + self.parked + self.own_posts
            and self.in_cases == self.counted_by_cases
        )


async def parked(
    connection: AsyncConnection, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[ParkedRow]:
    """Parked mentions, the latest first."""
    behind = "" if after is None else _BEHIND
    parameters = {} if after is None else {"detected_at": after[0], "last_id": after[1]}
    statement = text(f"{_PARKED}{behind}{_ORDER}")
    rows = await connection.execute(statement, {**parameters, "limit": limit})
    return [
        ParkedRow(
            mention_id=row.mention_id,
            conversation_id=row.conversation_id,
            rule=row.rule,
            reason=row.reason,
            configuration_version=row.configuration_version,
            detected_at=row.detected_at,
            placed_at=row.placed_at,
            mention=mention_of(row.body),
        )
        for row in rows
    ]


async def books(connection: AsyncConnection) -> Books:
    """The counts; one snapshot, so that they belong together."""
    row = (await connection.execute(_BOOKS)).one()
    return Books(**row._mapping)
