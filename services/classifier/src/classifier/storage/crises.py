"""Counts per topic and time, the crises they gave rise to, and the switch that a person sets (S26).

Batches only add rows of counts, so that replicas never wait for each other; `merge` makes one row
of each bucket later. A topic has at most one crisis under way: the database sees to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from classifier.domain.crisis import Rates, Rise, TopicCount

BUCKET = timedelta(minutes=5)

_COUNT = text(
    """
    insert into topic_count (topic, at, service, abusive, reach)
    select * from unnest(cast(:topics as text[]), cast(:at as timestamptz[]),
        cast(:service as int[]), cast(:abusive as int[]), cast(:reach as bigint[]))
    """
)
_MERGE = text(
    """
    with old as (
        delete from topic_count where (topic, at) in (
            select topic, at from topic_count where at < :before
            group by topic, at having count(*) > 1 limit 1000)
        returning topic, at, service, abusive, reach
    )
    insert into topic_count (topic, at, service, abusive, reach)
    select topic, at, sum(service), sum(abusive), sum(reach) from old group by topic, at
    """
)
_FORGET = text("delete from topic_count where at < :before")
# Usual is the mean of the whole history, or of this hour of the day where that is more.
_RATES = text(
    """
    select topic,
        sum(service) filter (where at >= :since) as service,
        sum(abusive) filter (where at >= :since) as abusive,
        sum(reach) filter (where at >= :since) as reach,
        coalesce(sum(service) filter (where at < :since), 0) as past_service,
        coalesce(sum(abusive) filter (where at < :since), 0) as past_abusive,
        coalesce(sum(reach) filter (where at < :since), 0) as past_reach,
        coalesce(sum(service) filter (where at < :since and same_hour), 0) as hour_service,
        coalesce(sum(abusive) filter (where at < :since and same_hour), 0) as hour_abusive,
        coalesce(sum(reach) filter (where at < :since and same_hour), 0) as hour_reach
    from (
        select topic, at, service, abusive, reach,
            extract(hour from at) = extract(hour from cast(:now as timestamptz)) as same_hour
        from topic_count where at >= :history and at <= :now
    ) c
    group by topic having count(*) filter (where at >= :since) > 0
    """
)
_BEGAN = text("select min(at) as at from topic_count where at >= :history")
_PROPOSE = text(
    """
    insert into crisis (crisis_id, topic, signal, observed, expected, window_seconds,
        proposed_at, state)
    values (:crisis_id, :topic, :signal, :observed, :expected, :window_seconds, :at, 'proposed')
    on conflict (topic) where ended_at is null do nothing
    """
)
_LAPSE = text(
    "update crisis set state = 'lapsed', ended_at = :now "
    "where state = 'proposed' and proposed_at < :before"
)
_CRISIS = (
    "select crisis_id, topic, signal, observed, expected, window_seconds, proposed_at, state, "
    "ended_at from crisis "
)
_LIST = text(
    _CRISIS + "where cast(:before_at as timestamptz) is null "
    "or (proposed_at, crisis_id) < (:before_at, cast(:before_id as uuid)) "
    "order by proposed_at desc, crisis_id desc limit :most"
)
_LOCK = text(_CRISIS + "where crisis_id = :id for update")
_SET_STATE = text(
    "update crisis set state = :state, "
    "ended_at = case when :state in ('off', 'lapsed') then cast(:at as timestamptz) end "
    "where crisis_id = :id"
)
_SWITCHES = text(
    """
    select distinct on (topic) version, crisis_id, topic, is_on, approvers, reason, actor_name,
        switched_at
    from crisis_switch order by topic, version desc
    """
)
_VERSION = text("select coalesce(max(version), 0) from crisis_switch")
_SWITCH = text(
    """
    insert into crisis_switch (version, crisis_id, topic, is_on, approvers, reason, actor_id,
        actor_name, switched_at)
    values (:version, :crisis_id, :topic, :is_on, cast(:approvers as text[]), :reason, :actor_id,
        :actor_name, :at)
    on conflict (version) do nothing
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crisis:
    """A crisis with what gave rise to it; `state` is proposed, on, off or lapsed."""

    crisis_id: UUID
    topic: str
    signal: str
    observed: int
    expected: float
    window_seconds: int
    proposed_at: datetime
    state: str
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """The switch of a topic as it was set last; topic None is everything."""

    version: int
    crisis_id: UUID
    topic: str | None
    is_on: bool
    approvers: Sequence[str]
    reason: str
    actor_name: str
    switched_at: datetime


async def count(connection: AsyncConnection, counts: Sequence[TopicCount]) -> None:
    """Add what a batch held."""
    await connection.execute(
        _COUNT,
        {
            "topics": [c.topic for c in counts],
            "at": [c.at for c in counts],
            "service": [c.service for c in counts],
            "abusive": [c.abusive for c in counts],
            "reach": [c.reach for c in counts],
        },
    )


async def merge(connection: AsyncConnection, *, now: datetime, history: timedelta) -> None:
    """One row per topic and bucket for all but the last hour; forget what is before history."""
    await connection.execute(_MERGE, {"before": now - timedelta(hours=1)})
    await connection.execute(_FORGET, {"before": now - history})


async def rates(
    connection: AsyncConnection, *, now: datetime, window: timedelta, history: timedelta
) -> list[Rates]:
    """What the window holds for each topic, and what is usual for a window of that length."""
    since, begin = now - window, now - history
    began = (await connection.execute(_BEGAN, {"history": begin})).scalar_one()
    if began is None or began >= since:
        return []
    windows = (since - began) / window
    # An hour of the day comes once a day; a history of less than a day knows only the mean.
    days = max((since - began) / timedelta(days=1), 1.0)
    of_hour = window / timedelta(hours=1)
    given = {"now": now, "since": since, "history": begin}
    found = []
    for row in await connection.execute(_RATES, given):
        usual = {
            name: max(
                float(getattr(row, f"past_{name}")) / max(windows, 1.0),
                float(getattr(row, f"hour_{name}")) / days * of_hour,
            )
            for name in ("service", "abusive", "reach")
        }
        observed = {name: int(getattr(row, name)) for name in usual}
        found.append(Rates(row.topic, observed, usual, known_for=since - began))
    return found


async def propose(
    connection: AsyncConnection, rise: Rise, *, crisis_id: UUID, window: timedelta, at: datetime
) -> bool:
    """Note a crisis; False while one of that topic is under way."""
    result = await connection.execute(
        _PROPOSE,
        {
            "crisis_id": crisis_id,
            "topic": rise.topic,
            "signal": rise.signal,
            "observed": rise.observed,
            "expected": rise.expected,
            "window_seconds": round(window.total_seconds()),
            "at": at,
        },
    )
    return bool(result.rowcount)


async def lapse(connection: AsyncConnection, *, now: datetime, after: timedelta) -> int:
    """Let proposals that nobody took up make room for new ones; how many."""
    result = await connection.execute(_LAPSE, {"now": now, "before": now - after})
    return int(result.rowcount)


async def listed(
    connection: AsyncConnection, *, before: tuple[datetime, UUID] | None, most: int
) -> list[Crisis]:
    """Crises, the newest first, behind `before`."""
    given = {"before_at": before[0] if before else None, "before_id": before[1] if before else None}
    return [
        Crisis(**row._mapping) for row in await connection.execute(_LIST, given | {"most": most})
    ]


async def lock(connection: AsyncConnection, crisis_id: UUID) -> Crisis | None:
    """One crisis, held until the transaction ends."""
    row = (await connection.execute(_LOCK, {"id": crisis_id})).one_or_none()
    return None if row is None else Crisis(**row._mapping)


async def set_state(
    connection: AsyncConnection, crisis_id: UUID, state: str, *, at: datetime
) -> None:
    """Move a crisis on."""
    await connection.execute(_SET_STATE, {"id": crisis_id, "state": state, "at": at})


async def switches(connection: AsyncConnection) -> tuple[int, list[Switch]]:
    """The version of all switches together, and the last word on each topic."""
    version = int((await connection.execute(_VERSION)).scalar_one())
    return version, [Switch(**row._mapping) for row in await connection.execute(_SWITCHES)]


async def add_switch(connection: AsyncConnection, switch: Switch, *, actor_id: str) -> bool:
    """Set a switch; False when somebody else set one meanwhile."""
    result = await connection.execute(
        _SWITCH,
        {
            "version": switch.version,
            "crisis_id": switch.crisis_id,
            "topic": switch.topic,
            "is_on": switch.is_on,
            "approvers": list(switch.approvers),
            "reason": switch.reason,
            "actor_id": actor_id,
            "actor_name": switch.actor_name,
            "at": switch.switched_at,
        },
    )
    return bool(result.rowcount)
