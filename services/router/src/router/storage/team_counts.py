"""How much open work each team has; and which teams still have some (S34, S124). Read only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_COUNTS = text(
    """
    select team,
        count(*) filter (where state = 'open') as open,
        count(*) filter (where state = 'claimed') as claimed,
        count(*) filter (where state in ('waiting_customer', 'waiting_department', 'transferred',
            'follow_up', 'observing')) as waiting,
        count(*) filter (where state in ('resolved', 'unsolvable')) as settled,
        count(*) filter (where state = 'open' and owner_id is null) as unowned,
        count(*) filter (where exists (
            select from clock
            where clock.case_id = cases.case_id and clock.kind = 'first_reaction'
                and clock.ended_at is null
        )) as awaiting_reaction,
        count(*) filter (where next_due_at <= now() + cast(:offset as interval)) as overdue
    from cases
    where state <> 'closed'
        and (cast(:teams as text[]) is null or team = any(cast(:teams as text[])))
    group by team order by team
    """
)
_OF_OTHERS = text(
    """
    select team, count(*) as open from cases
    where state <> 'closed' and team <> all(cast(:known as text[]))
    group by team order by team
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamCounts:
    """Open work of a team; `overdue` are the cases whose deadline has passed unanswered.

    `waiting` is for others, `settled` for the customer's objection; `unowned` are open cases that
    are no person's but the team's.
    """

    team: str
    open: int
    claimed: int
    waiting: int
    settled: int
    unowned: int
    awaiting_reaction: int
    overdue: int


async def counts(
    connection: AsyncConnection, teams: Collection[str] | None, *, offset: timedelta
) -> list[TeamCounts]:
    """Open work per team, by name, of these teams (None: all); `offset` moves the time."""
    values = {"teams": None if teams is None else sorted(teams), "offset": offset}
    rows = await connection.execute(_COUNTS, values)
    return [TeamCounts(**row._mapping) for row in rows]


async def open_cases_of_others(
    connection: AsyncConnection, known: Collection[str]
) -> dict[str, int]:
    """The cases, not closed yet, of teams that are not among `known`: how many, by team."""
    rows = await connection.execute(_OF_OTHERS, {"known": sorted(known)})
    return {row.team: row.open for row in rows}
