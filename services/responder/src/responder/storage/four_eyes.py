"""The check over the whole database: public dispatches without a valid approval (S58).

The answer must be empty; the view behind it recomputes every hash from the stored content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_VIOLATIONS = text("select * from four_eyes_violation order by dispatch_id limit :limit")
_COUNTS = text(
    """
    select (select count(*) from dispatch join revision using (draft_id, revision)
             where visibility = 'public') as public_dispatches,
           (select count(*) from four_eyes_violation) as violations
    """
)


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


async def check_four_eyes(connection: AsyncConnection) -> FourEyes:
    """Check every public dispatch ever made. Reads the whole ledger: seconds per million rows."""
    counts = (await connection.execute(_COUNTS)).one()
    rows: Sequence[Violation] = [
        Violation(
            dispatch_id=row.dispatch_id,
            draft_id=row.draft_id,
            revision=row.revision,
            state=row.state,
            reason=row.reason,
        )
        for row in await connection.execute(_VIOLATIONS, {"limit": 100})
    ]
    return FourEyes(
        public_dispatches=counts.public_dispatches,
        violation_count=counts.violations,
        violations=tuple(rows),
    )
