"""The proof over the whole database: public dispatches without a valid approval (S58).

The answer must be empty; the view behind it recomputes every hash from the stored content. A
person asks for all of it at once; the metric walks the ledger piece by piece (`check_piece`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

_VIOLATIONS = text("select * from four_eyes_violation order by dispatch_id limit :limit")
_COUNTS = text(
    """
    select (select count(*) from dispatch join revision using (draft_id, revision)
             where visibility = 'public') as public_dispatches,
           (select count(*) from four_eyes_violation) as violations
    """
)
# By primary key: each piece costs its own rows and nothing of the rest.
_PIECE_END = text(
    """
    select max(dispatch_id::text)::uuid as last, count(*) as lines
      from (select dispatch_id from dispatch
             where cast(:after as uuid) is null or dispatch_id > cast(:after as uuid)
             order by dispatch_id limit :limit) piece
    """
)
_IN_PIECE = text(
    """
    select dispatch_id from four_eyes_violation
     where (cast(:after as uuid) is null or dispatch_id > cast(:after as uuid))
       and dispatch_id <= cast(:last as uuid)
    """
)
_AMONG_NEWEST = text(
    """
    select dispatch_id from four_eyes_violation
     where dispatch_id in (select dispatch_id from dispatch
                            order by created_at desc, dispatch_id desc limit :limit)
    """
)
_OF_THESE = text("select dispatch_id from four_eyes_violation where dispatch_id = any(:ids)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A public dispatch that breaks the rule; `reason`: no_approval, other_bytes, own_text."""

    dispatch_id: UUID
    draft_id: UUID
    revision: int
    state: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FourEyes:
    """What the check found; `violations` shows at most the first hundred."""

    public_dispatches: int
    violation_count: int
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the ledger in order of id: where it ends (None: at the end), what fails."""

    last: UUID | None
    violations: frozenset[UUID]


async def check_four_eyes(connection: AsyncConnection) -> FourEyes:
    """Check every public dispatch ever made. Reads the whole ledger: seconds per million rows."""
    counts = (await connection.execute(_COUNTS)).one()
    rows = [_violation(row) for row in await connection.execute(_VIOLATIONS, {"limit": 100})]
    return FourEyes(
        public_dispatches=counts.public_dispatches,
        violation_count=counts.violations,
        violations=tuple(rows),
    )


async def check_piece(connection: AsyncConnection, *, after: UUID | None, limit: int) -> Piece:
    """Check the next `limit` dispatches behind `after` in order of id."""
    end = (await connection.execute(_PIECE_END, {"after": after, "limit": limit})).one()
    if end.last is None:
        return Piece(None, frozenset())
    rows = await connection.execute(_IN_PIECE, {"after": after, "last": end.last})
    is_over = end.lines < limit
    return Piece(None if is_over else end.last, frozenset(row.dispatch_id for row in rows))


async def check_newest(connection: AsyncConnection, *, limit: int) -> frozenset[UUID]:
    """Which of the newest `limit` dispatches break the rule."""
    rows = await connection.execute(_AMONG_NEWEST, {"limit": limit})
    return frozenset(row.dispatch_id for row in rows)


async def still_violating(connection: AsyncConnection, ids: Sequence[UUID]) -> frozenset[UUID]:
    """Which of these still break the rule."""
    rows = await connection.execute(_OF_THESE, {"ids": list(ids)})
    return frozenset(row.dispatch_id for row in rows)


def _violation(row: Row[Any]) -> Violation:
    return Violation(
        dispatch_id=row.dispatch_id,
        draft_id=row.draft_id,
        revision=row.revision,
        state=row.state,
        reason=row.reason,
    )
