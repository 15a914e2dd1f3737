"""The rows of cases: opened and continued in batches, locked and changed one by one.

Whoever locks several cases does it by (conversation_id, case_id), so that two batches never wait
for each other. Reading for the queue is queue.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.claims import Claim, Person
from router.domain.closing import Closing
from router.domain.states import CaseState

_LOCK_OPEN = text(
    """
    select case_id, conversation_id, team, decision,
        exists (
            select from clock where clock.case_id = cases.case_id and kind = 'first_reaction'
        ) as has_first_reaction
    from cases
    where conversation_id = any(cast(:conversations as uuid[])) and state <> 'closed'
    order by conversation_id, case_id
    for update of cases
    """
)
_OPEN = text(
    """
    insert into cases (
        case_id, conversation_id, network, account, team, rule, reason, configuration_version,
        decision, kind, abusive, urgent, language, detected_at, opened_at, mentions,
        last_mention_at, next_due_at
    )
    select case_id, conversation_id, network, account, team, rule, reason,
        cast(:configuration_version as integer), decision, kind, abusive, urgent, language,
        detected_at, cast(:now as timestamptz), 1, detected_at, coalesce(due_at, 'infinity')
    from unnest(
        cast(:case_id as uuid[]), cast(:conversation_id as uuid[]), cast(:network as text[]),
        cast(:account as text[]), cast(:team as text[]), cast(:rule as text[]),
        cast(:reason as text[]), cast(:decision as text[]), cast(:kind as text[]),
        cast(:abusive as boolean[]), cast(:urgent as boolean[]), cast(:language as text[]),
        cast(:detected_at as timestamptz[]), cast(:due_at as timestamptz[])
    ) as new (
        case_id, conversation_id, network, account, team, rule, reason, decision, kind, abusive,
        urgent, language, detected_at, due_at
    )
    order by conversation_id
    on conflict (conversation_id) where state <> 'closed' do nothing
    """
)
_CONTINUE = text(
    """
    update cases set
        mentions = cases.mentions + more.mentions,
        last_mention_at = greatest(cases.last_mention_at, more.last_mention_at),
        decision = more.decision,
        abusive = cases.abusive or more.abusive,
        urgent = cases.urgent or more.urgent,
        next_due_at = least(cases.next_due_at, more.due_at),
        version = cases.version + 1
    from unnest(
        cast(:case_id as uuid[]), cast(:mentions as integer[]),
        cast(:last_mention_at as timestamptz[]), cast(:decision as text[]),
        cast(:abusive as boolean[]), cast(:urgent as boolean[]), cast(:due_at as timestamptz[])
    ) as more (case_id, mentions, last_mention_at, decision, abusive, urgent, due_at)
    where cases.case_id = more.case_id
    """
)
_LOCK = text(
    """
    select case_id, conversation_id, team, state, version, holder_id, holder_name, lease_until
    from cases
    where case_id = any(cast(:case_ids as uuid[]))
        and (cast(:teams as text[]) is null or team = any(cast(:teams as text[])))
    order by conversation_id, case_id
    for update
    """
)
_HOLD = text(
    """
    update cases set state = 'claimed', holder_id = :holder_id, holder_name = :holder_name,
        lease_until = :until, version = version + 1
    where case_id = :case_id
    """
)
_FREE = text(
    """
    update cases set state = 'open', holder_id = null, holder_name = null, lease_until = null,
        version = version + 1
    where case_id = any(cast(:case_ids as uuid[]))
    """
)
_CLOSE = text(
    """
    update cases set state = 'closed', outcome = :outcome, cause = :cause, summary = :summary,
        closed_at = :at, closed_by_id = :by_id, closed_by_name = :by_name,
        holder_id = null, holder_name = null, lease_until = null, next_due_at = 'infinity',
        version = version + 1
    where case_id = :case_id
    """
)
_NOTHING_DUE = text(
    """
    update cases set next_due_at = 'infinity' where case_id = any(cast(:case_ids as uuid[]))
    """
)


@dataclass(frozen=True, slots=True)
class OpenCase:
    """The open case of a conversation, locked, or opened a moment ago in the same batch."""

    case_id: UUID
    team: str
    decision: str
    has_first_reaction: bool


@dataclass(slots=True, kw_only=True)
class NewCase:
    """A case that begins; `due_at` is the deadline of its first clock, if it has one.

    Rows of the hot path are not frozen: that alone would make them four times as slow to build.
    """

    case_id: UUID
    conversation_id: UUID
    network: str
    account: str | None
    team: str
    rule: str
    reason: str
    decision: str
    kind: str
    abusive: bool
    urgent: bool
    language: str
    detected_at: datetime
    due_at: datetime | None


@dataclass(slots=True, kw_only=True)
class Continuation:
    """What the mentions of one batch add to a case that is open."""

    case_id: UUID
    mentions: int
    last_mention_at: datetime
    decision: str
    abusive: bool
    urgent: bool
    due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedCase:
    """A case whose row this transaction has locked."""

    case_id: UUID
    conversation_id: UUID
    team: str
    state: CaseState
    version: int
    claim: Claim | None


async def lock_open(
    connection: AsyncConnection, conversations: Collection[UUID]
) -> dict[UUID, OpenCase]:
    """The open cases of these conversations, locked, by conversation."""
    rows = await connection.execute(_LOCK_OPEN, {"conversations": list(conversations)})
    return {
        row.conversation_id: OpenCase(row.case_id, row.team, row.decision, row.has_first_reaction)
        for row in rows
    }


async def open_cases(
    connection: AsyncConnection,
    cases: Sequence[NewCase],
    *,
    configuration_version: int,
    now: datetime,
) -> int:
    """Open these; how many were.

    One is left out where the conversation got an open case from somebody else since `lock_open`.
    """
    if not cases:
        return 0
    columns = _columns(cases, NewCase.__slots__)
    result = await connection.execute(
        _OPEN, {**columns, "configuration_version": configuration_version, "now": now}
    )
    return result.rowcount


async def continue_cases(connection: AsyncConnection, additions: Sequence[Continuation]) -> None:
    """Add these mentions to their cases, which this transaction has locked or opened."""
    if additions:
        await connection.execute(_CONTINUE, _columns(additions, Continuation.__slots__))


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
    return {row.case_id: _locked(row) for row in rows}


async def hold(connection: AsyncConnection, case_id: UUID, claim: Claim) -> None:
    """Store who holds the case and until when."""
    await connection.execute(
        _HOLD,
        {
            "case_id": case_id,
            "holder_id": claim.holder.id,
            "holder_name": claim.holder.name,
            "until": claim.until,
        },
    )


async def free(connection: AsyncConnection, case_ids: Collection[UUID]) -> None:
    """Put cases back into their teams' queues."""
    if case_ids:
        await connection.execute(_FREE, {"case_ids": list(case_ids)})


async def close(
    connection: AsyncConnection, case_id: UUID, account: Closing, *, by: Person, at: datetime
) -> None:
    """Store the final state."""
    await connection.execute(
        _CLOSE,
        {
            "case_id": case_id,
            "outcome": account.outcome.value,
            "cause": account.cause,
            "summary": account.summary,
            "at": at,
            "by_id": by.id,
            "by_name": by.name,
        },
    )


async def nothing_due(connection: AsyncConnection, case_ids: Collection[UUID]) -> None:
    """No clock of these cases awaits anything any more: they sink to the end of the queue."""
    if case_ids:
        await connection.execute(_NOTHING_DUE, {"case_ids": list(case_ids)})


def claim_of(row: Row[tuple[object, ...]]) -> Claim | None:
    """The claim in a row with the three columns of one."""
    if row.holder_id is None:
        return None
    return Claim(Person(row.holder_id, row.holder_name), row.lease_until)


def _locked(row: Row[tuple[object, ...]]) -> LockedCase:
    return LockedCase(
        case_id=row.case_id,
        conversation_id=row.conversation_id,
        team=row.team,
        state=CaseState(row.state),
        version=row.version,
        claim=claim_of(row),
    )


def _columns(rows: Sequence[object], names: Sequence[str]) -> Mapping[str, list[object]]:
    return {name: [getattr(row, name) for row in rows] for name in names}
