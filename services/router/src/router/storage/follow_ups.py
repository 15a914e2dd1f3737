"""The rows of follow-ups. They are only changed under the lock of their case (S73, S104)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.claims import Person
from router.domain.follow_ups import FollowUp, FollowUpState, Source

_COLUMNS = """
    follow_up_id, case_id, source, reason, owner_id, owner_name, planned_at, due_at, state,
    went_to_id, went_to_name, rang_at, result, settled_at, settled_by_name
"""
_PLAN = text(
    """
    insert into follow_up (follow_up_id, case_id, source, reason, owner_id, owner_name,
        planned_at, due_at)
    select follow_up_id, case_id, source, reason, owner_id, owner_name,
        cast(:now as timestamptz), due_at
    from unnest(
        cast(:follow_up_id as uuid[]), cast(:case_id as uuid[]), cast(:source as text[]),
        cast(:reason as text[]), cast(:owner_id as text[]), cast(:owner_name as text[]),
        cast(:due_at as timestamptz[])
    ) as new (follow_up_id, case_id, source, reason, owner_id, owner_name, due_at)
    """
)
_LOCK = text(
    f"select {_COLUMNS} from follow_up"  # noqa: S608  (no input)
    " where follow_up_id = any(cast(:ids as uuid[]))"
    " order by follow_up_id for update"
)
_OPEN_OF_CASES = text(
    f"select {_COLUMNS} from follow_up"  # noqa: S608  (no input)
    " where case_id = any(cast(:case_ids as uuid[]))"
    " and state in ('planned', 'due') order by due_at, follow_up_id"
)
_OF_CASE = text(
    f"select {_COLUMNS} from follow_up"  # noqa: S608  (no input)
    " where case_id = :case_id order by due_at, follow_up_id"
)
_RING = text(
    """
    update follow_up set state = 'due', rang_at = :now, went_to_id = gone.id,
        went_to_name = gone.name
    from unnest(cast(:ids as uuid[]), cast(:to_id as text[]), cast(:to_name as text[]))
        as gone (follow_up_id, id, name)
    where follow_up.follow_up_id = gone.follow_up_id
    """
)
_SETTLE = text(
    """
    update follow_up set state = 'done', result = :result, settled_at = :now,
        settled_by_id = :by_id, settled_by_name = :by_name
    where follow_up_id = :id
    """
)
_CANCEL = text(
    """
    update follow_up set state = 'cancelled', result = :reason, settled_at = :now
    where follow_up_id = any(cast(:ids as uuid[]))
    """
)
_LIST = text(
    """
    select follow_up.follow_up_id, follow_up.case_id, follow_up.source, follow_up.reason,
        follow_up.owner_id, follow_up.owner_name, follow_up.planned_at, follow_up.due_at,
        follow_up.state, follow_up.went_to_id, follow_up.went_to_name, follow_up.rang_at,
        follow_up.result, follow_up.settled_at, follow_up.settled_by_name
    from follow_up join cases using (case_id)
    where follow_up.state in ('planned', 'due')
        and (cast(:teams as text[]) is null or cases.team = any(cast(:teams as text[])))
        and (cast(:owner_id as text) is null
            or coalesce(follow_up.went_to_id, follow_up.owner_id) = :owner_id)
        and (cast(:at as timestamptz) is null
            or (follow_up.due_at, follow_up.follow_up_id) > (:at, cast(:id as uuid)))
    order by follow_up.due_at, follow_up.follow_up_id limit :limit
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpRow:
    """A follow-up with what came of it. `went_to` is who got the case when it was due."""

    follow_up_id: UUID
    case_id: UUID
    source: str
    reason: str
    owner_id: str | None
    owner_name: str | None
    planned_at: datetime
    due_at: datetime
    state: str
    went_to_id: str | None
    went_to_name: str | None
    rang_at: datetime | None
    result: str | None
    settled_at: datetime | None
    settled_by_name: str | None

    @property
    def key(self) -> tuple[datetime, UUID]:
        return (self.due_at, self.follow_up_id)

    @property
    def follow_up(self) -> FollowUp:
        """As the domain knows it."""
        owner = None
        if self.owner_id is not None and self.owner_name is not None:
            owner = Person(self.owner_id, self.owner_name)
        return FollowUp(
            follow_up_id=self.follow_up_id,
            case_id=self.case_id,
            source=Source(self.source),
            reason=self.reason,
            owner=owner,
            due_at=self.due_at,
            state=FollowUpState(self.state),
        )


async def plan(
    connection: AsyncConnection, follow_ups: Sequence[FollowUp], *, now: datetime
) -> None:
    """Store follow-ups; of those by policy a case has at most one that is open."""
    if not follow_ups:
        return
    await connection.execute(
        _PLAN,
        {
            "now": now,
            "follow_up_id": [each.follow_up_id for each in follow_ups],
            "case_id": [each.case_id for each in follow_ups],
            "source": [each.source.value for each in follow_ups],
            "reason": [each.reason for each in follow_ups],
            "owner_id": [each.owner.id if each.owner else None for each in follow_ups],
            "owner_name": [each.owner.name if each.owner else None for each in follow_ups],
            "due_at": [each.due_at for each in follow_ups],
        },
    )


async def lock(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, FollowUpRow]:
    """These follow-ups, locked; their cases must be locked already."""
    rows = await connection.execute(_LOCK, {"ids": list(ids)})
    return {row.follow_up_id: _row(row) for row in rows}


async def ring(
    connection: AsyncConnection, gone_to: Sequence[tuple[UUID, Person | None]], *, now: datetime
) -> None:
    """Their date has come; each names who gets the case, None for the team's queue."""
    if gone_to:
        await connection.execute(
            _RING,
            {
                "now": now,
                "ids": [id_ for id_, _ in gone_to],
                "to_id": [person.id if person else None for _, person in gone_to],
                "to_name": [person.name if person else None for _, person in gone_to],
            },
        )


async def settle(
    connection: AsyncConnection, follow_up_id: UUID, *, result: str, by: Person, now: datetime
) -> None:
    """Somebody said what came of it."""
    await connection.execute(
        _SETTLE,
        {"id": follow_up_id, "result": result, "by_id": by.id, "by_name": by.name, "now": now},
    )


async def cancel(
    connection: AsyncConnection, ids: Collection[UUID], *, reason: str, now: datetime
) -> None:
    """Nobody needs to look any more."""
    if ids:
        await connection.execute(_CANCEL, {"ids": list(ids), "reason": reason, "now": now})


async def open_follow_ups(
    connection: AsyncConnection, case_ids: Collection[UUID]
) -> list[FollowUpRow]:
    """The follow-ups of these cases that have no result yet: planned or due."""
    if not case_ids:
        return []
    rows = await connection.execute(_OPEN_OF_CASES, {"case_ids": list(case_ids)})
    return [_row(row) for row in rows]


async def without_result(
    connection: AsyncConnection, case_ids: Collection[UUID]
) -> dict[UUID, int]:
    """How many hand-overs of each case nobody has said the result of yet (S73).

    Only those bar closing: what was promised or planned otherwise ends with the case.
    """
    count: dict[UUID, int] = {}
    for row in await open_follow_ups(connection, case_ids):
        if row.source == Source.TRANSFER.value:
            count[row.case_id] = count.get(row.case_id, 0) + 1
    return count


async def of_case(connection: AsyncConnection, case_id: UUID) -> list[FollowUpRow]:
    """All follow-ups of a case, by date."""
    rows = await connection.execute(_OF_CASE, {"case_id": case_id})
    return [_row(row) for row in rows]


async def pending(
    connection: AsyncConnection,
    teams: Collection[str] | None,
    *,
    owner_id: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[FollowUpRow]:
    """Follow-ups without a result, by date, of the cases of these teams (None: all)."""
    rows = await connection.execute(
        _LIST,
        {
            "teams": None if teams is None else sorted(teams),
            "owner_id": owner_id,
            "at": after[0] if after else None,
            "id": after[1] if after else None,
            "limit": limit,
        },
    )
    return [_row(row) for row in rows]


def _row(row: Row[Any]) -> FollowUpRow:
    return FollowUpRow(**row._mapping)
