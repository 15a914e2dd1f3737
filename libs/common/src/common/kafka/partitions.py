"""What the loop knows about each partition it holds: how far it is, and whether it waits.

Pausing, seeking and resuming happen here and nowhere else. Nothing here handles a record or asks
anybody but the client.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from common.kafka.policies import OutageError, RetryPolicy
from common.kafka.port import ConsumerPort, Record, TopicPartition
from common.observability import metrics
from common.observability.logging import get_logger

_log = get_logger("loop")
OUTAGE_PAUSE_S = 3.0
"""Asking whether an outage is over costs little, and all wait for the answer (R6)."""


@dataclass(slots=True)
class _Held:
    """A partition that waits. `attempts` outlives the wait until something of it is handled."""

    attempts: int
    resume_at: float
    is_paused: bool


class Partitions:
    """The partitions of one member. `unplaced` are those whose stored position is not known."""

    def __init__(self, port: ConsumerPort, *, consumer: str, retry: RetryPolicy) -> None:
        self.port = port
        self._consumer = consumer
        self._retry = retry
        self._luck = random.Random()  # noqa: S311  (jitter)
        self.unplaced: set[TopicPartition] = set()
        self.reached: dict[TopicPartition, int] = {}
        self.held: dict[TopicPartition, _Held] = {}
        self._handled_ms: dict[str, int] = {}

    def assign(self, partitions: Collection[TopicPartition]) -> None:
        """These are ours; they wait until they are placed."""
        self.unplaced = set(partitions)
        self.port.pause(partitions)

    def clear(self) -> None:
        """None is ours any more."""
        self.unplaced.clear()
        self.reached.clear()
        self.held.clear()

    def place(self, positions: Mapping[TopicPartition, int]) -> None:
        """Go on reading at these positions."""
        for partition in positions.keys() & self.unplaced & self.port.assignment():
            self.port.seek(partition, positions[partition])
            self.reached[partition] = positions[partition]
            held = self.held.get(partition)
            if held is None or not held.is_paused:
                self.port.resume([partition])
        self.unplaced -= positions.keys()

    def wanted(self, polled: Mapping[TopicPartition, Sequence[Record]]) -> list[Record]:
        """What was polled of placed partitions, partition by partition."""
        return [
            record
            for partition, records in polled.items()
            if partition not in self.unplaced
            for record in records
        ]

    def advance(self, records: Sequence[Record]) -> None:
        """Note how far we are: per partition the last record counts, and they come in order."""
        last = {(record.topic, record.partition): record for record in records}
        for (topic, number), record in last.items():
            partition = TopicPartition(topic, number)
            self.reached[partition] = record.offset + 1
            self._handled_ms[topic] = record.timestamp_ms
            self.held.pop(partition, None)

    def hold(self, records: Sequence[Record], error: Exception) -> None:
        """Pause the partitions of these records, to be read again from the first of them."""
        metrics.LOOP_RETRIES_TOTAL.labels(self._consumer, type(error).__name__).inc()
        for part in by_partition(records):
            partition = TopicPartition(part[0].topic, part[0].partition)
            attempts = self.attempts(partition) + 1
            delay = self.delay(attempts)
            if isinstance(error, OutageError):
                delay = min(delay, OUTAGE_PAUSE_S)
            self.held[partition] = _Held(attempts, monotonic() + delay, is_paused=True)
            self.port.seek(partition, part[0].offset)
            self.port.pause([partition])
            _log.warning(
                "partition_backs_off",
                consumer=self._consumer,
                topic=partition.topic,
                partition=partition.partition,
                attempts=attempts,
                seconds=round(delay, 2),
                error=error,
            )
        self._count_paused()

    def lose(self, partitions: Collection[TopicPartition]) -> None:
        """Somebody moved their offsets: they are to be placed again."""
        self.unplaced |= frozenset(partitions) & self.port.assignment()

    def resume_due(self) -> None:
        """Let go on what has waited long enough."""
        if not self.held:
            return
        now = monotonic()
        for partition, held in self.held.items():
            if held.is_paused and held.resume_at <= now and partition not in self.unplaced:
                held.is_paused = False
                self.port.resume([partition])
        self._count_paused()

    def attempts(self, partition: TopicPartition) -> int:
        """How often the partition has failed since something of it was handled."""
        held = self.held.get(partition)
        return held.attempts if held else 0

    def delay(self, attempt: int) -> float:
        """Seconds to wait after the attempt of that number."""
        return self._retry.delay(attempt, luck=self._luck).total_seconds()

    def measure_lag(self, ends: Mapping[TopicPartition, int | None], *, now: datetime) -> int:
        """Show how far the partitions are behind these ends; the sum."""
        lag = {partition.topic: 0 for partition in ends}
        for partition, end in ends.items():
            reached = self.reached.get(partition)
            behind = max(0, end - reached) if end is not None and reached is not None else 0
            lag[partition.topic] += behind
            metrics.LOOP_LAG_RECORDS.labels(self._consumer, *map(str, partition)).set(behind)
        now_ms = now.timestamp() * 1000
        for topic, behind in lag.items():
            age = (now_ms - self._handled_ms.get(topic, now_ms)) / 1000 if behind else 0.0
            metrics.LOOP_LAG_SECONDS.labels(self._consumer, topic).set(max(0.0, age))
        return sum(lag.values())

    def _count_paused(self) -> None:
        paused = sum(held.is_paused for held in self.held.values())
        metrics.LOOP_PAUSED_PARTITIONS.labels(self._consumer).set(paused)


def by_partition(records: Iterable[Record]) -> list[list[Record]]:
    """The records of each partition, in order."""
    parts: dict[tuple[str, int], list[Record]] = {}
    for record in records:
        parts.setdefault((record.topic, record.partition), []).append(record)
    return list(parts.values())
