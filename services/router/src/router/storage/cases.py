"""The rows of cases under their locks: locked, moved from state to state, accounted for.

Whoever locks several cases does it by (conversation_id, case_id), so that two batches never wait
for each other. The hot path is placed_cases.py, reading for the queue is queue.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.claims import Claim, Person
from router.domain.states import CaseState
from router.domain.steps import Standing

COLUMNS = """
    cases.case_id, cases.conversation_id, cases.team, cases.state, cases.version,
    cases.holder_id, cases.holder_name, cases.lease_until, cases.owner_id, cases.owner_name,
    cases.rests_as, cases.returns_at, cases.offers_unanswered, cases.decision, cases.mentions,
    cases.outcome, cases.outcome_sent_at, cases.closed_at, cases.merged_into, cases.reopened_at,
    cases.crisis_id, cases.last_reply_at
"""
_LOCK = text(
    f"""
    select {COLUMNS} from cases
    where case_id = any(cast(:case_ids as uuid[]))
        and (cast(:teams as text[]) is null or team = any(cast(:teams as text[])))
    order by conversation_id, case_id
    for update
    """  # noqa: S608  (no input)
)
_SURVIVORS = text(
    """
    select case_id, merged_into from cases
    where case_id = any(cast(:case_ids as uuid[])) and merged_into is not null
    """
)
_MOVE = text(
    """
    update cases set
        state = new.state, holder_id = new.holder_id, holder_name = new.holder_name,
        lease_until = new.lease_until, owner_id = new.owner_id, owner_name = new.owner_name,
        rests_as = new.rests_as, returns_at = new.returns_at,
        offers_unanswered = new.offers_unanswered, version = cases.version + 1
    from unnest(
        cast(:case_id as uuid[]), cast(:state as text[]), cast(:holder_id as text[]),
        cast(:holder_name as text[]), cast(:lease_until as timestamptz[]),
        cast(:owner_id as text[]), cast(:owner_name as text[]), cast(:rests_as as text[]),
        cast(:returns_at as timestamptz[]), cast(:offers_unanswered as integer[])
    ) as new (
        case_id, state, holder_id, holder_name, lease_until, owner_id, owner_name, rests_as,
        returns_at, offers_unanswered
    )
    where cases.case_id = new.case_id
    """
)
_REOPEN = text(
    """
    update cases set state = 'open', outcome = null, cause = null, summary = null,
        fault = 'unknown', closed_at = null, closed_by_id = null, closed_by_name = null,
        returns_at = null, offers_unanswered = 0, merged_into = null,
        times_reopened = times_reopened + 1, reopened_at = again.at, version = version + 1
    from unnest(cast(:case_ids as uuid[]), cast(:at as timestamptz[])) as again (id, at)
    where cases.case_id = again.id
    """
)
_HAND_OVER = text("update cases set team = :team, version = version + 1 where case_id = :case_id")
_TRIAGE = text(
    """
    update cases set triage_outcome = :outcome, triaged_at = :at, triaged_by_id = :by_id,
        triaged_by_name = :by_name, version = version + 1
    where case_id = :case_id
    """
)
_OUTCOME_SENT = text(
    """
    update cases set outcome_sent_at = sent.at
    from unnest(cast(:case_ids as uuid[]), cast(:sent_at as timestamptz[])) as sent (case_id, at)
    where cases.case_id = sent.case_id
        and (cases.outcome_sent_at is null or cases.outcome_sent_at < sent.at)
    """
)
_MERGE_INTO = text("update cases set merged_into = :target where case_id = :case_id")
_HAS_OTHER_OPEN = text(
    """
    select exists (
        select from cases
        where conversation_id = :conversation_id and state <> 'closed' and case_id <> :case_id
    ) as has_other_open
    """
)
_HAS_MERGED = text(
    "select exists (select from cases where merged_into = cast(:case_id as uuid)) as has_merged"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedCase:
    """A case whose row this transaction has locked."""

    case_id: UUID
    conversation_id: UUID
    team: str
    version: int
    standing: Standing
    decision: str
    mentions: int
    outcome: str | None
    outcome_sent_at: datetime | None
    closed_at: datetime | None
    merged_into: UUID | None
    reopened_at: datetime | None
    crisis_id: UUID | None
    was_answered: bool

    @property
    def state(self) -> CaseState:
        return self.standing.state

    @property
    def claim(self) -> Claim | None:
        return self.standing.claim


async def lock(
    connection: AsyncConnection,
    case_ids: Collection[UUID],
    *,
    teams: Collection[str] | None = None,
) -> dict[UUID, LockedCase]:
    """Those of the cases that exist and belong to one of `teams` (None: any), locked."""
    rows = await connection.execute(
        _LOCK,
        {"case_ids": list(case_ids), "teams": None if teams is None else sorted(teams)},
    )
    return {row.case_id: locked_case(row) for row in rows}


async def survivors(connection: AsyncConnection, case_ids: Collection[UUID]) -> Mapping[UUID, UUID]:
    """For those of the cases that were merged: the case that goes on instead."""
    rows = await connection.execute(_SURVIVORS, {"case_ids": list(case_ids)})
    return {row.case_id: row.merged_into for row in rows}


async def move(connection: AsyncConnection, standings: Mapping[UUID, Standing]) -> None:
    """Store where these cases stand now; for states that need no account."""
    if not standings:
        return
    after = list(standings.values())
    claims = [standing.claim for standing in after]
    owners = [standing.owner for standing in after]
    await connection.execute(
        _MOVE,
        {
            "case_id": list(standings),
            "state": [standing.state.value for standing in after],
            "holder_id": [claim and claim.holder.id for claim in claims],
            "holder_name": [claim and claim.holder.name for claim in claims],
            "lease_until": [claim and claim.until for claim in claims],
            "owner_id": [owner and owner.id for owner in owners],
            "owner_name": [owner and owner.name for owner in owners],
            "rests_as": [each.rests_as and each.rests_as.value for each in after],
            "returns_at": [each.returns_at for each in after],
            "offers_unanswered": [each.offers_unanswered for each in after],
        },
    )


async def reopen(connection: AsyncConnection, cases: Mapping[UUID, datetime]) -> None:
    """Take these cases up again at these moments: the account is void, the events keep it."""
    if cases:
        await connection.execute(_REOPEN, {"case_ids": list(cases), "at": list(cases.values())})


async def hand_over(connection: AsyncConnection, case_id: UUID, *, team: str) -> None:
    """Store the team that goes on."""
    await connection.execute(_HAND_OVER, {"case_id": case_id, "team": team})


async def record_triage(
    connection: AsyncConnection, case_id: UUID, outcome: str, *, by: Person, at: datetime
) -> None:
    """Store what triage came to (S50)."""
    await connection.execute(
        _TRIAGE,
        {"case_id": case_id, "outcome": outcome, "at": at, "by_id": by.id, "by_name": by.name},
    )


async def record_outcomes_sent(
    connection: AsyncConnection, sent_at: Mapping[UUID, datetime]
) -> None:
    """Remember that the customers of these cases were told the outcome, and when (S74)."""
    if sent_at:
        await connection.execute(
            _OUTCOME_SENT, {"case_ids": list(sent_at), "sent_at": list(sent_at.values())}
        )


async def merge_into(connection: AsyncConnection, case_id: UUID, *, target: UUID) -> None:
    """Point a case, closed by this transaction as merged, to the one that goes on."""
    await connection.execute(_MERGE_INTO, {"case_id": case_id, "target": target})


async def has_merged(connection: AsyncConnection, case_id: UUID) -> bool:
    """Whether other cases were merged into this one."""
    row = (await connection.execute(_HAS_MERGED, {"case_id": case_id})).one()
    return bool(row.has_merged)


async def has_other_open(connection: AsyncConnection, case_id: UUID, conversation_id: UUID) -> bool:
    """Whether the conversation has an open case that is not this one."""
    row = (
        await connection.execute(
            _HAS_OTHER_OPEN, {"case_id": case_id, "conversation_id": conversation_id}
        )
    ).one()
    return bool(row.has_other_open)


def locked_case(row: Row[Any]) -> LockedCase:
    """The case in a row with `COLUMNS`."""
    return LockedCase(
        case_id=row.case_id,
        conversation_id=row.conversation_id,
        team=row.team,
        version=row.version,
        standing=Standing(
            state=CaseState(row.state),
            claim=_claim_of(row),
            owner=None if row.owner_id is None else Person(row.owner_id, row.owner_name),
            rests_as=None if row.rests_as is None else CaseState(row.rests_as),
            returns_at=row.returns_at,
            offers_unanswered=row.offers_unanswered,
        ),
        decision=row.decision,
        mentions=row.mentions,
        outcome=row.outcome,
        outcome_sent_at=row.outcome_sent_at,
        closed_at=row.closed_at,
        merged_into=row.merged_into,
        reopened_at=row.reopened_at,
        crisis_id=row.crisis_id,
        was_answered=row.last_reply_at is not None,
    )


def _claim_of(row: Row[Any]) -> Claim | None:
    if row.holder_id is None:
        return None
    return Claim(Person(row.holder_id, row.holder_name), row.lease_until)
