"""The questions of the work queue (S124): what waits, in due order, for whom. Read only.

Due order is (next_due_at, opened_at, case_id): first the deadlines that are nearest or long past,
then cases without a running clock by age. Every question is asked for the teams whose cases the
asker may see; `None` means all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

NO_OFFSET = timedelta(0)
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
        cases.holder_name, cases.lease_until, cases.owner_id, cases.owner_name,
        cases.returns_at, cases.offers_unanswered, cases.outcome_sent_at, cases.outcome,
        cases.cause, cases.summary, cases.fault, cases.closed_at, cases.closed_by_name,
        cases.triage_outcome, cases.triaged_by_name, cases.skills, cases.linked_case_id,
        cases.merged_into, cases.times_reopened, cases.bystander_mentions, cases.crisis_id,
        cases.priority
    from cases
"""
_CLOCK_CONDITIONS = {
    "running": "clock.state = 'running'",
    "paused": "clock.state = 'paused'",
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
    priority: str
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
    owner_id: str | None
    owner_name: str | None
    returns_at: datetime | None
    offers_unanswered: int
    outcome_sent_at: datetime | None
    outcome: str | None
    cause: str | None
    summary: str | None
    fault: str
    closed_at: datetime | None
    closed_by_name: str | None
    triage_outcome: str | None
    triaged_by_name: str | None
    skills: list[str]
    linked_case_id: UUID | None
    merged_into: UUID | None
    times_reopened: int
    bystander_mentions: int
    crisis_id: UUID | None

    @property
    def due_key(self) -> tuple[datetime, datetime, UUID]:
        """The place in due order."""
        return (self.next_due_at or NEVER, self.opened_at, self.case_id)

    @property
    def closed_key(self) -> tuple[datetime, UUID]:
        """The place among closed cases, the latest first."""
        return (self.closed_at or NEVER, self.case_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What to show; None asks nothing. `clock` is a word of `_CLOCK_CONDITIONS`."""

    team: str | None = None
    state: str | None = None
    decision: str | None = None
    holder_id: str | None = None
    owner_id: str | None = None
    clock: str | None = None
    kind: str | None = None
    priority: str | None = None
    network: str | None = None
    language: str | None = None
    urgent: bool | None = None
    abusive: bool | None = None
    is_unowned: bool | None = None
    is_in_crisis: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Who asks for their next item, and what they can do."""

    person_id: str
    skills: Collection[str] = ()


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


async def next_free(
    connection: AsyncConnection, teams: Teams, worker: Worker, *, offset: timedelta = NO_OFFSET
) -> CaseRow | None:
    """The first case in due order for this person.

    Not what somebody holds, nor what needs a skill they lack, nor what is another person's own
    unless its deadline has passed: nobody's absence makes a case late. `offset` moves the
    database's time (scenarios).
    """
    question = _question(teams, Filters())
    question.add("state <> 'closed'")
    question.add(
        "(state = 'open' or (state = 'claimed'"
        " and lease_until <= now() + cast(:offset as interval)))",
        offset=offset,
    )
    question.add(
        "(owner_id is null or owner_id = :me or next_due_at <= now() + cast(:offset as interval))",
        me=worker.person_id,
    )
    question.add("skills <@ cast(:able as text[])", able=sorted(worker.skills))
    found = await _cases(connection, question, DUE_ORDER, 1)
    return found[0] if found else None


async def one(connection: AsyncConnection, case_id: UUID, teams: Teams) -> CaseRow | None:
    """The case, if it exists and is of one of these teams."""
    question = _question(teams, Filters())
    question.add("case_id = :case_id", case_id=case_id)
    found = await _cases(connection, question, "case_id", 1)
    return found[0] if found else None


def _question(teams: Teams, filters: Filters) -> _Question:
    question = _Question()
    _limit_to_teams(question, teams, filters.team)
    if filters.state is not None:
        question.add("state = :state", state=filters.state)
    if filters.decision is not None:
        question.add("decision = :decision", decision=filters.decision)
    if filters.holder_id is not None:
        question.add("state = 'claimed' and holder_id = :holder_id", holder_id=filters.holder_id)
    if filters.owner_id is not None:
        question.add("owner_id = :owner_id", owner_id=filters.owner_id)
    for name in ("kind", "priority", "network", "language", "urgent", "abusive"):
        wanted = getattr(filters, name)
        if wanted is not None:
            question.add(f"{name} = :{name}", **{name: wanted})
    if filters.is_unowned is not None:
        question.add("owner_id is null" if filters.is_unowned else "owner_id is not null")
    if filters.is_in_crisis is not None:
        question.add("crisis_id is not null" if filters.is_in_crisis else "crisis_id is null")
    if filters.clock is not None:
        question.add(
            "exists (select from clock where clock.case_id = cases.case_id"
            " and clock.kind <> 'follow_up' and "
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
