"""Crises that people switched on and off; the latest word about each counts (S26)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_SWITCH = text(
    """
    insert into crisis (crisis_id, topic, is_on, reason, actor_id, actor_name, switched_at)
    select * from unnest(
        cast(:crisis_id as uuid[]), cast(:topic as text[]), cast(:is_on as boolean[]),
        cast(:reason as text[]), cast(:actor_id as text[]), cast(:actor_name as text[]),
        cast(:switched_at as timestamptz[])
    )
    on conflict (crisis_id) do update set
        topic = excluded.topic, is_on = excluded.is_on, reason = excluded.reason,
        actor_id = excluded.actor_id, actor_name = excluded.actor_name,
        switched_at = excluded.switched_at
    where crisis.switched_at <= excluded.switched_at
    """
)
_ON = text(
    """
    select crisis.crisis_id, crisis.topic, crisis.reason, crisis.actor_name, crisis.switched_at,
        count(cases.case_id) filter (where cases.state <> 'closed') as open_cases
    from crisis left join cases on cases.crisis_id = crisis.crisis_id
    where crisis.is_on
    group by crisis.crisis_id order by crisis.switched_at desc
    """
)


@dataclass(slots=True, kw_only=True)
class Switch:
    """A crisis as it was switched; `topic` None means everything."""

    crisis_id: UUID
    topic: str | None
    is_on: bool
    reason: str
    actor_id: str
    actor_name: str
    switched_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CrisisRow:
    """A crisis that is on, and how many cases that began in it are not closed."""

    crisis_id: UUID
    topic: str | None
    reason: str
    actor_name: str
    switched_at: datetime
    open_cases: int


async def switch(connection: AsyncConnection, switches: Sequence[Switch]) -> None:
    """Store these; each crisis at most once, an older word never undoes a newer one."""
    if switches:
        await connection.execute(
            _SWITCH,
            {name: [getattr(row, name) for row in switches] for name in Switch.__slots__},
        )


async def on(connection: AsyncConnection) -> list[CrisisRow]:
    """Those that are on, the latest first."""
    return [CrisisRow(**row._mapping) for row in await connection.execute(_ON)]
