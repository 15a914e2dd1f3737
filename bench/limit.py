"""The limit: the same hops, rows and records with no logic (see limit_hop)."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import asyncpg

from bench.feed import messages
from bench.measure import until
from common.events.envelope import Message
from common.events.topics import Topic
from common.kafka.aiokafka_client import ensure_topics
from common.kafka.producer import BatchProducer
from common.settings import KafkaSettings
from common.testing.pipeline import create_database
from common.testing.postgres import with_database
from common.testing.stack import Stack

DATABASE = "bench_limit"
WARM_UP = 1_000
RAW, CLASSIFIED, CASES = "limit.raw", "limit.classified", "limit.cases"
# Rows per record of a hop, as the services really write them (the offset row comes on top).
HOPS: dict[str, dict[str, Any]] = {
    "classifier": {"consume": [RAW], "produce": CLASSIFIED, "rows": {"outbox": 1}},
    # disposition, and for about 60 % a case, a clock, two timers
    "router": {"consume": [CLASSIFIED], "produce": CASES, "rows": {"outbox": 1, "business": 3.4}},
    "responder": {"consume": [CASES], "produce": "", "rows": {"business": 0.6}},
    # the entry and the head of its chain
    "audit": {"consume": [RAW, CLASSIFIED, CASES], "produce": "", "rows": {"business": 2}},
}


async def measure(stack: Stack, say: Callable[[str], None], *, mentions: int) -> float:
    """Mentions per second through the bare hops."""
    await create_database(stack.postgres_dsn, DATABASE)
    dsn = with_database(stack.postgres_dsn, DATABASE)
    settings = KafkaSettings(kafka_bootstrap=stack.kafka_bootstrap)
    topics = [Topic(name, "bench", "the limit") for name in (RAW, CLASSIFIED, CASES)]
    await ensure_topics(settings, topics, replication_factor=1)
    producer = BatchProducer(settings, client_id="bench")
    history = await asyncpg.connect(dsn)
    hops = [await _start(name, spec, dsn, stack.kafka_bootstrap) for name, spec in HOPS.items()]
    try:
        say(f"the limit: {mentions} mentions through bare hops")
        await producer.publish(_raw(0, WARM_UP, "limit-warm"))
        await until(lambda: _kept(history), WARM_UP * 3, within_s=120)
        batch = _raw(0, mentions, "limit")
        began = time.perf_counter()
        for start in range(0, mentions, 2_000):
            await producer.publish(batch[start : start + 2_000])
        await until(lambda: _kept(history), (WARM_UP + mentions) * 3, within_s=600)
        return mentions / (time.perf_counter() - began)
    finally:
        for hop in hops:
            hop.terminate()
        await asyncio.gather(*(hop.wait() for hop in hops))
        await producer.stop()
        await history.close()


def _raw(first: int, count: int, run: str) -> list[Message]:
    return [replace(message, topic=RAW) for _, message in messages(first, count, run)]


async def _start(
    name: str, spec: dict[str, Any], dsn: str, bootstrap: str
) -> asyncio.subprocess.Process:
    whole = {
        **spec,
        "dsn": dsn,
        "bootstrap": bootstrap,
        "group": f"limit.{name}",
        "schema": f"limit_{name}",
    }
    hop = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.limit_hop",
        json.dumps(whole),
        stdout=asyncio.subprocess.PIPE,
    )
    assert hop.stdout is not None
    if (await hop.stdout.readline()).strip() != b"ready":
        raise RuntimeError(f"the hop {name} of the limit did not start")
    return hop


async def _kept(history: asyncpg.Connection) -> int:
    return int(await history.fetchval("select count(*) from limit_audit.inbox"))
