"""The sending half on aiokafka: batches to one partition, and a way to throw a silent client away.

Idempotent sends never expire (RELIABILITY finding 5); ADR 0012 says what follows from it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiokafka
from aiokafka.errors import KafkaError

from common.kafka.aiokafka_client import (
    START_S,
    bounded,
    close_client,
    connection_options,
    told,
)
from common.kafka.port import BrokerError
from common.settings import KafkaSettings

_LOOK_UP_S = 1.0
_MAX_REQUEST_BYTES = 4_194_304

Outgoing = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]
"""Key, value, headers."""


class AiokafkaSender:
    """What the producer needs from a client: partition counts, and batches to one partition.

    Idempotent sends never expire (finding 5), so whoever gave up waiting must `abandon` this
    sender: only that stops it from delivering the old batches later, in front of newer ones.
    """

    def __init__(self, settings: KafkaSettings, *, client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id
        self._producer: aiokafka.AIOKafkaProducer | None = None

    async def connect(self) -> None:
        """Connect unless we are connected. Raises BrokerError."""
        await self._connected()

    async def partition_count(self, topic: str) -> int:
        """How many partitions the topic has. Raises BrokerError if it is not known within 1 s."""
        producer = await self._connected()
        return len(await bounded(producer.partitions_for(topic), _LOOK_UP_S))

    async def send(self, topic: str, partition: int, records: Sequence[Outgoing]) -> None:
        """Return when all are acknowledged, in the order given. Waits without an end."""
        producer = await self._connected()
        position = 0
        acknowledged = []
        try:
            while position < len(records):
                batch = producer.create_batch()
                while position < len(records):
                    key, value, headers = records[position]
                    if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
                        break
                    position += 1
                batch.close()
                acknowledged.append(await producer.send_batch(batch, topic, partition=partition))
            await asyncio.gather(*acknowledged)
        except KafkaError as error:
            raise BrokerError(f"{topic}: {told(error)}") from error

    async def stop(self) -> None:
        """Close; what was sent is acknowledged already, so nothing is flushed for long."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await close_client(producer.stop(), "producer")

    async def abandon(self) -> None:
        """Forget this connection with everything that still waits in it."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        # No public way stops the sender without flushing first, which is what must not happen.
        sender = getattr(producer, "_sender", None)
        task = getattr(sender, "sender_task", None)
        if task is not None:
            task.cancel()
        await close_client(producer.stop(), "producer")

    async def _connected(self) -> aiokafka.AIOKafkaProducer:
        if self._producer is None:
            producer = aiokafka.AIOKafkaProducer(
                **connection_options(self._settings),
                client_id=self._client_id,
                acks="all",
                enable_idempotence=True,
                compression_type="lz4",
                linger_ms=0,  # our batches come closed: nothing would join them
                max_batch_size=256 * 1024,
                max_request_size=_MAX_REQUEST_BYTES,
                request_timeout_ms=5_000,
            )
            try:
                await bounded(producer.start(), START_S)
            except BaseException:
                await close_client(producer.stop(), "producer")
                raise
            self._producer = producer
        return self._producer
