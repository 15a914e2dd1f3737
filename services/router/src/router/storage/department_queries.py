"""The rows of department queries. They are only changed under the lock of their case (S67, S68)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.claims import Person
from router.domain.departments import QueryState

# What the clock says is what holds: a re-plan moves the deadline, and only the clock breaches.
_SELECT = """
    select query_id, case_id, conversation_id, issue_id, department, question, origin,
        is_free_wording_allowed, link, reach, priority, asked_by_id, asked_by_name, asked_at,
        remind_at, state, reminded_at, answer, answered_by, answered_via, answered_at, next_step,
        next_step_by_name, next_step_at,
        coalesce((select clock.due_at from clock where clock.clock_id = query_id), due_at)
            as due_at,
        (select clock.breached_at from clock where clock.clock_id = query_id) as breached_at
    from department_query
"""
_POST = text(
    """
    with post as (
        select body::jsonb -> 'mention' as mention, detected_at
        from disposition where case_id = :case_id and place = 'case'
    ), told as (
        select coalesce(
                mention ->> 'url',
                case when mention ->> 'network' = 'mail'
                    then 'mid:' || btrim(mention ->> 'native_id', '<>') end
            ) as link,
            case when coalesce(mention ->> 'visibility', 'public') = 'private' then 0
                else cast(mention -> 'author' ->> 'followers' as bigint) end as reach,
            detected_at
        from post
    )
    select link, reach from told order by link is null, detected_at limit 1
    """
)
_OF_CASE = text(_SELECT + "where case_id = :case_id order by asked_at, query_id")
_OF_TEAMS = """
    and (cast(:teams as text[]) is null or exists (
        select from cases where cases.case_id = department_query.case_id
            and cases.team = any(cast(:teams as text[]))
    ))
"""
_ONE = text(_SELECT + "where query_id = :query_id" + _OF_TEAMS)
_DEPARTMENTS = text(
    "select query_id, department from department_query"
    " where query_id = any(cast(:query_ids as uuid[]))"
)
_BY_TOKEN = text("select query_id from department_query where reply_token = :token")
_LOCK = text(
    _SELECT
    + """
    where query_id = any(cast(:query_ids as uuid[]))
    order by query_id for update
    """
)
_LIST = text(
    _SELECT
    + """
    where (cast(:departments as text[]) is null or department = any(cast(:departments as text[])))
        and (cast(:state as text) is null or state = :state)
        and (cast(:at as timestamptz) is null or (asked_at, query_id) < (:at, :id))
    """
    + _OF_TEAMS
    + """
    order by asked_at desc, query_id desc limit :limit
    """
)
_OPEN_OF_CASES = text(
    """
    select coalesce(cases.merged_into, cases.case_id) as case_id, count(*) as open
    from department_query join cases on cases.case_id = department_query.case_id
    where department_query.state = 'asked'
        and (cases.case_id = any(cast(:case_ids as uuid[]))
            or cases.merged_into = any(cast(:case_ids as uuid[])))
    group by 1
    """
)


@dataclass(frozen=True, slots=True)
class Post:
    """The post that a case began with: its link, and how many follow its author.

    A mail's link is its Message-ID (RFC 2392), and nobody reads it along.
    """

    link: str | None = None
    reach: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRow:
    """A query as it stands. Its reply token is in none of these: it is a secret of the channel."""

    query_id: UUID
    case_id: UUID
    conversation_id: UUID
    issue_id: UUID | None
    department: str
    question: str
    origin: str
    is_free_wording_allowed: bool
    link: str
    reach: int
    priority: str
    asked_by: Person
    asked_at: datetime
    remind_at: datetime
    due_at: datetime
    state: QueryState
    reminded_at: datetime | None
    breached_at: datetime | None
    answer: str | None
    answered_by: str | None
    answered_via: str | None
    answered_at: datetime | None
    next_step: str | None
    next_step_by_name: str | None
    next_step_at: datetime | None

    @property
    def key(self) -> tuple[datetime, UUID]:
        """Its place in the list."""
        return (self.asked_at, self.query_id)

    @property
    def asked_by_name(self) -> str:
        return self.asked_by.name


async def post_of(connection: AsyncConnection, case_id: UUID) -> Post:
    """The case's first post, one with a link before one without; empty where there is none."""
    row = (await connection.execute(_POST, {"case_id": case_id})).one_or_none()
    return Post() if row is None else Post(row.link, row.reach)


async def of_case(connection: AsyncConnection, case_id: UUID) -> list[QueryRow]:
    """The queries of a case, the oldest first."""
    return [_row(row) for row in await connection.execute(_OF_CASE, {"case_id": case_id})]


async def one(
    connection: AsyncConnection, query_id: UUID, *, teams: Collection[str] | None
) -> QueryRow | None:
    """The query, unlocked, if its case belongs to one of `teams` (None: any)."""
    values = {"query_id": query_id, "teams": None if teams is None else sorted(teams)}
    row = (await connection.execute(_ONE, values)).one_or_none()
    return None if row is None else _row(row)


async def listed(
    connection: AsyncConnection,
    *,
    departments: Collection[str] | None,
    teams: Collection[str] | None,
    state: QueryState | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[QueryRow]:
    """Queries to these departments, of cases of these teams (None: all), the latest first."""
    rows = await connection.execute(
        _LIST,
        {
            "departments": None if departments is None else sorted(departments),
            "teams": None if teams is None else sorted(teams),
            "state": None if state is None else state.value,
            "at": after[0] if after else None,
            "id": after[1] if after else None,
            "limit": limit,
        },
    )
    return [_row(row) for row in rows]


async def departments_of(
    connection: AsyncConnection, query_ids: Collection[UUID]
) -> dict[UUID, str]:
    """Who was asked, by query; ids that are no query's are absent."""
    if not query_ids:
        return {}
    rows = await connection.execute(_DEPARTMENTS, {"query_ids": list(query_ids)})
    return {row.query_id: row.department for row in rows}


async def id_of_token(connection: AsyncConnection, token: str) -> UUID | None:
    """The query whose answers carry this token."""
    found: UUID | None = await connection.scalar(_BY_TOKEN, {"token": token})
    return found


async def lock(connection: AsyncConnection, query_ids: Collection[UUID]) -> dict[UUID, QueryRow]:
    """Those that exist, locked; their cases are to be locked before."""
    rows = await connection.execute(_LOCK, {"query_ids": list(query_ids)})
    return {row.query_id: _row(row) for row in rows}


async def open_of_cases(connection: AsyncConnection, case_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many queries of each of these cases, and of those merged into it, wait for an answer.

    Cases without one are absent.
    """
    rows = await connection.execute(_OPEN_OF_CASES, {"case_ids": list(case_ids)})
    return {row.case_id: row.open for row in rows}


def _row(row: Row[Any]) -> QueryRow:
    values = dict(row._mapping)
    asked_by = Person(values.pop("asked_by_id"), values.pop("asked_by_name"))
    return QueryRow(**{**values, "state": QueryState(values["state"])}, asked_by=asked_by)
