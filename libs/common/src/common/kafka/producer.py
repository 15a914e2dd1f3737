"""Publishing for the relay: batches per partition, all acknowledged, within a time limit.

The partition of a key is Kafka's own (murmur2, KIP-480 for keyed records), so that any client in
any language finds the same one. Retrying is the relay's business.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from functools import lru_cache
from time import monotonic

from common.events.envelope import Message
from common.kafka.aiokafka_sender import AiokafkaSender
from common.kafka.port import BrokerError, PublishError
from common.settings import KafkaSettings

PUBLISH_LIMIT_S = 5.0
_ASK_AGAIN_S = 5.0
"""Looking for a topic that is not there takes a second: not in every round."""
_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF
_KEYS_REMEMBERED = 65_536

_Lane = tuple[str, int]


class BatchProducer:
    """ProducerPort: one request's worth of batches for each partition, side by side."""

    def __init__(
        self, settings: KafkaSettings, *, client_id: str, limit_s: float = PUBLISH_LIMIT_S
    ) -> None:
        self._sender = AiokafkaSender(settings, client_id=client_id)
        self._limit_s = limit_s
        self._missing: dict[str, float] = {}

    async def publish(self, messages: Sequence[Message]) -> None:
        """See ProducerPort. A failing topic does not hold up the others: their messages count
        as acknowledged in the error."""
        if not messages:
            return
        tasks: dict[asyncio.Task[None], list[int]] = {}
        failure: str | None = None
        try:
            async with asyncio.timeout(self._limit_s):
                lanes, failure = await self._by_partition(messages)
                for (topic, partition), positions in lanes.items():
                    records = [_outgoing(messages[position]) for position in positions]
                    task = asyncio.ensure_future(self._sender.send(topic, partition, records))
                    tasks[task] = positions
                if tasks:
                    await asyncio.wait(tasks)
        except TimeoutError:
            failure = "TimeoutError"
        finally:
            is_unfinished = failure == "TimeoutError" or any(not task.done() for task in tasks)
            for task in tasks:
                task.cancel()
            if is_unfinished:
                await self._sender.abandon()
        self._conclude(tasks, failure)

    async def stop(self) -> None:
        await self._sender.stop()

    async def _by_partition(
        self, messages: Sequence[Message]
    ) -> tuple[dict[_Lane, list[int]], str | None]:
        """The places of the messages of each partition, and what is wrong with the others."""
        try:
            await self._sender.connect()
        except BrokerError as error:
            return {}, str(error)
        counts: dict[str, int] = {}
        failure = None
        for topic in {message.topic for message in messages}:
            if self._missing.get(topic, 0.0) > monotonic():
                failure = "UnknownTopic"
                continue
            try:
                counts[topic] = await self._sender.partition_count(topic)
            except BrokerError as error:
                failure = str(error)
                self._missing[topic] = monotonic() + _ASK_AGAIN_S
        lanes: dict[_Lane, list[int]] = {}
        for position, message in enumerate(messages):
            if count := counts.get(message.topic):
                lane = (message.topic, partition_of(message.key, count))
                lanes.setdefault(lane, []).append(position)
        return lanes, failure

    def _conclude(self, tasks: dict[asyncio.Task[None], list[int]], failure: str | None) -> None:
        acknowledged: list[int] = []
        for task, positions in tasks.items():
            if task.cancelled() or not task.done():
                failure = failure or "TimeoutError"
            elif error := task.exception():
                failure = failure or str(error)
            else:
                acknowledged.extend(positions)
        if failure:
            raise PublishError(failure, acknowledged=frozenset(acknowledged))


def _outgoing(message: Message) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    headers = [(name, value.encode()) for name, value in message.headers.items()]
    return message.key.encode("utf-8", "surrogateescape"), message.payload, headers


@lru_cache(maxsize=_KEYS_REMEMBERED)
def partition_of(key: str, partitions: int) -> int:
    """The partition that Kafka's default partitioner gives this key."""
    return (murmur2(key.encode("utf-8", "surrogateescape")) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """MurmurHash2 (32 bit) with Kafka's seed, as org.apache.kafka.common.utils.Utils has it."""
    length = len(data)
    words = length // 4
    h = (_SEED ^ length) & _MASK
    for k in struct.unpack_from(f"<{words}I", data):
        k = (k * _M) & _MASK
        k ^= k >> 24
        h = ((h * _M) & _MASK) ^ ((k * _M) & _MASK)
    if rest := data[words * 4 :]:
        h ^= int.from_bytes(rest, "little")
        h = (h * _M) & _MASK
    h ^= h >> 13
    h = (h * _M) & _MASK
    return h ^ (h >> 15)
