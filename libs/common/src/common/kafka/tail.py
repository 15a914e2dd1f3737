"""Reading along: topics followed from given offsets, without a group, without committing.

For live streams (SSE): whoever reads keeps the positions, so any replica can go on. Not for work
that must be done: nobody watches whether a tail falls behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import aiokafka
from aiokafka.errors import KafkaError

from common.kafka.aiokafka_client import bounded, close_client, connection_options
from common.kafka.port import BrokerError, Record, TopicPartition
from common.settings import KafkaSettings

_START_S = 5.0
_ASK_S = 5.0
_GRACE_S = 1.0
_FETCH_BYTES = 1024 * 1024
_MOST_RECORDS = 200


class TopicTail:
    """Follows `topics`. Memory is bounded: a reader that does not read stops the fetching."""

    def __init__(self, settings: KafkaSettings, topics: Sequence[str], *, client_id: str) -> None:
        self._topics = tuple(topics)
        self._positions: dict[TopicPartition, int] = {}
        self._consumer = aiokafka.AIOKafkaConsumer(
            **connection_options(settings),
            client_id=client_id,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_bytes=_FETCH_BYTES,
            max_partition_fetch_bytes=_FETCH_BYTES,
            fetch_max_wait_ms=250,
        )

    @property
    def topics(self) -> tuple[str, ...]:
        return self._topics

    @property
    def positions(self) -> Mapping[TopicPartition, int]:
        """The next offset to read of every partition: where a later tail goes on."""
        return self._positions

    async def open(self, start: Mapping[TopicPartition, int]) -> bool:
        """Go to `start`; with an empty one to the present end. False if records are missing.

        A partition that `start` does not name is new since then and read from its beginning.
        Records are missing where retention has removed them, or the topic was made anew.
        Raises BrokerError.
        """
        await bounded(self._consumer.start(), _START_S)
        partitions = await self._partitions()
        self._consumer.assign(partitions)
        first = await bounded(self._consumer.beginning_offsets(partitions), _ASK_S)
        end = await bounded(self._consumer.end_offsets(partitions), _ASK_S)
        is_complete = True
        for theirs in partitions:
            ours = TopicPartition(*theirs)
            wanted = start.get(ours, first[theirs]) if start else end[theirs]
            position = min(max(wanted, first[theirs]), end[theirs])
            is_complete = is_complete and position == wanted
            self._consumer.seek(theirs, position)
            self._positions[ours] = position
        return is_complete

    async def read(self, *, timeout_s: float) -> Sequence[Record]:
        """The next records, in order per partition; empty after `timeout_s`. Raises BrokerError."""
        try:
            polled = await asyncio.wait_for(
                self._consumer.getmany(timeout_ms=int(timeout_s * 1000), max_records=_MOST_RECORDS),
                timeout_s + _GRACE_S,
            )
        except TimeoutError:
            return ()
        except KafkaError as error:
            raise BrokerError(type(error).__name__) from error
        return [
            Record(r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, r.headers)
            for records in polled.values()
            for r in records
        ]

    def passed(self, record: Record) -> None:
        """Note that `record` has been dealt with: positions move behind it."""
        self._positions[TopicPartition(record.topic, record.partition)] = record.offset + 1

    async def close(self) -> None:
        """Close; bounded, and never raises."""
        await close_client(self._consumer.stop(), "tail")

    async def _partitions(self) -> list[aiokafka.TopicPartition]:
        found = []
        for topic in self._topics:
            numbers = await bounded(self._numbers(topic), _ASK_S)
            found += [aiokafka.TopicPartition(topic, number) for number in sorted(numbers)]
        return found

    async def _numbers(self, topic: str) -> set[int]:
        # The public `partitions_for_topic` knows only topics that somebody has asked for before.
        numbers: set[int] = await self._consumer._client._wait_on_metadata(topic)
        return numbers
