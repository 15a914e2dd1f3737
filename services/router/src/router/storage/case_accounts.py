"""How cases end: their account is stored with their state, never without it (S105, S107).

The cases are locked by the caller (cases.py); what a closed one gets back is `cases.reopen`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.claims import Person
from router.domain.closing import Closing
from router.domain.steps import Standing

# The account comes with the state, because a constraint wants both or neither.
_ACCOUNT = text(
    """
    update cases set
        state = :state, outcome = :outcome, cause = :cause, summary = :summary, fault = :fault,
        closed_at = case when :state = 'closed' then cast(:at as timestamptz) end,
        closed_by_id = :by_id, closed_by_name = :by_name, holder_id = null, holder_name = null,
        lease_until = null, rests_as = null, returns_at = :returns_at,
        next_due_at = 'infinity', version = version + 1
    where case_id = any(cast(:case_ids as uuid[]))
    """
)


_CLOSE_SETTLED = text(
    """
    update cases set state = 'closed', closed_at = :at, returns_at = null,
        next_due_at = 'infinity', version = version + 1
    where case_id = any(cast(:case_ids as uuid[]))
    returning case_id, outcome, cause, summary, fault, closed_by_id, closed_by_name
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountedCase:
    """What a settled case says of its end."""

    outcome: str
    cause: str
    summary: str
    fault: str
    by: Person


async def account(
    connection: AsyncConnection,
    case_ids: Collection[UUID],
    said: Closing,
    *,
    to: Standing,
    by: Person,
    at: datetime,
) -> None:
    """Store the same account of these cases with their state: resolved, unsolvable or closed."""
    await connection.execute(
        _ACCOUNT,
        {
            "case_ids": list(case_ids),
            "state": to.state.value,
            "returns_at": to.returns_at,
            "outcome": said.outcome.value,
            "cause": said.cause,
            "summary": said.summary,
            "fault": said.fault.value,
            "at": at,
            "by_id": by.id,
            "by_name": by.name,
        },
    )


async def close_settled(
    connection: AsyncConnection, case_ids: Collection[UUID], *, at: datetime
) -> dict[UUID, AccountedCase]:
    """Close cases that are accounted for already; the accounts."""
    if not case_ids:
        return {}
    rows = await connection.execute(_CLOSE_SETTLED, {"case_ids": list(case_ids), "at": at})
    return {
        row.case_id: AccountedCase(
            outcome=row.outcome,
            cause=row.cause,
            summary=row.summary,
            fault=row.fault,
            by=Person(row.closed_by_id, row.closed_by_name),
        )
        for row in rows
    }
