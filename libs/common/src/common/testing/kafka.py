"""Topics with random names, and plain writing and reading of them, for tests.

Not the loop and not the relay: those are what tests test. Works on every broker of the stack;
the embedded one makes topics by itself, with four partitions whatever was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, KafkaError, for_code

from common.testing.eventually import eventually

WITHIN = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to write; `partition` None lets the key decide (murmur2, as every client does)."""

    value: bytes | None
    key: bytes | None = None
    headers: Mapping[str, bytes] = field(default_factory=dict)
    partition: int | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record as it lies in the topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]
    timestamp_ms: int


def random_topic(stem: str = "test") -> str:
    """A name nobody else has: brokers are shared by tests and by runs."""
    return f"{stem}.{uuid4().hex[:12]}"


async def create_topics(bootstrap: str, *names: str, partitions: int = 4) -> None:
    """Create topics and return once every partition has a leader. Raises KafkaError."""
    async with _admin(bootstrap) as admin:
        if not await _makes_topics_itself(admin):
            answer = await admin.create_topics([NewTopic(name, partitions, 1) for name in names])
            for name, code, *_ in answer.topic_errors:
                if code != 0:
                    raise for_code(code)(f"topic {name}")

        async def ready() -> bool:
            found = await admin.describe_topics(list(names))
            return all(
                topic["partitions"] and all(p["leader"] >= 0 for p in topic["partitions"])
                for topic in found
            )

        await eventually(ready, within=WITHIN, retry_on=(KafkaError,))


async def delete_topics(bootstrap: str, *names: str) -> None:
    """Delete topics; the embedded broker keeps them."""
    async with _admin(bootstrap) as admin:
        if not await _makes_topics_itself(admin):
            await admin.delete_topics(list(names))


async def _makes_topics_itself(admin: AIOKafkaAdminClient) -> bool:
    """librdkafka's mock knows no CreateTopics; a topic is there once somebody looks for it."""
    cluster = await admin.describe_cluster()
    return str(cluster["cluster_id"]).startswith("mockCluster")


@asynccontextmanager
async def topics(bootstrap: str, *stems: str, partitions: int = 4) -> AsyncIterator[list[str]]:
    """Topics with random names for the length of a block, one for each stem."""
    names = [random_topic(stem) for stem in stems]
    await create_topics(bootstrap, *names, partitions=partitions)
    try:
        yield names
    finally:
        await delete_topics(bootstrap, *names)


async def produce(bootstrap: str, topic: str, records: Iterable[Outgoing]) -> None:
    """Write in order and return when all replicas have everything."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        sent = [
            await producer.send(
                topic,
                record.value,
                key=record.key,
                partition=record.partition,
                headers=list(record.headers.items()),
            )
            for record in records
        ]
        async with asyncio.timeout(WITHIN.total_seconds()):
            await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def read_all(bootstrap: str, topic: str) -> list[Incoming]:
    """Everything committed that lies in the topic now, by partition and offset; no group."""
    async with _reader(bootstrap, topic) as (consumer, partitions):
        ends = await consumer.end_offsets(partitions)
        records: list[Incoming] = []
        async with asyncio.timeout(WITHIN.total_seconds()):
            for partition in partitions:
                # position() moves over transaction markers, which are no records.
                while await consumer.position(partition) < ends[partition]:
                    got = await consumer.getmany(partition, timeout_ms=200)
                    records += [_incoming(record) for record in got.get(partition, [])]
    return [r for r in records if r.offset < ends[TopicPartition(r.topic, r.partition)]]


async def read(
    bootstrap: str, topic: str, *, count: int, within: timedelta = WITHIN
) -> list[Incoming]:
    """The first `count` records from the beginning, waiting for them; order holds per partition.

    Raises AssertionError when fewer have come within the time. More may follow: whoever says
    "exactly" asks `read_all` afterwards.
    """
    records: list[Incoming] = []
    try:
        async with (
            asyncio.timeout(within.total_seconds()),
            _reader(bootstrap, topic) as (consumer, _),
        ):
            while len(records) < count:
                got = await consumer.getmany(timeout_ms=200, max_records=count - len(records))
                records += [_incoming(record) for batch in got.values() for record in batch]
    except TimeoutError as error:
        raise AssertionError(
            f"{len(records)} of {count} records in {topic} within {within.total_seconds():g} s"
        ) from error
    return records


async def committed(bootstrap: str, group: str) -> dict[tuple[str, int], int]:
    """The offsets a group has committed, by topic and partition."""
    async with _admin(bootstrap) as admin:
        offsets = await admin.list_consumer_group_offsets(group)
    return {(tp.topic, tp.partition): at.offset for tp, at in offsets.items() if at.offset >= 0}


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = await eventually(
        lambda: _started(bootstrap), within=WITHIN, retry_on=(KafkaConnectionError,)
    )
    try:
        yield admin
    finally:
        await admin.close()


async def _started(bootstrap: str) -> AIOKafkaAdminClient:
    """A broker that was killed and has come back may close the first connections."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
    except KafkaConnectionError:
        await admin.close()
        raise
    return admin


@asynccontextmanager
async def _reader(
    bootstrap: str, topic: str
) -> AsyncIterator[tuple[AIOKafkaConsumer, list[TopicPartition]]]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    await consumer.start()
    try:

        async def known() -> list[int]:
            await consumer._client.force_metadata_update()
            return sorted(consumer.partitions_for_topic(topic) or [])

        numbers = await eventually(known, within=WITHIN)
        partitions = [TopicPartition(topic, number) for number in numbers]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        yield consumer, partitions
    finally:
        await consumer.stop()


def _incoming(record: Any) -> Incoming:
    return Incoming(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=dict(record.headers),
        timestamp_ms=record.timestamp,
    )
