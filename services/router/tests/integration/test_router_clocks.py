"""Clocks on a real PostgreSQL: timers fire once, replies stop them, and races have one winner."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from router_builders import Mentions, reply
from router_steps import case_of, place, somebody_waits_for_a_lock, stop, types_of

from common.db.unit_of_work import UnitOfWorkFactory
from common.outbox.writer import write_outbox
from common.testing.eventually import eventually
from common.timers.loop import TimerLoop
from common.timers.store import DueTimer
from router.handlers.note_replies import note_replies
from router.handlers.ring_clocks import breach_clocks
from router.jobs import timers
from router.storage.configurations import Configurations

pytestmark = pytest.mark.postgres
ALL = "select type from outbox order by id"
PENDING = "select kind from timer where state = 0 order by kind"
FIRST = "select * from clock where kind = 'first_reaction'"


def ago(**span: float) -> Mentions:
    """Mentions that were detected that long ago."""
    return Mentions(detected_at=datetime.now(UTC) - timedelta(**span))


async def ring(units: UnitOfWorkFactory) -> None:
    """Fire everything that is due."""
    loop = TimerLoop(units, timers(Configurations()))
    while await loop.fire_due() == timedelta(0):
        continue


async def test_a_warning_and_then_a_breach_once_each(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    await place(units, configurations, ago(minutes=8)("service"))
    await ring(units)
    await ring(units)
    assert types_of(await database.fetch(ALL)) == ["case.opened", "clock.warned"]

    later = UnitOfWorkFactory(units._engine, write_outbox, offset=timedelta(minutes=3))
    await asyncio.gather(*(ring(later) for _ in range(4)))
    assert types_of(await database.fetch(ALL)) == [
        *("case.opened", "clock.warned", "clock.breached", "follow_up.planned")
    ]
    clock = await database.fetchrow(FIRST)
    assert clock["state"] == "breached"
    assert clock["warned_at"] < clock["due_at"] <= clock["breached_at"]


async def test_overdue_from_the_start_is_a_breach_without_a_useless_warning(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    await place(
        units, configurations, *(ago(hours=1)("triage", native_id=f"p{n}") for n in range(300))
    )
    await ring(units)
    published = types_of(await database.fetch(ALL))
    assert published.count("clock.breached") == 300
    assert published.count("clock.warned") == 0


async def test_a_public_reply_in_time_meets_the_clock_and_nothing_rings_any_more(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    mention = ago(minutes=4)("service")
    await place(units, configurations, mention)
    sent = reply(case_of(mention), mention.data.mention.conversation_id, sent_at=datetime.now(UTC))
    assert await stop(units, sent) == [
        "router.clock.stopped.v1",
        "router.follow_up.planned.v1",
    ]
    assert await stop(units, sent) == []
    clock = await database.fetchrow(FIRST)
    assert (clock["state"], clock["dispatch_id"]) == ("met", sent.data.dispatch_id)
    assert clock["seconds_since_detected"] == pytest.approx(240, abs=5)
    assert clock["seconds_since_posted"] == pytest.approx(270, abs=5)
    assert [row["kind"] for row in await database.fetch(PENDING)] == [
        *("follow_up_breach", "follow_up_warn")
    ]
    planned = await database.fetchrow("select * from follow_up")
    assert (planned["source"], planned["state"]) == ("policy", "planned")
    case = await database.fetchrow("select next_due_at, rings_at from cases")
    assert case["next_due_at"] == case["rings_at"] == planned["due_at"]


@pytest.mark.parametrize(
    "change",
    [
        {"visibility": "private"},
        {"kind": "no_reply"},
        {"authors": ()},
    ],
)
async def test_what_is_no_public_reply_by_a_person_stops_nothing(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any, change: dict[str, Any]
) -> None:
    mention = ago(minutes=4)("service")
    await place(units, configurations, mention)
    sent = reply(
        case_of(mention),
        mention.data.mention.conversation_id,
        sent_at=datetime.now(UTC),
        **change,
    )
    assert await stop(units, sent) == []
    assert (
        await database.fetchval("select state from clock where kind = 'first_reaction'")
        == "running"
    )


async def test_the_earliest_reply_of_a_batch_counts(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    mention = ago(minutes=5)("service")
    await place(units, configurations, mention)
    conversation = mention.data.mention.conversation_id
    early, late = (
        reply(
            case_of(mention),
            conversation,
            sent_at=mention.data.mention.detected_at + timedelta(minutes=minutes),
        )
        for minutes in (1, 3)
    )
    await stop(units, late, early)
    assert (
        await database.fetchval("select stopped_at from clock where kind = 'first_reaction'")
        == early.data.sent_at
    )


async def test_a_late_reply_keeps_the_breach_and_is_recorded(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    mention = ago(minutes=20)("service")
    await place(units, configurations, mention)
    await ring(units)
    sent = reply(case_of(mention), mention.data.mention.conversation_id, sent_at=datetime.now(UTC))
    # The follow-up that the breach led to goes on watching the case.
    assert await stop(units, sent) == ["router.clock.stopped.v1"]
    clock = await database.fetchrow(FIRST)
    assert clock["state"] == "breached"
    assert clock["stopped_at"] == sent.data.sent_at


async def test_a_late_reply_that_is_quicker_than_the_timer_brings_the_breach_with_it(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    mention = ago(minutes=20)("service")
    await place(units, configurations, mention)
    sent = reply(case_of(mention), mention.data.mention.conversation_id, sent_at=datetime.now(UTC))
    assert await stop(units, sent) == [
        "router.clock.breached.v1",
        "router.clock.stopped.v1",
        "router.follow_up.planned.v1",
    ]
    await ring(units)
    assert types_of(await database.fetch(ALL)) == [
        *("case.opened", "clock.breached", "clock.stopped", "follow_up.planned")
    ]
    assert (
        await database.fetchval("select state from clock where kind = 'first_reaction'")
        == "breached"
    )


async def test_a_reply_sent_in_time_wins_over_a_breach_told_before_we_heard(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    mention = ago(minutes=11)("service")
    await place(units, configurations, mention)
    await ring(units)
    in_time = mention.data.mention.detected_at + timedelta(minutes=9)
    await stop(
        units, reply(case_of(mention), mention.data.mention.conversation_id, sent_at=in_time)
    )
    clock = await database.fetchrow(FIRST)
    assert clock["state"] == "met"
    assert clock["breached_at"] is not None


async def test_a_bell_that_rings_while_the_reply_is_being_noted_waits_and_finds_nothing_to_do(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    mention = ago(minutes=11)("service")
    await place(units, configurations, mention)
    case_id, conversation = case_of(mention), mention.data.mention.conversation_id
    in_time = mention.data.mention.detected_at + timedelta(minutes=9)
    bell = DueTimer(
        id=1,
        owner_id=case_id,
        conversation_id=conversation,
        kind="first_reaction_breach",
        due_at=in_time,
        payload={},
        generation=0,
        attempts=0,
    )

    async def rings() -> None:
        async with units.begin() as uow:
            await breach_clocks(Configurations(), uow, [bell])

    async with units.begin() as uow:
        await note_replies(Configurations(), uow, [reply(case_id, conversation, sent_at=in_time)])
        ringing = asyncio.create_task(rings())
        await eventually(lambda: somebody_waits_for_a_lock(database))
    await ringing
    assert await database.fetchval("select state from clock where kind = 'first_reaction'") == "met"
    assert types_of(await database.fetch(ALL)) == [
        *("case.opened", "clock.stopped", "follow_up.planned")
    ]


async def test_timer_and_reply_at_once_end_in_one_consistent_state(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    mentions = [ago(minutes=20)("service", native_id=f"p{n}") for n in range(30)]
    await place(units, configurations, *mentions)
    replies = [
        reply(case_of(m), m.data.mention.conversation_id, sent_at=datetime.now(UTC))
        for m in mentions
    ]

    async def each(event: Any) -> None:
        await stop(units, event)

    await asyncio.gather(ring(units), ring(units), *(each(event) for event in replies))
    await ring(units)
    published = types_of(await database.fetch(ALL))
    assert published.count("clock.breached") == 30
    assert published.count("clock.stopped") == 30
    states = await database.fetch(
        "select distinct state, stopped_at is not null as s from clock"
        " where kind = 'first_reaction'"
    )
    assert [tuple(row) for row in states] == [("breached", True)]
