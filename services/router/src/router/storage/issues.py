"""The rows of issues: written in batches when cases open, settled one by one (S27)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.claims import Person
from router.domain.issues import IssueResult

_ADD = text(
    """
    insert into issue (issue_id, case_id, mention_id, topic, text, department, added_at,
        added_by_id, added_by_name)
    select issue_id, case_id, mention_id, topic, text, department, :now, :by_id, :by_name
    from unnest(
        cast(:issue_id as uuid[]), cast(:case_id as uuid[]), cast(:mention_id as uuid[]),
        cast(:topic as text[]), cast(:text as text[]), cast(:department as text[])
    ) as new (issue_id, case_id, mention_id, topic, text, department)
    on conflict (issue_id) do nothing
    """
)
_COLUMNS = """
    issue_id, case_id, mention_id, topic, text, department, added_at, added_by_name, result, note,
    settled_at, settled_by_name
"""
# Of merged cases, too: the case that goes on answers for all of it.
_OF_CASE = text(
    f"""
    select {_COLUMNS} from issue
    where case_id = :case_id
        or case_id in (select case_id from cases where merged_into = :case_id)
    order by added_at, issue_id
    """  # noqa: S608  (no input)
)
_OPEN = text(
    """
    select coalesce(cases.merged_into, cases.case_id) as case_id, count(*) as number
    from issue join cases on cases.case_id = issue.case_id
    where issue.settled_at is null
        and (cases.case_id = any(cast(:case_ids as uuid[]))
            or cases.merged_into = any(cast(:case_ids as uuid[])))
    group by 1
    """
)
_LOCK = text(
    f"select {_COLUMNS} from issue where issue_id = :issue_id for update"  # noqa: S608  (no input)
)
_SETTLE = text(
    """
    update issue set result = :result, note = :note, settled_at = :at, settled_by_id = :by_id,
        settled_by_name = :by_name
    where issue_id = :issue_id
    """
)
_SETTLE_ALL = text(
    """
    update issue set result = :result, note = :note, settled_at = :at, settled_by_id = :by_id,
        settled_by_name = :by_name
    where settled_at is null
        and (cast(:mention_id as uuid) is null or mention_id = cast(:mention_id as uuid))
        and case_id = any(cast(:case_ids as uuid[]))
    returning issue_id, case_id, topic
    """
)

_TOUCH = text("update cases set version = version + 1 where case_id = :case_id")


@dataclass(slots=True, kw_only=True)
class NewIssue:
    """A concern of a case; `mention_id` is null where a person named it."""

    issue_id: UUID
    case_id: UUID
    mention_id: UUID | None
    topic: str
    text: str
    department: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRow:
    """An issue as it stands; open while `settled_at` is null."""

    issue_id: UUID
    case_id: UUID
    mention_id: UUID | None
    topic: str
    text: str
    department: str | None
    added_at: datetime
    added_by_name: str | None
    result: str | None
    note: str | None
    settled_at: datetime | None
    settled_by_name: str | None


@dataclass(frozen=True, slots=True)
class SettledIssue:
    """One that was settled with others."""

    issue_id: UUID
    case_id: UUID
    topic: str


async def add(
    connection: AsyncConnection, issues: Sequence[NewIssue], *, now: datetime, by: Person | None
) -> None:
    """Store new issues; one that is there already stays as it is."""
    if not issues:
        return
    columns = {name: [getattr(row, name) for row in issues] for name in NewIssue.__slots__}
    who = {"by_id": by.id if by else None, "by_name": by.name if by else None}
    await connection.execute(_ADD, {**columns, **who, "now": now})


async def of_case(connection: AsyncConnection, case_id: UUID) -> list[IssueRow]:
    """The issues of a case and of those merged into it, the oldest first."""
    rows = await connection.execute(_OF_CASE, {"case_id": case_id})
    return [_row(row) for row in rows]


async def open_of_cases(connection: AsyncConnection, case_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many issues of each of these cases are not settled; cases without one are absent."""
    rows = await connection.execute(_OPEN, {"case_ids": list(case_ids)})
    return {row.case_id: row.number for row in rows}


async def lock(connection: AsyncConnection, issue_id: UUID) -> IssueRow | None:
    """The issue with its row locked; its case is to be locked before."""
    row = (await connection.execute(_LOCK, {"issue_id": issue_id})).one_or_none()
    return None if row is None else _row(row)


async def settle(
    connection: AsyncConnection,
    issue_id: UUID,
    result: IssueResult,
    *,
    note: str,
    by: Person,
    at: datetime,
) -> None:
    """Store how it ended."""
    await connection.execute(
        _SETTLE,
        {
            "issue_id": issue_id,
            "result": result.value,
            "note": note,
            "at": at,
            "by_id": by.id,
            "by_name": by.name,
        },
    )


async def settle_all(
    connection: AsyncConnection,
    case_ids: Collection[UUID],
    *,
    result: IssueResult,
    note: str,
    by: Person,
    at: datetime,
    mention_id: UUID | None = None,
) -> list[SettledIssue]:
    """Settle what is open of these cases (of one mention, if given) in the same way."""
    rows = await connection.execute(
        _SETTLE_ALL,
        {
            "case_ids": list(case_ids),
            "mention_id": mention_id,
            "result": result.value,
            "note": note,
            "at": at,
            "by_id": by.id,
            "by_name": by.name,
        },
    )
    return [SettledIssue(row.issue_id, row.case_id, row.topic) for row in rows]


async def touch(connection: AsyncConnection, case_id: UUID) -> None:
    """What people see of the case has changed: its ETag does, too."""
    await connection.execute(_TOUCH, {"case_id": case_id})


def _row(row: Row[tuple[object, ...]]) -> IssueRow:
    return IssueRow(**row._mapping)
