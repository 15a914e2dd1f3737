"""The pipeline itself: mentions per second from mentions.raw to history, and end-to-end latency."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

import asyncpg

from bench.feed import messages
from bench.measure import percentile, until
from common.events.envelope import Message
from common.kafka.port import ProducerPort
from common.kafka.producer import BatchProducer
from common.settings import KafkaSettings
from common.testing.pipeline import Pipeline, PipelineOptions
from common.testing.stack import Stack

WARM_UP = 2_000
CHUNK = 2_000
_PLACED = [
    "router.case.opened.v1",
    "router.case.continued.v1",
    "router.mention.parked.v1",
    "router.own_post.recorded.v1",
]


async def measure(
    stack: Stack, folder: Path, say: Callable[[str], None], *, mentions: int, seconds: int
) -> dict[str, float]:
    """Start the five services, warm up, measure throughput and then latency at 20 per second."""
    pipeline = Pipeline(stack, folder, PipelineOptions(environment={"OMBUD_LOG_LEVEL": "WARNING"}))
    try:
        await asyncio.to_thread(pipeline.prepare)
        await asyncio.to_thread(pipeline.start)
        return await _measure(pipeline, say, mentions, seconds)
    finally:
        await asyncio.to_thread(pipeline.close)


async def _measure(
    pipeline: Pipeline, say: Callable[[str], None], mentions: int, seconds: int
) -> dict[str, float]:
    producer = BatchProducer(
        KafkaSettings(kafka_bootstrap=pipeline.stack.kafka_bootstrap), client_id="bench"
    )
    history = await asyncpg.connect(pipeline.admin_url)
    try:
        say(f"warming up with {WARM_UP} mentions")
        await _push(producer, [m for _, m in messages(0, WARM_UP, "warm")])
        await until(lambda: _placed(history), WARM_UP, within_s=120)
        # What autovacuum does within a minute: the plans of the first seconds are for empty tables.
        await history.execute("analyze")
        say(f"{mentions} mentions as fast as they go")
        batch = [message for _, message in messages(0, mentions, "run")]
        began = time.perf_counter()
        await _push(producer, batch)
        await until(lambda: _placed(history), WARM_UP + mentions, within_s=600)
        elapsed = time.perf_counter() - began
        say(f"20 mentions a second for {seconds} s")
        waits = await _latencies(producer, history, seconds * 20)
        return {
            "mentions_per_s": mentions / elapsed,
            "p50_ms_at_20": percentile(waits, 0.50) * 1000,
            "p99_ms_at_20": percentile(waits, 0.99) * 1000,
        }
    finally:
        await producer.stop()
        await history.close()


async def _push(producer: ProducerPort, batch: Sequence[Message]) -> None:
    for start in range(0, len(batch), CHUNK):
        await producer.publish(batch[start : start + CHUNK])


async def _placed(history: asyncpg.Connection) -> int:
    counted = "select coalesce(sum(entries), 0) from audit.type_count where type = any($1)"
    return int(await history.fetchval(counted, _PLACED))


async def _latencies(
    producer: ProducerPort, history: asyncpg.Connection, count: int
) -> list[float]:
    """Seconds from the publish of a mention until its place is visible in the history."""
    sent: dict[UUID, tuple[UUID, float]] = {}
    waits: list[float] = []

    async def watch() -> None:
        while len(waits) < count:
            if sent:
                rows = await history.fetch(
                    "select mention_id from audit.entry "
                    "where conversation_id = any($1) and type = any($2)",
                    [conversation_id for conversation_id, _ in sent.values()],
                    _PLACED,
                )
                now = time.perf_counter()
                waits.extend(
                    now - sent.pop(row["mention_id"])[1]
                    for row in rows
                    if row["mention_id"] in sent
                )
            await asyncio.sleep(0.01)  # more often would itself take a good part of the machine

    watcher = asyncio.create_task(watch())
    began = time.perf_counter()
    for number, (found, message) in enumerate(messages(0, count, "calm")):
        await asyncio.sleep(max(0.0, began + number / 20 - time.perf_counter()))
        sent[found.mention_id] = (found.conversation_id, time.perf_counter())
        await producer.publish([message])
    await asyncio.wait_for(watcher, 60)
    return waits
