"""The outbox and its relays on real parts: nothing lost, order per key kept, whoever dies."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from common.events.envelope import Message
from common.ids import new_id
from common.kafka.policies import RetryPolicy
from common.kafka.port import PublishError
from common.kafka.producer import BatchProducer, partition_of
from common.observability import tracing
from common.outbox.relay import Relay, RelayPolicy
from common.outbox.table import LANES
from common.outbox.writer import MAX_PAYLOAD_BYTES, MessageTooLargeError, lane_of
from common.settings import KafkaSettings
from common.testing.eventually import eventually
from common.testing.kafka import Incoming, read, read_all

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

LONG = timedelta(seconds=60)
_RELAY = """
import asyncio, sys
from common.db.engine import create_engine
from common.outbox.relay import build_relay
from common.settings import KafkaSettings
async def main():
    dsn, bootstrap, service = sys.argv[1:]
    engine = create_engine(dsn, pool_size=2, application_name="relay")
    relay = build_relay(KafkaSettings(kafka_bootstrap=bootstrap), engine, service=service,
                        wake=asyncio.Event())
    print("up", flush=True)
    await relay.run(asyncio.Event())
asyncio.run(main())
"""


def _message(bench: Any, key: str, number: int, *, event_id: UUID | None = None) -> Message:
    return Message(
        topic=bench.topic,
        key=key,
        event_id=event_id or new_id(),
        type="router.mention.parked.v1",
        payload=str(number).encode(),
        headers={"ce_type": "router.mention.parked.v1"},
    )


async def _write(bench: Any, messages: Sequence[Message]) -> None:
    async with bench.units.begin() as uow:
        uow.publish_messages(*messages)


def _first_deliveries(records: Sequence[Incoming]) -> dict[bytes, list[int]]:
    """Per key, the numbers in the order in which each came for the first time."""
    seen: dict[bytes, dict[int, None]] = {}
    for record in records:
        assert record.key is not None
        assert record.value is not None
        seen.setdefault(record.key, {}).setdefault(int(record.value))
    return {key: list(numbers) for key, numbers in seen.items()}


async def test_a_row_is_published_as_it_is_and_then_gone(bench: Any) -> None:
    trace = tracing.new_traceparent()
    with tracing.use(trace):
        await _write(bench, [_message(bench, "grün", 7)])
    bench.start_relay()
    (record,) = await read(bench.bootstrap, bench.topic, count=1)
    assert (record.key, record.value) == ("grün".encode(), b"7")
    assert record.headers == {
        "ce_type": b"router.mention.parked.v1",
        "traceparent": trace.encode(),
    }
    await eventually(lambda: _is_empty(bench), within=LONG)


async def test_keys_lie_in_the_partition_where_every_client_looks(bench: Any) -> None:
    messages = [_message(bench, f"key-{n}", n) for n in range(50)]
    await _write(bench, messages)
    bench.start_relay()
    records = await read(bench.bootstrap, bench.topic, count=50)
    assert {r.key: r.partition for r in records} == {
        m.key.encode(): partition_of(m.key, 4) for m in messages
    }


async def test_what_is_rolled_back_never_leaves(bench: Any) -> None:
    bench.start_relay()
    with pytest.raises(ZeroDivisionError):
        async with bench.units.begin() as uow:
            uow.publish_messages(_message(bench, "k", 1))
            raise ZeroDivisionError
    await _write(bench, [_message(bench, "k", 2)])
    await read(bench.bootstrap, bench.topic, count=1)
    assert [r.value for r in await read_all(bench.bootstrap, bench.topic)] == [b"2"]


async def test_the_same_event_twice_is_one_row(bench: Any) -> None:
    one = new_id()
    await _write(bench, [_message(bench, "k", 1, event_id=one)] * 2)
    await _write(bench, [_message(bench, "k", 1, event_id=one), _message(bench, "k", 2)])
    assert await bench.count("outbox") == 2


async def test_what_no_broker_takes_is_refused_before_it_blocks_a_lane(bench: Any) -> None:
    large = Message(
        topic=bench.topic,
        key="k",
        event_id=new_id(),
        type="t",
        payload=b"x" * (MAX_PAYLOAD_BYTES + 1),
    )
    with pytest.raises(MessageTooLargeError):
        await _write(bench, [large])
    largest = Message(
        topic=bench.topic,
        key="k",
        event_id=new_id(),
        type="t",
        payload=os.urandom(MAX_PAYLOAD_BYTES),
    )
    await _write(bench, [largest])
    bench.start_relay()
    (record,) = await read(bench.bootstrap, bench.topic, count=1)
    assert record.value == largest.payload


async def test_a_commit_wakes_the_relay(bench: Any) -> None:
    bench.start_relay(poll_s=3600.0)
    await _write(bench, [_message(bench, "k", 1)])
    await eventually(lambda: _is_empty(bench), within=LONG)
    await _write(bench, [_message(bench, "k", 2)])
    await eventually(lambda: _is_empty(bench), within=timedelta(seconds=5))


async def test_rows_of_another_process_are_found_without_being_told(bench: Any) -> None:
    bench.start_relay(poll_s=0.1)
    units = type(bench.units)(bench.engine, bench.units._write_outbox)
    async with units.begin() as uow:
        uow.publish_messages(_message(bench, "k", 1))
    await read(bench.bootstrap, bench.topic, count=1)


@pytest.mark.faults
async def test_four_relays_keep_the_order_while_one_after_the_other_is_killed(bench: Any) -> None:
    keys = [f"k{n}" for n in range(100)]
    finished = asyncio.Event()

    async def writer(mine: Sequence[str]) -> int:
        number = 0
        while not finished.is_set():
            await _write(bench, [_message(bench, key, number) for key in mine])
            number += 1
        return number

    relays = [await _spawn(bench) for _ in range(4)]
    try:
        writers = [asyncio.create_task(writer(keys[n::4])) for n in range(4)]
        for victim in range(6):
            await eventually(lambda: bench.count("outbox"), within=LONG)
            relays[victim % 4].kill()
            await relays[victim % 4].wait()
            relays[victim % 4] = await _spawn(bench)
        finished.set()
        rounds = await asyncio.gather(*writers)
        await eventually(lambda: _is_empty(bench), within=LONG)
    finally:
        for relay in relays:
            relay.kill()
            await relay.wait()
    order = _first_deliveries(await read_all(bench.bootstrap, bench.topic))
    assert order == {key.encode(): list(range(rounds[place % 4])) for place, key in enumerate(keys)}


async def test_a_lane_that_is_held_is_left_to_its_holder(bench: Any) -> None:
    messages = [_message(bench, f"k{n}", n) for n in range(200)]
    held = lane_of(b"k0")
    await _write(bench, messages)
    relay = _relay(bench, lanes=LANES)
    async with bench.engine.begin() as connection:
        await connection.execute(
            text("select pg_advisory_xact_lock(:ns, :lane)"),
            {"ns": relay._namespace, "lane": held},
        )
        while await relay.publish_once():
            pass
        left = await bench.rows("select distinct lane from outbox")
        assert [row[0] for row in left] == [held]
    await relay.publish_once()
    assert await bench.count("outbox") == 0
    await relay._producer.stop()


async def test_no_more_lanes_are_locked_than_are_worked_on(bench: Any) -> None:
    await _write(bench, [_message(bench, f"k{n}", n) for n in range(500)])
    relay = _relay(bench, lanes=5)
    async with bench.engine.begin() as connection:
        taken = await relay._lock_lanes(connection)
        locks = await connection.execute(
            text(
                "select count(*) from pg_locks "
                "where locktype = 'advisory' and pid = pg_backend_pid()"
            )
        )
        assert len(taken) == 5
        assert locks.scalar_one() == 5


async def test_a_topic_that_fails_does_not_hold_up_the_others(bench: Any) -> None:
    lost = Message(
        topic="no topic, not even a legal name", key="a", event_id=new_id(), type="t", payload=b"0"
    )
    await _write(bench, [lost, *(_message(bench, f"k{n}", n) for n in range(20))])
    relay = _relay(bench, lanes=LANES)
    with pytest.raises(PublishError):
        await relay.publish_once()
    assert await bench.count("outbox") == 1
    assert len(await read_all(bench.bootstrap, bench.topic)) == 20
    await relay._producer.stop()


async def test_nobody_answering_is_an_error_within_the_limit_and_loses_nothing(bench: Any) -> None:
    await _write(bench, [_message(bench, "k", n) for n in range(10)])
    deaf = KafkaSettings(kafka_bootstrap="127.0.0.1:1")
    producer = BatchProducer(deaf, client_id="t", limit_s=0.5)
    relay = Relay(bench.engine, producer, service="x", wake=asyncio.Event())
    with pytest.raises(PublishError):
        async with asyncio.timeout(5):
            await relay.publish_once()
    assert await bench.count("outbox") == 10
    await producer.stop()


async def _spawn(bench: Any) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _RELAY,
        bench.dsn,
        bench.bootstrap,
        bench.topic,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"up\n"
    return process


def _relay(bench: Any, *, lanes: int) -> Relay:
    return Relay(
        bench.engine,
        BatchProducer(bench.kafka, client_id="t"),
        service=bench.topic,
        wake=asyncio.Event(),
        policy=RelayPolicy(lanes=lanes),
        retry=RetryPolicy(),
    )


async def _is_empty(bench: Any) -> bool:
    return bool(await bench.count("outbox") == 0)
