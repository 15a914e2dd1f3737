"""Reading chains whole and fast, for checking: portions of many chains, each in one snapshot.

Rows are read past SQLAlchemy, by a server-side cursor: at 100,000 entries a second its share would
be the largest.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from audit.domain.chain import Fact, Head, StoredEntry
from audit.domain.filing import Filing

_ROWS = 1000
_ZERO = UUID(int=0)
_LAST = UUID(int=2**128 - 1)
_HEADS = text("""
select conversation_id, seq, hash from chain_head
where conversation_id > :after order by conversation_id limit :limit
""")
_HEAD = text("select conversation_id, seq, hash from chain_head where conversation_id = :id")
_ENTRIES = """
select conversation_id, seq, event_id, topic, type, subject, case_id, mention_id, actor, at,
       recorded_at, body, prev, hash
from entry where conversation_id > $1 and conversation_id <= $2
order by conversation_id, seq
"""


class Portion:
    """Some chains in the order of their conversations: their heads, and their entries to read.

    `upto` is the last conversation it covers; None where it reaches to the end of all.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        heads: dict[UUID, Head],
        *,
        after: UUID,
        upto: UUID | None,
    ) -> None:
        self.heads = heads
        self.upto = upto
        self._connection = connection
        self._after = after

    async def batches(self) -> AsyncIterator[list[tuple[UUID, StoredEntry]]]:
        """Every entry, by conversation and number; also of conversations without a head."""
        raw = await self._connection.get_raw_connection()
        driver: Any = raw.driver_connection
        cursor = await driver.cursor(_ENTRIES, self._after, self.upto or _LAST)
        while rows := await cursor.fetch(_ROWS):
            yield [_entry(row) for row in rows]


def _entry(row: Sequence[Any]) -> tuple[UUID, StoredEntry]:
    (
        conversation_id, seq, event_id, topic, type_, subject, case_id, mention_id, actor, at,
        recorded_at, body, prev, hash_,
    ) = row  # fmt: skip
    filing = Filing(case_id, mention_id, actor)
    fact = Fact(event_id, topic, type_, subject, at, body, filing)
    return conversation_id, StoredEntry(seq, fact, recorded_at, prev, hash_)


async def portion(connection: AsyncConnection, *, after: UUID | None, limit: int) -> Portion:
    """The next `limit` chains behind the conversation `after`.

    `connection` is in one snapshot (`UnitOfWorkFactory.read`): appending goes on meanwhile.
    """
    begin = after or _ZERO
    rows = await connection.execute(_HEADS, {"after": begin, "limit": limit})
    heads = {row.conversation_id: Head(row.seq, row.hash) for row in rows}
    upto = max(heads) if len(heads) == limit else None
    return Portion(connection, heads, after=begin, upto=upto)


async def single(connection: AsyncConnection, conversation_id: UUID) -> Portion:
    """The one chain of this conversation."""
    rows = await connection.execute(_HEAD, {"id": conversation_id})
    heads = {row.conversation_id: Head(row.seq, row.hash) for row in rows}
    return Portion(
        connection, heads, after=UUID(int=max(conversation_id.int - 1, 0)), upto=conversation_id
    )
