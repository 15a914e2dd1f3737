"""Reading the history: time lines of a case, a conversation, a mention, and entries by type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

_COLUMNS = """
    e.conversation_id, e.seq, e.event_id, e.topic, e.type, e.subject, e.case_id, e.mention_id,
    e.at, e.recorded_at, e.body, e.hash"""
# A case's line is its own entries and those of the mentions that belong to it.
_BELONGS = {
    "conversation": "true",
    "case": """(e.case_id = cast(:of as uuid) or (e.case_id is null and e.mention_id in (
        select m.mention_id from entry m
        where m.conversation_id = :conversation_id and m.case_id = cast(:of as uuid))))""",
    "mention": "e.mention_id = cast(:of as uuid)",
}
_WHERE_FILED = {
    "conversation": "select conversation_id from chain_head where conversation_id = :of",
    "case": "select conversation_id from case_filing where case_id = :of",
    "mention": "select conversation_id from mention_filing where mention_id = :of",
}


class Order(StrEnum):
    """Which end of a time line comes first."""

    OLDEST_FIRST = "oldest"
    NEWEST_FIRST = "newest"


class Line(StrEnum):
    """Of what a time line is."""

    CONVERSATION = "conversation"
    CASE = "case"
    MENTION = "mention"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineQuestion:
    """Which part of a time line: `behind` is the number of the entry seen last."""

    line: Line
    of: UUID
    order: Order
    behind: int | None
    limit: int


def _line_statement(line: Line, order: Order) -> TextClause:
    compare, direction = ("<", "desc") if order is Order.NEWEST_FIRST else (">", "asc")
    return text(
        f"select {_COLUMNS} from entry e "  # noqa: S608  (no input)
        f"where e.conversation_id = :conversation_id and {_BELONGS[line]} "
        f"and (cast(:behind as bigint) is null or e.seq {compare} cast(:behind as bigint)) "
        f"order by e.seq {direction} limit :limit"
    )


_LINES = {(line, order): _line_statement(line, order) for line in Line for order in Order}
_FILED = {line: text(query) for line, query in _WHERE_FILED.items()}
_SINCE = text(f"""
select {_COLUMNS} from entry e
where e.recorded_at >= :since
  and (cast(:types as text[]) is null or e.type = any(cast(:types as text[])))
  and (cast(:behind_at as timestamptz) is null
       or (e.recorded_at, e.conversation_id, e.seq)
          > (cast(:behind_at as timestamptz), cast(:behind_id as uuid),
             cast(:behind_seq as bigint)))
order by e.recorded_at, e.conversation_id, e.seq
limit :limit
""")  # noqa: S608


async def time_line(connection: AsyncConnection, question: LineQuestion) -> list[Any] | None:
    """At most `limit` rows of the line, in order; None where nothing of that id is known."""
    filed = await connection.execute(_FILED[question.line], {"of": question.of})
    conversation_id = filed.scalar_one_or_none()
    if conversation_id is None:
        return None
    values = {
        "conversation_id": conversation_id,
        "behind": question.behind,
        "limit": question.limit,
    }
    if question.line is not Line.CONVERSATION:
        values["of"] = question.of
    rows = await connection.execute(_LINES[question.line, question.order], values)
    return list(rows)


async def recorded_since(
    connection: AsyncConnection,
    *,
    since: datetime,
    types: Sequence[str] | None,
    behind: tuple[datetime, UUID, int] | None,
    limit: int,
) -> list[Any]:
    """At most `limit` rows in the order in which they were recorded."""
    behind_at, behind_id, behind_seq = behind or (None, None, None)
    rows = await connection.execute(
        _SINCE,
        {
            "since": since,
            "types": list(types) if types else None,
            "behind_at": behind_at,
            "behind_id": behind_id,
            "behind_seq": behind_seq,
            "limit": limit,
        },
    )
    return list(rows)
