"""The one loop everybody must know: poll, hand over a micro-batch, then tell Kafka (HOUSE 3).

It decides *when* records are handed over and what follows from an error's class. It knows no
inbox and no database: the processor it is given handles a batch and stores how far it came, in one
transaction; the offsets told to Kafka afterwards only serve lag monitors. Order within a partition
is never broken: a partition that cannot go on waits, paused, while the others go on.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Protocol

from common.clock import Clock, SystemClock
from common.errors import RetryableError, StaleAssignmentError, TooManyDeadLettersError
from common.kafka.health import LoopHealth
from common.kafka.policies import Failure, OutageError, RetryPolicy
from common.kafka.port import (
    BrokerError,
    CommitDroppedError,
    ConsumerPort,
    Record,
    TopicPartition,
)
from common.observability import metrics
from common.observability.logging import get_logger

_log = get_logger("loop")

_POLL_S = 0.1
_COMMIT_EVERY_S = 0.5
_COMMIT_AGAIN_S = 5.0
_TEND_EVERY_S = 1.0
_LAG_EVERY_S = 5.0
_OUTAGE_S = 3.0
_DRAIN_S = 20.0
_LAST_COMMIT_S = 2.0


class BatchProcessor(Protocol):
    """Handles records and remembers how far it came; all of a call, or nothing of it."""

    async def positions(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        """Where to go on reading, for every partition asked for; the claim to them begins here."""
        ...

    async def process(self, records: Sequence[Record]) -> None:
        """Handle the records and move the stored offsets, or raise and change nothing.

        Records of one partition come in order. Raises StaleAssignmentError where somebody else
        moved an offset since it was read, OutageError where no batch could succeed now,
        TooManyDeadLettersError to stop the loop; anything else makes the loop try smaller batches.
        """
        ...

    async def reject(self, record: Record, failure: Failure) -> None:
        """Put the record away durably and move its offset, or raise and change nothing."""
        ...

    async def tend(self) -> None:
        """What needs doing from time to time, in small portions: called about once a second."""
        ...

    def forget(self, partitions: Collection[TopicPartition]) -> None:
        """These partitions are no longer ours."""
        ...


@dataclass(slots=True)
class _Held:
    """A partition that waits. `attempts` outlives the wait until something of it is handled."""

    attempts: int
    resume_at: float
    is_paused: bool


class ConsumerLoop:
    """One member of the consumer group `group` on `topics`."""

    def __init__(
        self,
        connect: Callable[[], ConsumerPort],
        *,
        consumer: str,
        topics: Sequence[str],
        process: BatchProcessor,
        max_records: int = 500,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008  (a value)
        clock: Clock = SystemClock(),  # noqa: B008
    ) -> None:
        self._connect = connect
        self._consumer = consumer
        self._topics = topics
        self._processor = process
        self._max_records = max_records
        self._retry = retry
        self._clock = clock
        self._luck = random.Random()  # noqa: S311  (jitter)
        self._port: ConsumerPort = connect()
        self.health = LoopHealth()
        self._unplaced: set[TopicPartition] = set()
        self._held: dict[TopicPartition, _Held] = {}
        self._reached: dict[TopicPartition, int] = {}
        self._handled_ms: dict[str, int] = {}
        self._told: dict[TopicPartition, int] = {}
        self._is_revoking = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._trouble = 0
        self._place_at = self._commit_at = self._tend_at = self._lag_at = 0.0

    @property
    def is_joined(self) -> bool:
        """Whether the group has given us our share, for readiness."""
        return self.health.is_joined

    @property
    def is_stalled(self) -> bool:
        """See LoopHealth."""
        return self.health.is_stalled

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop` is set. Raises TooManyDeadLettersError; outages it sits out.

        Ends within the batch in hand plus about five seconds, also when the brokers are away.
        """
        self.health.is_running = True
        try:
            await self._join(stop)
            while not stop.is_set():
                await self._turn()
        finally:
            self.health.is_running = False
            await self._leave()

    async def _join(self, stop: asyncio.Event) -> None:
        """Connect and join, again and again until it works; alive all the while."""
        attempt = 0
        while not stop.is_set():
            joining = asyncio.ensure_future(self._port.start(self._topics, self))
            try:
                while not joining.done() and not stop.is_set():
                    self.health.beat()
                    await asyncio.wait({joining}, timeout=_POLL_S)
                if not joining.done():
                    return
                joining.result()
            except BrokerError as error:
                attempt += 1
                _log.warning("consumer_cannot_join", consumer=self._consumer, error=error)
                await _wait(stop, min(self._delay(attempt), _OUTAGE_S))
                self._port = self._connect()
            else:
                return
            finally:
                joining.cancel()
                await asyncio.wait({joining})

    async def _turn(self) -> None:
        """One round: place, poll, handle, and the small duties. An outage does not end the loop."""
        self.health.beat()
        try:
            if self._unplaced:
                await self._place()
            self._resume_due()
            polled = await self._port.poll(timeout_s=_POLL_S, max_records=self._max_records)
            self._trouble = 0
            if records := self._wanted(polled):
                await self._handle(records)
            await self._do_duties()
        except RetryableError as error:
            self._trouble += 1
            _log.warning("loop_backs_off", consumer=self._consumer, error=error)
            await asyncio.sleep(min(self._delay(self._trouble), _OUTAGE_S))

    # --- handling ---------------------------------------------------------------------------

    def _wanted(self, polled: Mapping[TopicPartition, Sequence[Record]]) -> list[Record]:
        """What was polled, without partitions whose place is not known or that are going away."""
        if self._is_revoking:
            return []
        return [
            record
            for partition, records in polled.items()
            if partition not in self._unplaced
            for record in records
        ]

    async def _handle(self, records: Sequence[Record]) -> None:
        self._idle.clear()
        started = monotonic()
        try:
            await self._settle(records)
        finally:
            self._idle.set()
            metrics.LOOP_BATCH_SECONDS.labels(self._consumer).observe(monotonic() - started)
            metrics.LOOP_BATCH_RECORDS.labels(self._consumer).observe(len(records))

    async def _settle(self, records: Sequence[Record]) -> bool:
        """Handle the records or find the guilty one; whether their partitions may go on.

        A batch that fails is tried again partition by partition, then in halves: order within
        a partition is kept because the second half waits for the first.
        """
        if self._is_revoking:
            return False
        try:
            await self._processor.process(records)
        except TooManyDeadLettersError:
            raise
        except StaleAssignmentError as error:
            self._lose(records, error)
            return False
        except OutageError as error:
            self._hold(records, error)
            return False
        except Exception as error:  # noqa: BLE001  (classified below, never swallowed)
            return await self._divide(records, error)
        self._advance(records)
        return True

    async def _divide(self, records: Sequence[Record], error: Exception) -> bool:
        if len(records) == 1:
            return await self._judge(records[0], error)
        metrics.LOOP_SPLITS_TOTAL.labels(self._consumer).inc()
        parts = _by_partition(records)
        if len(parts) > 1:
            for part in parts:
                await self._settle(part)
            return True
        middle = len(records) // 2
        return await self._settle(records[:middle]) and await self._settle(records[middle:])

    async def _judge(self, record: Record, error: Exception) -> bool:
        """What becomes of the one record that cannot be handled."""
        if isinstance(error, RetryableError):
            self._hold([record], error)
            return False
        partition = TopicPartition(record.topic, record.partition)
        held = self._held.get(partition)
        failure = Failure(error, (held.attempts if held else 0) + 1, self._clock.now())
        try:
            await self._processor.reject(record, failure)
        except TooManyDeadLettersError:
            raise
        except StaleAssignmentError as stale:
            self._lose([record], stale)
            return False
        except Exception as unwritten:  # noqa: BLE001  (not put away: nothing moves, tried again)
            self._hold([record], unwritten)
            return False
        self._advance([record])
        return True

    def _advance(self, records: Sequence[Record]) -> None:
        """Note how far we are: per partition the last record counts, and they come in order."""
        last = {(record.topic, record.partition): record for record in records}
        for (topic, number), record in last.items():
            partition = TopicPartition(topic, number)
            self._reached[partition] = record.offset + 1
            self._handled_ms[topic] = record.timestamp_ms
            self._held.pop(partition, None)
        self.health.progress()

    def _hold(self, records: Sequence[Record], error: Exception) -> None:
        """Pause the partitions of these records, to be read again from the first of them."""
        metrics.LOOP_RETRIES_TOTAL.labels(self._consumer, type(error).__name__).inc()
        for part in _by_partition(records):
            partition = TopicPartition(part[0].topic, part[0].partition)
            held = self._held.get(partition)
            attempts = (held.attempts if held else 0) + 1
            delay = self._delay(attempts)
            if isinstance(error, OutageError):
                delay = min(delay, _OUTAGE_S)  # asking costs little, and all wait for the answer
            self._held[partition] = _Held(attempts, monotonic() + delay, is_paused=True)
            self._port.seek(partition, part[0].offset)
            self._port.pause([partition])
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
        self.health.progress()

    def _lose(self, records: Sequence[Record], error: Exception) -> None:
        """Somebody moved the offsets: drop what was fetched, ask the database again."""
        metrics.LOOP_STALE_BATCHES_TOTAL.labels(self._consumer).inc()
        partitions = {TopicPartition(r.topic, r.partition) for r in records}
        _log.warning("batch_is_stale", consumer=self._consumer, partitions=len(partitions))
        self._hold(records, error)
        self._processor.forget(partitions)
        self._unplaced |= partitions & self._port.assignment()

    # --- positions --------------------------------------------------------------------------

    async def _place(self) -> None:
        """Seek to where the database says; it wins over what Kafka remembers (R10)."""
        if monotonic() < self._place_at:
            return
        partitions = frozenset(self._unplaced)
        try:
            positions = await self._processor.positions(partitions)
        except Exception as error:
            self._place_at = monotonic() + self._delay(1)
            self.health.progress()  # waiting for the database is not being stuck
            raise RetryableError("the stored offsets cannot be read") from error
        for partition in partitions & self._unplaced & self._port.assignment():
            self._port.seek(partition, positions[partition])
            self._reached[partition] = positions[partition]
            if not self._is_waiting(partition):
                self._port.resume([partition])
        self._unplaced -= partitions

    def _resume_due(self) -> None:
        if not self._held:
            return
        now = monotonic()
        for partition, held in self._held.items():
            if held.is_paused and held.resume_at <= now and partition not in self._unplaced:
                held.is_paused = False
                self._port.resume([partition])
        self._count_paused()

    def _is_waiting(self, partition: TopicPartition) -> bool:
        held = self._held.get(partition)
        return held is not None and held.is_paused

    # --- duties -----------------------------------------------------------------------------

    async def _do_duties(self) -> None:
        now = monotonic()
        if now >= self._commit_at:
            self._commit_at = now + _COMMIT_EVERY_S
            await self._tell()
        if now >= self._tend_at:
            self._tend_at = now + _TEND_EVERY_S
            await self._tend()
        if now >= self._lag_at:
            self._lag_at = now + _LAG_EVERY_S
            await self._measure_lag()

    async def _tell(self) -> None:
        """Commit to Kafka what is committed in the database. A refusal is normal and harmless."""
        news = {p: offset for p, offset in self._reached.items() if self._told.get(p) != offset}
        if not news:
            return
        try:
            await self._port.commit(news)
        except CommitDroppedError as error:
            self._commit_at = monotonic() + _COMMIT_AGAIN_S
            metrics.LOOP_COMMIT_FAILURES_TOTAL.labels(self._consumer, str(error)).inc()
            _log.info("kafka_commit_dropped", consumer=self._consumer, error=error)
        else:
            self._told.update(news)

    async def _tend(self) -> None:
        try:
            await self._processor.tend()
        except TooManyDeadLettersError:
            raise
        except Exception as error:  # noqa: BLE001  (tried again in a second; nothing was changed)
            _log.warning("tending_failed", consumer=self._consumer, error=error)

    async def _measure_lag(self) -> None:
        """The lag as of the last fetches; asked of the brokers when nothing has moved for long."""
        assigned = self._port.assignment()
        ends: Mapping[TopicPartition, int | None]
        ends = {partition: self._port.end_offset(partition) for partition in assigned}
        if assigned and self.health.idle_for > timedelta(seconds=15):
            ends = await self._port.end_offsets(assigned)
        lag = dict.fromkeys(self._topics, 0)
        for partition in assigned:
            end, reached = ends.get(partition), self._reached.get(partition)
            behind = max(0, end - reached) if end is not None and reached is not None else 0
            lag[partition.topic] += behind
            metrics.LOOP_LAG_RECORDS.labels(self._consumer, *map(str, partition)).set(behind)
        now_ms = self._clock.now().timestamp() * 1000
        for topic, behind in lag.items():
            age = (now_ms - self._handled_ms.get(topic, now_ms)) / 1000 if behind else 0.0
            metrics.LOOP_LAG_SECONDS.labels(self._consumer, topic).set(max(0.0, age))
        self.health.lag = sum(lag.values())

    def _count_paused(self) -> None:
        paused = sum(held.is_paused for held in self._held.values())
        metrics.LOOP_PAUSED_PARTITIONS.labels(self._consumer).set(paused)

    def _delay(self, attempt: int) -> float:
        return self._retry.delay(attempt, luck=self._luck).total_seconds()

    # --- the group --------------------------------------------------------------------------

    async def on_revoked(self, partitions: Collection[TopicPartition]) -> None:
        """Hand over: no new batch, finish or abandon the one in hand, commit, forget.

        Called in the client's task. Takes no lock of the loop; waits for at most 20 s, well below
        the rebalance time-out. What is still running then is fenced off by the stored offsets.
        """
        self._is_revoking = True
        self.health.is_joined = False
        try:
            await asyncio.wait_for(self._idle.wait(), _DRAIN_S)
        except TimeoutError:
            _log.warning("drain_took_too_long", consumer=self._consumer)
        await self._tell()
        for state in (self._held, self._reached, self._told):
            state.clear()
        self._unplaced.clear()
        self._processor.forget(partitions)

    async def on_assigned(self, partitions: Collection[TopicPartition]) -> None:
        """Note what is ours; the loop itself asks the database where to begin."""
        self._unplaced = set(partitions)
        self._port.pause(partitions)
        self._place_at = 0.0
        self._is_revoking = False
        self.health.assigned = len(partitions)
        self.health.is_joined = True
        self.health.progress()
        metrics.LOOP_REBALANCES_TOTAL.labels(self._consumer).inc()
        metrics.LOOP_ASSIGNED_PARTITIONS.labels(self._consumer).set(len(partitions))
        _log.info("partitions_assigned", consumer=self._consumer, partitions=len(partitions))

    async def _leave(self) -> None:
        """Commit and leave the group, each step bounded and run even if the one before failed."""
        try:
            await asyncio.wait_for(self._tell(), _LAST_COMMIT_S)
        except (RetryableError, TimeoutError) as error:
            _log.info("last_commit_dropped", consumer=self._consumer, error=error)
        finally:
            await self._port.stop()
            self.health.is_joined = False


def _by_partition(records: Iterable[Record]) -> list[list[Record]]:
    parts: dict[tuple[str, int], list[Record]] = {}
    for record in records:
        parts.setdefault((record.topic, record.partition), []).append(record)
    return list(parts.values())


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
