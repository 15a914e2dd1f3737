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
CASES_PER_MENTION = 1.1875
"""A case that opens or goes on, or a parked mention; and every eighth is offered to a person."""
# What the services really write for a mention of bench/feed.py, counted in PostgreSQL and in the
# history (docs/benchmarks.md shows the count), per record that a hop consumes. `rows` are inserts
# and updates of every table but inbox, outbox and offsets (one offset row a batch comes on top);
# `row_bytes` what such a row takes; `record_bytes` body and headers of what is produced.
HOPS: dict[str, dict[str, Any]] = {
    "classifier": {
        "consume": [RAW],
        "produce": CLASSIFIED,
        "per_record": {"inbox": 1, "outbox": 1, "rows": 1.01},
        "row_bytes": 1430,
        "record_bytes": 1590,
    },
    "router": {
        "consume": [CLASSIFIED],
        "produce": CASES,
        "per_record": {"inbox": 1, "outbox": CASES_PER_MENTION, "rows": 4.66},
        "row_bytes": 500,
        "record_bytes": 1490,
    },
    # Parked mentions and offers are not its business: their ids it does not even remember.
    "responder": {
        "consume": [CASES],
        "produce": "",
        "per_record": {"inbox": 0.75 / CASES_PER_MENTION, "rows": 1.5 / CASES_PER_MENTION},
        "row_bytes": 230,
        "record_bytes": 0,
    },
    "audit": {
        "consume": [RAW, CLASSIFIED, CASES],
        "produce": "",
        "per_record": {"inbox": 1, "rows": 6.73 / (2 + CASES_PER_MENTION)},
        "row_bytes": 660,
        "record_bytes": 0,
    },
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
        await until(lambda: _kept(history), _records(WARM_UP), within_s=120)
        batch = _raw(0, mentions, "limit")
        began = time.perf_counter()
        for start in range(0, mentions, 2_000):
            await producer.publish(batch[start : start + 2_000])
        await until(lambda: _kept(history), _records(WARM_UP + mentions), within_s=600)
        return mentions / (time.perf_counter() - began)
    finally:
        for hop in hops:
            hop.terminate()
        await asyncio.gather(*(hop.wait() for hop in hops))
        await producer.stop()
        await history.close()


def _records(mentions: int) -> int:
    """Records of all topics that so many mentions come to."""
    return 2 * mentions + int(CASES_PER_MENTION * mentions)


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
