"""The questions of the work queue (S124): what waits, in due order, for whom. Read only.

Due order is (next_due_at, opened_at, case_id): first the deadlines that are nearest or long past,
then cases without a running clock by age. Every question is asked for the teams whose cases the
asker may see; `None` means all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.storage.mentions import MentionRow, mention_of

NEVER = datetime.max.replace(tzinfo=UTC)
"""How `infinity` reads in a sort key; it is sent back to the database as infinity."""

# With the table's name: the list of columns has a `next_due_at` of its own, which no index knows.
DUE_ORDER = "cases.next_due_at, cases.opened_at, cases.case_id"

Teams = Collection[str] | None

_CASE = """
    select cases.case_id, cases.conversation_id, cases.network, cases.account, cases.state,
        cases.team, cases.rule, cases.reason, cases.configuration_version, cases.decision,
        cases.kind, cases.abusive, cases.urgent, cases.language, cases.detected_at,
        cases.opened_at, cases.mentions, cases.last_mention_at,
        nullif(cases.next_due_at, 'infinity') as next_due_at, cases.version, cases.holder_id,
        cases.holder_name, cases.lease_until, cases.outcome, cases.cause, cases.summary,
        cases.closed_at, cases.closed_by_name
    from cases
"""
_COUNTS = """
    select team,
        count(*) filter (where state = 'open') as open,
        count(*) filter (where state = 'claimed') as claimed,
        count(*) filter (where next_due_at < 'infinity') as awaiting_reaction,
        count(*) filter (where next_due_at <= now()) as overdue
    from cases where state <> 'closed'
"""
_CLOCKS = text(
    """
    select kind, state, posted_at, started_at, warn_at, due_at, warned_at, breached_at,
        stopped_at, seconds_since_detected, seconds_since_posted, dispatch_id
    from clock where case_id = :case_id order by kind
    """
)
_MENTIONS = text(
    """
    select body from disposition where case_id = :case_id and place = 'case'
    order by detected_at desc, mention_id limit :limit
    """
)
_CLOCK_CONDITIONS = {
    "running": "clock.state = 'running'",
    "warned": "clock.state = 'running' and clock.warned_at is not null",
    "met": "clock.state = 'met'",
    "breached": "clock.state = 'breached'",
    "waived": "clock.state = 'waived'",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """A case as the queue shows it."""

    case_id: UUID
    conversation_id: UUID
    network: str
    account: str | None
    state: str
    team: str
    rule: str
    reason: str
    configuration_version: int
    decision: str
    kind: str
    abusive: bool
    urgent: bool
    language: str
    detected_at: datetime
    opened_at: datetime
    mentions: int
    last_mention_at: datetime
    next_due_at: datetime | None
    version: int
    holder_id: str | None
    holder_name: str | None
    lease_until: datetime | None
    outcome: str | None
    cause: str | None
    summary: str | None
    closed_at: datetime | None
    closed_by_name: str | None

    @property
    def due_key(self) -> tuple[datetime, datetime, UUID]:
        """The place in due order."""
        return (self.next_due_at or NEVER, self.opened_at, self.case_id)

    @property
    def closed_key(self) -> tuple[datetime, UUID]:
        """The place among closed cases, the latest first."""
        return (self.closed_at or NEVER, self.case_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRow:
    """A clock with both spans (S47)."""

    kind: str
    state: str
    posted_at: datetime
    started_at: datetime
    warn_at: datetime
    due_at: datetime
    warned_at: datetime | None
    breached_at: datetime | None
    stopped_at: datetime | None
    seconds_since_detected: float | None
    seconds_since_posted: float | None
    dispatch_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamCounts:
    """Open work of a team; `overdue` are the cases whose deadline has passed unanswered."""

    team: str
    open: int
    claimed: int
    awaiting_reaction: int
    overdue: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What to show; None asks nothing. `clock` is running, warned, met, breached or waived."""

    team: str | None = None
    state: str | None = None
    decision: str | None = None
    holder_id: str | None = None
    clock: str | None = None


@dataclass(slots=True)
class _Question:
    """Conditions and their parameters, put together from fixed pieces of SQL."""

    conditions: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)

    def add(self, condition: str, **parameters: Any) -> None:
        self.conditions.append(condition)
        self.parameters.update(parameters)

    def where(self) -> str:
        return " where " + " and ".join(self.conditions) if self.conditions else ""


async def waiting(
    connection: AsyncConnection,
    teams: Teams,
    filters: Filters,
    *,
    after: tuple[datetime, datetime, UUID] | None,
    limit: int,
) -> list[CaseRow]:
    """Cases that are not closed, in due order."""
    question = _question(teams, filters)
    # In these words, so that the partial indexes of the queue can be used.
    question.add("state <> 'closed'")
    if after is not None:
        question.add(
            f"({DUE_ORDER}) > (:due_at, :opened_at, :last_id)",
            due_at=after[0],
            opened_at=after[1],
            last_id=after[2],
        )
    return await _cases(connection, question, DUE_ORDER, limit)


async def closed(
    connection: AsyncConnection,
    teams: Teams,
    filters: Filters,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[CaseRow]:
    """Closed cases, the latest first."""
    question = _question(teams, filters)
    question.add("state = 'closed'")
    if after is not None:
        question.add(
            "(closed_at, case_id) < (:closed_at, :last_id)", closed_at=after[0], last_id=after[1]
        )
    return await _cases(connection, question, "closed_at desc, case_id desc", limit)


async def next_free(connection: AsyncConnection, teams: Teams) -> CaseRow | None:
    """The first case in due order that nobody holds."""
    question = _question(teams, Filters())
    question.add("state <> 'closed'")
    question.add("(state = 'open' or lease_until <= now())")
    found = await _cases(connection, question, DUE_ORDER, 1)
    return found[0] if found else None


async def one(connection: AsyncConnection, case_id: UUID, teams: Teams) -> CaseRow | None:
    """The case, if it exists and is of one of these teams."""
    question = _question(teams, Filters())
    question.add("case_id = :case_id", case_id=case_id)
    found = await _cases(connection, question, "case_id", 1)
    return found[0] if found else None


async def clocks_of(connection: AsyncConnection, case_id: UUID) -> list[ClockRow]:
    """The clocks of a case, by kind."""
    rows = await connection.execute(_CLOCKS, {"case_id": case_id})
    return [ClockRow(**row._mapping) for row in rows]


async def mentions_of(
    connection: AsyncConnection, case_id: UUID, *, limit: int
) -> list[MentionRow]:
    """The latest mentions of a case, the oldest of them first."""
    rows = await connection.execute(_MENTIONS, {"case_id": case_id, "limit": limit})
    return [mention_of(row.body) for row in rows][::-1]


async def counts(connection: AsyncConnection, teams: Teams) -> list[TeamCounts]:
    """Open work per team, by name."""
    question = _question(teams, Filters())
    condition = "".join(f" and {each}" for each in question.conditions)
    statement = text(f"{_COUNTS}{condition} group by team order by team")
    rows = await connection.execute(statement, question.parameters)
    return [TeamCounts(**row._mapping) for row in rows]


def _question(teams: Teams, filters: Filters) -> _Question:
    question = _Question()
    _limit_to_teams(question, teams, filters.team)
    if filters.state is not None:
        question.add("state = :state", state=filters.state)
    if filters.decision is not None:
        question.add("decision = :decision", decision=filters.decision)
    if filters.holder_id is not None:
        question.add("state = 'claimed' and holder_id = :holder_id", holder_id=filters.holder_id)
    if filters.clock is not None:
        question.add(
            "exists (select from clock where clock.case_id = cases.case_id and "
            f"{_CLOCK_CONDITIONS[filters.clock]})"
        )
    return question


def _limit_to_teams(question: _Question, teams: Teams, wanted: str | None) -> None:
    """One team is asked for by equality, because only that can walk its index in due order."""
    if wanted is not None:
        allowed = [wanted] if teams is None or wanted in teams else []
    elif teams is None:
        return
    else:
        allowed = sorted(teams)
    if len(allowed) == 1:
        question.add("team = :team", team=allowed[0])
    else:
        question.add("team = any(cast(:teams as text[]))", teams=allowed)


async def _cases(
    connection: AsyncConnection, question: _Question, order: str, limit: int
) -> list[CaseRow]:
    statement = text(f"{_CASE}{question.where()} order by {order} limit :limit")
    rows: Sequence[Row[Any]] = (
        await connection.execute(statement, {**question.parameters, "limit": limit})
    ).all()
    return [CaseRow(**row._mapping) for row in rows]
