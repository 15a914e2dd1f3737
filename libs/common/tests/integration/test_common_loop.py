"""The consumer loop on a real broker and a real database: once each, in order, and on with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from common.db.unit_of_work import UnitOfWork
from common.errors import PoisonMessageError, RetryableError, TooManyDeadLettersError
from common.events.envelope import Event
from common.events.router import MentionParked, OwnPostRecorded
from common.kafka.policies import DeadLetterPolicy
from common.testing.eventually import eventually
from common.testing.kafka import committed

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

LONG = timedelta(seconds=30)


def _numbers(effects: Sequence[tuple[str, int]], key: str) -> list[int]:
    return [number for name, number in effects if name == key]


async def test_every_event_takes_effect_once_and_in_order_of_its_key(bench: Any) -> None:
    keys = [f"k{n}" for n in range(10)]
    await bench.produce(
        *(bench.record(bench.event(key, number)) for number in range(30) for key in keys)
    )
    bench.start()

    async def all_there() -> bool:
        effects = await bench.effects()
        assert len(effects) == 300
        return all(_numbers(effects, key) == list(range(30)) for key in keys)

    await eventually(all_there, within=LONG)


async def test_offsets_are_in_the_database_and_told_to_kafka(bench: Any) -> None:
    for partition in (0, 1):
        await bench.produce(
            *(bench.record(bench.event("k", n), partition=partition) for n in range(5))
        )
    bench.start()

    async def told() -> bool:
        return await committed(bench.bootstrap, bench.group) == {
            (bench.topic, 0): 5,
            (bench.topic, 1): 5,
        } | {(bench.topic, part): 0 for part in (2, 3)}

    await eventually(told, within=LONG)
    rows = await bench.rows(
        "select part, next_offset from consumer_offset where grp = :g order by part",
        g=bench.group,
    )
    assert [tuple(row) for row in rows] == [(0, 5), (1, 5), (2, 0), (3, 0)]


async def test_a_second_delivery_has_no_second_effect(bench: Any) -> None:
    events = [bench.event("k", n) for n in range(5)]
    twice = [bench.record(event) for event in events for _ in range(2)]
    await bench.produce(*twice)
    bench.start()
    await eventually(lambda: bench.count("effect", "number = 4"), within=LONG)
    await bench.produce(*twice, bench.record(bench.event("k", 99)))
    await eventually(lambda: bench.count("effect", "number = 99"), within=LONG)
    assert await bench.effects() == [("k", n) for n in (0, 1, 2, 3, 4, 99)]


async def test_the_database_wins_over_what_kafka_remembers(bench: Any) -> None:
    await bench.produce(*(bench.record(bench.event("k", n), partition=0) for n in range(10)))
    first = bench.start()
    await eventually(lambda: bench.count("effect", "number = 9"), within=LONG)
    await first.end()
    assert (await committed(bench.bootstrap, bench.group))[(bench.topic, 0)] == 10
    # A restored backup: effects, inbox and offsets of the last five events are gone (R10).
    await bench.do(
        "delete from inbox where event_id in (select event_id from effect where number >= 5)"
    )
    await bench.do("delete from effect where number >= 5")
    await bench.do("update consumer_offset set next_offset = 5 where part = 0")
    bench.start()
    await eventually(lambda: bench.count("effect", "number = 9"), within=LONG)
    assert await bench.effects() == [("k", n) for n in range(10)]


async def test_two_consumers_share_and_keep_the_order_through_rebalances(bench: Any) -> None:
    keys = [f"k{n}" for n in range(20)]

    async def more(numbers: range) -> None:
        await bench.produce(
            *(bench.record(bench.event(key, number)) for number in numbers for key in keys)
        )

    first = bench.start(max_records=7)
    await more(range(20))
    await eventually(lambda: bench.count("effect"), within=LONG)
    bench.start(max_records=7)
    await more(range(20, 40))
    await eventually(lambda: bench.count("effect", "number >= 25"), within=LONG)
    await first.end()
    await more(range(40, 60))

    async def complete() -> bool:
        assert await bench.count("effect") == 60 * 20
        return True

    await eventually(complete, within=LONG)
    effects = await bench.effects()
    assert all(_numbers(effects, key) == list(range(60)) for key in keys)


async def test_a_retryable_error_holds_its_partition_while_others_go_on(bench: Any) -> None:
    may_pass = asyncio.Event()
    from_handler: list[int] = []

    async def handler(uow: UnitOfWork, events: Sequence[Event[Any]]) -> None:
        if any(event.data.reason == "stuck" for event in events) and not may_pass.is_set():
            from_handler.append(len(events))
            raise RetryableError("the far side is away")
        await bench.note(uow, events)

    from_stuck = [bench.record(bench.event("stuck", n), partition=0) for n in range(5)]
    await bench.produce(*from_stuck)
    await bench.produce(*(bench.record(bench.event("free", n), partition=1) for n in range(5)))
    loop = bench.start({MentionParked: handler})

    async def others_done() -> bool:
        return _numbers(await bench.effects(), "free") == [0, 1, 2, 3, 4]

    await eventually(others_done, within=LONG)
    await bench.produce(*(bench.record(bench.event("free", n), partition=1) for n in range(5, 9)))
    await eventually(lambda: bench.count("effect", "number = 8"), within=LONG)
    assert await bench.count("effect", "key = 'stuck'") == 0
    assert await bench.count("parked_key") == 0
    assert await bench.count("dead_letter") == 0
    assert loop.what.health.is_live()
    may_pass.set()
    await eventually(lambda: bench.count("effect", "key = 'stuck' and number = 4"), within=LONG)
    assert _numbers(await bench.effects(), "stuck") == [0, 1, 2, 3, 4]


async def test_one_poisoned_event_among_many_goes_alone(bench: Any) -> None:
    async def handler(uow: UnitOfWork, events: Sequence[Event[Any]]) -> None:
        if any(event.data.configuration_version == 13 for event in events):
            raise PoisonMessageError("thirteen")
        await bench.note(uow, events)

    await bench.produce(*(bench.record(bench.event("k", n), partition=0) for n in range(40)))
    bench.start({MentionParked: handler})
    await eventually(lambda: bench.count("effect", "number = 39"), within=LONG)
    assert _numbers(await bench.effects(), "k") == [n for n in range(40) if n != 13]
    assert await bench.count("dead_letter") == 1


async def test_too_many_dead_letters_in_a_row_stop_the_loop(bench: Any) -> None:
    async def broken(uow: UnitOfWork, events: Sequence[Event[Any]]) -> None:
        raise PoisonMessageError("the new release handles nothing")

    await bench.produce(*(bench.record(bench.event("k", n), partition=0) for n in range(30)))
    loop = bench.start(
        {MentionParked: broken}, dead_letter_policy=DeadLetterPolicy(most_in_a_row=5)
    )
    done, _ = await asyncio.wait({loop.task}, timeout=30)
    assert done
    with pytest.raises(TooManyDeadLettersError):
        await loop.task
    assert await bench.count("dead_letter") == 5
    rows = await bench.rows("select next_offset from consumer_offset where part = 0")
    assert rows[0][0] == 5  # the sixth stays in the topic


async def test_types_without_a_handler_are_skipped_unread(bench: Any) -> None:
    strange = bench.record(bench.event("k", 1, other="x"))
    broken_body = type(strange)(b"{not json", strange.key, strange.headers, 0)
    await bench.produce(broken_body, bench.record(bench.event("k", 2), partition=0))
    bench.start({MentionParked: bench.note})
    await eventually(lambda: bench.count("effect", "number = 2"), within=LONG)
    assert await bench.count("dead_letter") == 0
    assert await bench.count("inbox") == 1


async def test_a_crash_between_database_and_kafka_commit_has_no_second_effect(bench: Any) -> None:
    await bench.produce(*(bench.record(bench.event("k", n), partition=0) for n in range(10)))
    loop = bench.loop()
    told = asyncio.Event()

    async def never(positions: object) -> None:
        told.set()
        await asyncio.Event().wait()

    loop._port.commit = never  # the process dies while it tells Kafka
    running = bench._run(loop)
    await eventually(lambda: bench.count("effect", "number = 9"), within=LONG)
    await asyncio.wait_for(told.wait(), 10)
    await running.kill()
    assert (bench.topic, 0) not in await committed(bench.bootstrap, bench.group)
    bench.start()
    await bench.produce(bench.record(bench.event("k", 10), partition=0))
    await eventually(lambda: bench.count("effect", "number = 10"), within=LONG)
    assert await bench.effects() == [("k", n) for n in range(11)]


async def test_a_zombie_is_fenced_and_finds_its_place_again(bench: Any) -> None:
    processor = bench.processor()
    await bench.produce(*(bench.record(bench.event("k", n), partition=0) for n in range(3)))
    running = bench.start(process=processor)
    await eventually(lambda: bench.count("effect", "number = 2"), within=LONG)
    # Another consumer of the group has moved on behind its back, past the next two events.
    await bench.do("update consumer_offset set next_offset = 5 where part = 0")
    await bench.produce(*(bench.record(bench.event("k", n), partition=0) for n in range(3, 8)))
    await eventually(lambda: bench.count("effect", "number = 7"), within=LONG)
    assert await bench.effects() == [("k", n) for n in (0, 1, 2, 5, 6, 7)]
    assert not running.task.done()


async def test_stages_call_each_handler_once_where_order_allows(bench: Any) -> None:
    calls: list[tuple[str, int]] = []

    async def parked(uow: UnitOfWork, events: Sequence[Event[Any]]) -> None:
        calls.append(("parked", len(events)))
        await bench.note(uow, events)

    async def own(uow: UnitOfWork, events: Sequence[Event[Any]]) -> None:
        calls.append(("own", len(events)))
        await bench.note(uow, events)

    await bench.produce(
        *(
            bench.record(bench.event(f"k{n}", n, other="own" if n % 2 else ""), partition=0)
            for n in range(20)
        )
    )
    bench.start({MentionParked: parked, OwnPostRecorded: own})
    await eventually(lambda: bench.count("effect", "number = 19"), within=LONG)
    assert sum(count for _, count in calls) == 20
    assert len(calls) <= 4
