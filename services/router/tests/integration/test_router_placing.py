"""Placing on a real PostgreSQL: one place per mention, one open case per conversation."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from router_builders import Mentions
from router_steps import case_of, close, place

from common.db.unit_of_work import UnitOfWorkFactory
from common.errors import RetryableError
from common.ids import new_id
from router.handlers.place_mentions import place_mentions
from router.storage.configurations import Configurations

pytestmark = pytest.mark.postgres


async def test_each_mention_gets_its_place_and_its_event(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    make = Mentions()
    published = await place(
        units,
        configurations,
        make("service"),
        make("triage"),
        make("non_service", kind="news"),
        make("non_service", kind="praise"),
        make("service", own_post=True),
        make("service", handle="Motorrad.Example"),
    )
    assert published == [
        "router.case.opened.v1",
        "router.case.opened.v1",
        "router.case.offered.v1",
        "router.mention.parked.v1",
        "router.case.opened.v1",
        "router.own_post.recorded.v1",
        "router.own_post.recorded.v1",
        "router.follow_up.planned.v1",
    ]
    rows = await database.fetch("select place, rule, configuration_version from disposition")
    assert sorted((row["place"], row["rule"]) for row in rows) == [
        ("case", "asks_praises_or_suggests"),
        ("case", "service"),
        ("case", "triage_duty"),
        ("own_post", "own_post"),
        ("own_post", "own_post"),
        ("parked", "talk_not_to_us"),
    ]
    assert {row["configuration_version"] for row in rows} == {1}


async def test_two_mentions_of_a_conversation_make_one_case_in_one_batch_and_over_two(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    make = Mentions()
    first, second, third = (make("service", thread="root") for _ in range(3))
    assert await place(units, configurations, first, second) == [
        "router.case.opened.v1",
        "router.case.continued.v1",
    ]
    assert await place(units, configurations, third) == ["router.case.continued.v1"]
    case = await database.fetchrow("select * from cases")
    assert (case["case_id"], case["mentions"], case["version"]) == (case_of(first), 3, 3)
    assert await database.fetchval("select count(*) from clock") == 1


async def test_a_mention_keeps_its_place_whatever_event_brings_it_again(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    make = Mentions()
    event = make("service")
    again = replace(event, id=new_id())
    assert len(await place(units, configurations, event, again)) == 1
    assert await place(units, configurations, again) == []
    assert await database.fetchval("select count(*) from disposition") == 1


async def test_parked_talk_opens_nothing_and_what_follows_in_its_thread_may(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    make = Mentions()
    talk = [make("non_service", kind="talk", thread="t") for _ in range(2)]
    problem = make("service", thread="t")
    joined = make("non_service", kind="news", thread="t")
    published = await place(units, configurations, talk[0], problem, talk[1], joined)
    assert [name.removeprefix("router.") for name in published] == [
        "mention.parked.v1",
        "case.opened.v1",
        "case.continued.v1",
        "case.continued.v1",
    ]
    rule = await database.fetchval(
        "select rule from disposition where mention_id = $1", joined.data.mention.mention_id
    )
    assert rule == "open_conversation"


async def test_the_clock_starts_at_detection_and_only_for_service_and_triage(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    make = Mentions()
    service, triage = make("service"), make("triage")
    praise = make("non_service", kind="praise", thread="p")
    await place(units, configurations, service, triage, praise)
    started = await database.fetch("select * from clock where kind = 'first_reaction'")
    clocks = {row["case_id"]: row for row in started}
    assert set(clocks) == {case_of(service), case_of(triage)}
    clock = clocks[case_of(service)]
    assert clock["started_at"] == make.detected_at
    assert clock["due_at"] == make.detected_at + timedelta(minutes=10)
    assert clock["warn_at"] == make.detected_at + timedelta(minutes=7)
    timers = await database.fetch(
        "select kind, due_at from timer where owner_id = $1 order by due_at", case_of(service)
    )
    assert [tuple(row) for row in timers] == [
        ("first_reaction_warn", clock["warn_at"]),
        ("first_reaction_breach", clock["due_at"]),
    ]

    later = make("service", thread="p", detected_at=make.detected_at + timedelta(minutes=3))
    await place(units, configurations, later)
    case = await database.fetchrow("select * from cases where case_id = $1", case_of(praise))
    assert case["decision"] == "service"
    assert case["next_due_at"] == later.data.mention.detected_at + timedelta(minutes=10)


async def test_a_case_closed_lately_is_reopened_and_later_only_linked(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    make = Mentions()
    first, second, thanks = (make("service", thread="root") for _ in range(3))
    await place(units, configurations, first)
    await close(units, case_of(first))
    praise = make("non_service", kind="news", thread="root")
    assert await place(units, configurations, praise) == ["router.mention.parked.v1"]

    published = await place(units, configurations, second)
    assert published == ["router.case.continued.v1", "router.case.state_changed.v1"]
    case = await database.fetchrow("select * from cases")
    assert (case["case_id"], case["state"], case["mentions"]) == (case_of(first), "open", 2)
    assert (case["outcome"], case["times_reopened"], case["fault"]) == (None, 1, "unknown")
    assert case["next_due_at"] == second.data.mention.detected_at + timedelta(minutes=10)
    rule = await database.fetchval(
        "select rule from disposition where mention_id = $1", second.data.mention.mention_id
    )
    assert rule == "reopened_conversation"

    await close(units, case_of(first))
    await database.execute("update cases set closed_at = closed_at - interval '15 days'")
    assert (await place(units, configurations, thanks))[0] == "router.case.opened.v1"
    linked = await database.fetchval(
        "select linked_case_id from cases where case_id = $1", case_of(thanks)
    )
    assert linked == case_of(first)


async def test_two_replicas_that_place_one_conversation_make_one_case(
    units: UnitOfWorkFactory, database: Any
) -> None:
    make = Mentions()
    refused = 0

    async def replica(event: Any) -> None:
        nonlocal refused
        configurations = Configurations()
        for _ in range(5):
            try:
                await place(units, configurations, event)
            except RetryableError:
                refused += 1
            else:
                return
        raise AssertionError("a retried batch must find the case that was in its way")

    for number in range(10):
        thread = f"thread-{number}"
        await asyncio.gather(*(replica(make("service", thread=thread)) for _ in range(4)))
    cases = await database.fetch("select conversation_id, mentions from cases")
    assert [row["mentions"] for row in cases] == [4] * 10
    assert len({row["conversation_id"] for row in cases}) == 10


async def test_the_rota_is_one_sequence_over_replicas_and_batches(
    units: UnitOfWorkFactory, database: Any
) -> None:
    make = Mentions()

    async def replica(size: int) -> None:
        await place(units, Configurations(), *(make("triage") for _ in range(size)))

    await asyncio.gather(*(replica(size) for size in (1, 7, 3, 11, 2, 5, 1, 9)))
    rows = await database.fetch("select team, count(*) as number from cases group by team")
    counts = Counter({row["team"]: row["number"] for row in rows})
    assert sum(counts.values()) == 39
    assert abs(counts["community_management"] - counts["social_support"]) == 1


async def test_a_mention_that_joins_takes_no_turn_of_the_rota(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    make = Mentions()
    await place(units, configurations, *(make("triage", thread="one") for _ in range(5)))
    turns = await database.fetchval("select turns::text from rota where name = 'triage'")
    assert turns == '{"community_management": 1}'


async def test_a_batch_that_fails_leaves_nothing(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    make = Mentions()
    with pytest.raises(RuntimeError, match="killed"):
        async with units.begin() as uow:
            await place_mentions(configurations, uow, [make("service"), make("triage")])
            raise RuntimeError("killed before the commit")
    for table in ("cases", "disposition", "clock", "timer", "outbox", "rota"):
        assert await database.fetchval(f"select count(*) from {table}") == 0


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("update disposition set place = 'parked'", "disposition_case_iff_placed_in_one"),
        ("update disposition set case_id = null", "disposition_case_iff_placed_in_one"),
        (
            "update disposition set conversation_id = gen_random_uuid()",
            "disposition_case_id_conversation_id_fkey",
        ),
        (
            "insert into disposition select (d).* from (select d from disposition d) as twice",
            "disposition_pkey",
        ),
        ("update cases set state = 'closed'", "cases_closed_with_account"),
        (
            (
                "update cases set state = 'closed', outcome = 'solved', cause = ' ',"
                " summary = 's', closed_at = now(), closed_by_id = 'x', closed_by_name = 'x'"
            ),
            "cases_closed_with_account",
        ),
        ("update cases set state = 'claimed'", "cases_claimed_by_one"),
        ("update clock set state = 'met'", "clock_met_in_time"),
        (
            (
                "update clock set state = 'met', stopped_at = due_at + interval '1 s',"
                " seconds_since_detected = 1, seconds_since_posted = 1"
            ),
            "clock_met_in_time",
        ),
        ("update clock set state = 'breached'", "clock_breached_at_a_moment"),
    ],
)
async def test_the_database_itself_refuses_two_places_and_unaccounted_ends(
    units: UnitOfWorkFactory,
    configurations: Configurations,
    database: Any,
    statement: str,
    constraint: str,
) -> None:
    await place(units, configurations, Mentions()("service"))
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refusal:
        await database.execute(statement)
    assert refusal.value.constraint_name == constraint


async def test_the_database_refuses_a_second_open_case_of_a_conversation(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    await place(units, configurations, Mentions()("service"))
    with pytest.raises(asyncpg.UniqueViolationError) as refusal:
        await database.execute(
            "insert into cases select ($1::uuid), (c).conversation_id, (c).network, (c).account,"
            " (c).state, (c).team, (c).rule, (c).reason, (c).configuration_version,"
            " (c).decision, (c).kind, (c).abusive, (c).urgent, (c).language, (c).detected_at,"
            " (c).opened_at, (c).mentions, (c).last_mention_at from (select c from cases c) as q",
            uuid4(),
        )
    assert refusal.value.constraint_name == "cases_one_open"
