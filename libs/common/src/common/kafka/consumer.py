"""The one loop everybody must know: poll, hand over a micro-batch, then tell Kafka (HOUSE 3).

It decides *when* records are handed over and what follows from an error's class. It knows no
inbox and no database: the processor it is given handles a batch and stores how far it came, in one
transaction; the offsets told to Kafka afterwards only serve lag monitors. Order within a partition
is never broken: a partition that cannot go on waits, paused, while the others go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from time import monotonic

from common.clock import Clock, SystemClock
from common.errors import RetryableError, StaleAssignmentError, TooManyDeadLettersError
from common.kafka.health import LoopHealth
from common.kafka.partitions import OUTAGE_PAUSE_S, Partitions, by_partition
from common.kafka.policies import Failure, OutageError, RetryPolicy
from common.kafka.port import (
    BrokerError,
    CommitDroppedError,
    ConsumerPort,
    Record,
    TopicPartition,
)
from common.kafka.processor import BatchProcessor
from common.observability import metrics
from common.observability.logging import get_logger

_log = get_logger("loop")

_POLL_S = 0.1
_COMMIT_EVERY_S = 0.5
_COMMIT_AGAIN_S = 5.0
_TEND_EVERY_S = 1.0
_LAG_EVERY_S = 5.0
_DRAIN_S = 20.0
_LAST_COMMIT_S = 2.0


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
        self._clock = clock
        self._port: ConsumerPort = connect()
        self._partitions = Partitions(self._port, consumer=consumer, retry=retry)
        self.health = LoopHealth(consumer=consumer)
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
                await _wait(stop, min(self._partitions.delay(attempt), OUTAGE_PAUSE_S))
                self._port = self._partitions.port = self._connect()
            else:
                return
            finally:
                joining.cancel()
                await asyncio.wait({joining})

    async def _turn(self) -> None:
        """One round: place, poll, handle, and the small duties. An outage does not end the loop."""
        self.health.beat()
        try:
            if self._partitions.unplaced:
                await self._place()
            self._partitions.resume_due()
            polled = await self._port.poll(timeout_s=_POLL_S, max_records=self._max_records)
            self._trouble = 0
            if not self._is_revoking and (records := self._partitions.wanted(polled)):
                await self._handle(records)
            await self._do_duties()
        except RetryableError as error:
            self._trouble += 1
            _log.warning("loop_backs_off", consumer=self._consumer, error=error)
            await asyncio.sleep(min(self._partitions.delay(self._trouble), OUTAGE_PAUSE_S))

    # --- handling ---------------------------------------------------------------------------

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
        parts = by_partition(records)
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
        attempts = self._partitions.attempts(partition) + 1
        failure = Failure(error, attempts, self._clock.now())
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
        self._partitions.advance(records)
        self.health.progress()

    def _hold(self, records: Sequence[Record], error: Exception) -> None:
        self._partitions.hold(records, error)
        self.health.progress()

    def _lose(self, records: Sequence[Record], error: Exception) -> None:
        """Somebody moved the offsets: drop what was fetched, ask the database again."""
        metrics.LOOP_STALE_BATCHES_TOTAL.labels(self._consumer).inc()
        partitions = {TopicPartition(r.topic, r.partition) for r in records}
        _log.warning("batch_is_stale", consumer=self._consumer, partitions=len(partitions))
        self._hold(records, error)
        self._processor.forget(partitions)
        self._partitions.lose(partitions)

    async def _place(self) -> None:
        """Seek to where the database says; it wins over what Kafka remembers (R10)."""
        if monotonic() < self._place_at:
            return
        try:
            positions = await self._processor.positions(frozenset(self._partitions.unplaced))
        except Exception as error:
            self._place_at = monotonic() + self._partitions.delay(1)
            self.health.progress()  # waiting for the database is not being stuck
            raise RetryableError("the stored offsets cannot be read") from error
        self._partitions.place(positions)

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
        reached = self._partitions.reached
        news = {p: offset for p, offset in reached.items() if self._told.get(p) != offset}
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
        self.health.lag = self._partitions.measure_lag(ends, now=self._clock.now())

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
        self._told.clear()
        self._partitions.clear()
        self._processor.forget(partitions)

    async def on_assigned(self, partitions: Collection[TopicPartition]) -> None:
        """Note what is ours; the loop itself asks the database where to begin."""
        self._partitions.assign(partitions)
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


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
