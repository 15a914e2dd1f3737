"""Servers that go away and processes that freeze: consumption comes back, and nothing doubles."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from common.observability import metrics
from common.testing.eventually import eventually
from common.testing.kafka import read_all
from common.testing.stack import Stack

pytestmark = [pytest.mark.postgres, pytest.mark.kafka, pytest.mark.faults, pytest.mark.slow]

LONG = timedelta(seconds=60)
_FROZEN = """
import asyncio, sys
from sqlalchemy import text
from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWorkFactory
from common.events.router import MentionParked
from common.inbox.guard import InboxProcessor
from common.inbox.handling import TypedHandling
from common.kafka.aiokafka_client import AiokafkaConsumer
from common.kafka.consumer import ConsumerLoop
from common.outbox.writer import write_outbox
from common.settings import KafkaSettings

async def handler(uow, events):
    print("handling", flush=True)
    await asyncio.sleep(2)
    await uow.connection.execute(text(
        "insert into effect (event_id, key, number) select e, k, n from unnest("
        "cast(:e as uuid[]), cast(:k as text[]), cast(:n as int[])) as v (e, k, n)"),
        {"e": [e.id for e in events], "k": [e.data.reason for e in events],
         "n": [e.data.configuration_version for e in events]})
    print("handled", flush=True)

async def main():
    dsn, bootstrap, topic, group = sys.argv[1:]
    units = UnitOfWorkFactory(create_engine(dsn, pool_size=2, application_name="z"), write_outbox)
    kafka = KafkaSettings(kafka_bootstrap=bootstrap, kafka_session_timeout_s=10)
    handling = TypedHandling({MentionParked: handler}, service="audit")
    await ConsumerLoop(
        lambda: AiokafkaConsumer(kafka, group=group, client_id="z"), consumer="audit",
        topics=[topic],
        process=InboxProcessor(units, consumer="audit", group=group, handling=handling),
    ).run(asyncio.Event())
asyncio.run(main())
"""


def _records(bench: Any, numbers: range) -> list[Any]:
    return [bench.record(bench.event("k", n), partition=n % 4) for n in numbers]


async def _in_thread(call: Callable[[], None]) -> None:
    await asyncio.get_running_loop().run_in_executor(None, call)


async def _has(bench: Any, count: int) -> bool:
    try:
        return bool(await bench.count("effect") >= count)
    except Exception:
        return False  # the database is just coming back


async def test_consumption_goes_on_after_the_broker_was_away(
    own_bench: Any, own_stack: Stack
) -> None:
    await own_bench.produce(*_records(own_bench, range(20)))
    began = time.monotonic()
    running = own_bench.start()
    await eventually(lambda: _has(own_bench, 20), within=LONG)
    first = time.monotonic() - began
    await _in_thread(own_stack.kafka.kill)
    await asyncio.wait({running.task}, timeout=6)
    assert not running.task.done()
    assert running.what.health.is_live()
    await _in_thread(own_stack.kafka.start)
    back = time.monotonic()
    await own_bench.produce(*_records(own_bench, range(20, 40)))
    await eventually(lambda: _has(own_bench, 40), within=LONG)
    assert time.monotonic() - back < 15 + first  # R6, and what joining takes on this machine
    assert sorted(n for _, n in await own_bench.effects()) == list(range(40))


async def test_consumption_goes_on_after_the_database_was_away(
    own_bench: Any, own_stack: Stack
) -> None:
    await own_bench.produce(*_records(own_bench, range(20)))
    began = time.monotonic()
    running = own_bench.start()
    relay = own_bench.start_relay()
    await eventually(lambda: _has(own_bench, 20), within=LONG)
    first = time.monotonic() - began
    await _in_thread(own_stack.postgres.kill)
    await own_bench.produce(*_records(own_bench, range(20, 40)))
    await asyncio.wait({running.task, relay.task}, timeout=6, return_when=asyncio.FIRST_COMPLETED)
    assert not running.task.done()
    assert not relay.task.done()
    assert running.what.health.is_live()
    await _in_thread(own_stack.postgres.start)
    back = time.monotonic()
    await eventually(lambda: _has(own_bench, 40), within=LONG)
    assert time.monotonic() - back < 10 + first
    assert sorted(n for _, n in await own_bench.effects()) == list(range(40))
    assert await own_bench.count("parked_key") == 0
    assert await own_bench.count("dead_letter") == 0


async def test_sessions_that_are_cut_cost_nothing(own_bench: Any) -> None:
    own_bench.start(max_records=3)
    for start in range(0, 200, 20):
        await own_bench.produce(*_records(own_bench, range(start, start + 20)))
        await own_bench.do(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )
    await eventually(lambda: _has(own_bench, 200), within=LONG)
    assert sorted(n for _, n in await own_bench.effects()) == list(range(200))
    assert await own_bench.count("dead_letter") == 0


async def test_a_relay_that_waited_in_vain_sends_again_and_in_order(
    own_bench: Any, own_stack: Stack
) -> None:
    own_bench.start_relay(limit_s=2.0)

    async def publish(numbers: range) -> None:
        for number in numbers:
            async with own_bench.units.begin() as uow:
                uow.publish_messages(own_bench.message(own_bench.event("k", number)))

    await publish(range(5))
    await eventually(lambda: _published(own_bench), within=LONG)
    failures = _failures()
    await _in_thread(own_stack.kafka.pause)
    try:
        await publish(range(5, 10))
        await eventually(lambda: _failures() > failures, within=LONG)  # one publish in vain
        await publish(range(10, 15))
        assert await own_bench.count("outbox") == 10
    finally:
        await _in_thread(own_stack.kafka.resume)
    await publish(range(15, 20))
    await eventually(lambda: _published(own_bench), within=LONG)
    found = await read_all(own_bench.bootstrap, own_bench.topic)
    first = list(dict.fromkeys(_number(record.value) for record in found))
    assert first == list(range(20))


@pytest.mark.parametrize("gone", ["kafka", "postgres", "both"])
async def test_stopping_takes_less_than_ten_seconds_whatever_is_away(
    own_bench: Any, own_stack: Stack, gone: str
) -> None:
    await own_bench.produce(*_records(own_bench, range(8)))
    running, relay = own_bench.start(), own_bench.start_relay()
    await eventually(lambda: _has(own_bench, 8), within=LONG)
    await own_bench.produce(*_records(own_bench, range(8, 16)))
    if gone in ("kafka", "both"):
        await _in_thread(own_stack.kafka.kill)
    if gone in ("postgres", "both"):
        await _in_thread(own_stack.postgres.kill)
    await asyncio.wait({running.task}, timeout=1.5)
    began = time.monotonic()
    await asyncio.gather(running.end(), relay.end())
    assert time.monotonic() - began < 10


async def test_a_frozen_consumer_that_wakes_up_has_no_effect(own_bench: Any) -> None:
    await own_bench.produce(*_records(own_bench, range(12)))
    frozen = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _FROZEN,
        own_bench.dsn,
        own_bench.bootstrap,
        own_bench.topic,
        own_bench.group,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert frozen.stdout is not None
    try:
        async with asyncio.timeout(60):
            while await frozen.stdout.readline() != b"handling\n":
                assert frozen.returncode is None
        frozen.send_signal(signal.SIGSTOP)
        own_bench.start()
        # Its database session ends after 15 s, its membership after 10 s.
        await eventually(lambda: _has(own_bench, 12), within=timedelta(seconds=90))
        frozen.send_signal(signal.SIGCONT)
        await own_bench.produce(*_records(own_bench, range(12, 24)))
        await eventually(lambda: _has(own_bench, 24), within=LONG)
    finally:
        frozen.kill()
        await frozen.wait()
    assert sorted(n for _, n in await own_bench.effects()) == list(range(24))


def _failures() -> float:
    (metric,) = metrics.OUTBOX_PUBLISH_ERRORS_TOTAL.collect()
    return sum(sample.value for sample in metric.samples)


async def _published(bench: Any) -> bool:
    return bool(await bench.count("outbox") == 0)


def _number(value: bytes | None) -> int:
    assert value is not None
    number: int = orjson.loads(value)["configuration_version"]
    return number
