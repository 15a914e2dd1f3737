"""The processor behind the loop: one transaction per batch in which every event counts once.

One statement moves the offsets (only if nobody else has, which fences zombies: RELIABILITY 9.2),
finds parked keys and claims the event ids; then the handlers, then the outbox, then the commit.
What could not be handled is put away by `parking` and `dead_letters` in the same way: together
with the offset or not at all. Errors are raised by the name of what the loop must do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.clock import Clock, SystemClock
from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory, is_transient
from common.errors import PoisonMessageError, RetryableError, StaleAssignmentError
from common.inbox.handling import Handling, Item
from common.inbox.parking import Parking
from common.inbox.put_away import write_dead_letter
from common.inbox.table import prune_inbox
from common.kafka.policies import (
    DeadLetterBreaker,
    DeadLetterPolicy,
    Failure,
    OutageError,
    RetryPolicy,
)
from common.kafka.port import Record, TopicPartition
from common.observability import metrics

_FIRST_OFFSETS = text(
    "insert into consumer_offset (grp, topic, part, next_offset) "
    "select :grp, topic, part, 0 from unnest(cast(:topics as text[]), cast(:parts as int[])) "
    "as v (topic, part) on conflict do nothing"
)
_OFFSETS = text(
    "select o.topic, o.part, o.next_offset from consumer_offset o "
    "join unnest(cast(:topics as text[]), cast(:parts as int[])) as v (topic, part) "
    "using (topic, part) where o.grp = :grp"
)
_MOVE = (
    "moved as ("
    " update consumer_offset o set next_offset = v.next_offset"
    " from unnest(cast(:topics as text[]), cast(:parts as int[]), cast(:as_read as bigint[]),"
    "  cast(:next as bigint[])) as v (topic, part, as_read, next_offset)"
    " where o.grp = :grp and o.topic = v.topic and o.part = v.part"
    "  and o.next_offset = v.as_read returning 1)"
)
_MOVE_ONLY = text(f"with {_MOVE} select count(*) from moved")  # noqa: S608  (no input)
_CLAIM = text(
    f"with {_MOVE}, parked as materialized ("  # noqa: S608  (no input)
    " select key from parked_key where consumer = :consumer and key = any(cast(:keys as text[]))"
    " for share"
    "), fresh as ("
    " insert into inbox (consumer, event_id) select :consumer, e.id"
    " from unnest(cast(:ids as uuid[]), cast(:keys as text[])) as e (id, key)"
    " where not exists (select from parked where parked.key = e.key)"
    " on conflict do nothing returning event_id"
    ") select (select count(*) from moved), (select array_agg(key) from parked),"
    " (select array_agg(event_id) from fresh)"
)


INBOX_KEPT = timedelta(days=45)
"""Longer than any topic and any dead letter is kept (30 days): nothing older can come again."""
_PRUNE_EVERY_S = 3600.0
_ONE_OF_TWO = ("40001", "40P01", "55P03")
"""Serialization failure, deadlock, lock timeout."""
_TOO_SLOW = "57014"
"""statement_timeout: may be this batch's own fault, so it is not taken for an outage."""


@dataclass(slots=True)
class _Work:
    """A batch after reading: what to handle, what is dead, how far the partitions get."""

    items: dict[UUID, tuple[Item, Record]] = field(default_factory=dict)
    dead: list[tuple[Record, Failure]] = field(default_factory=list)
    reached: dict[TopicPartition, int] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    handled: dict[TopicPartition, int] = field(default_factory=dict)

    def count(self, topic: str, outcome: str) -> None:
        of_topic = self.counts.setdefault(topic, {})
        of_topic[outcome] = of_topic.get(outcome, 0) + 1


class InboxProcessor:
    """BatchProcessor for one consumer (a service) on one database schema."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        *,
        consumer: str,
        group: str,
        handling: Handling,
        dead_letter_policy: DeadLetterPolicy = DeadLetterPolicy(),  # noqa: B008  (a value)
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008
        clock: Clock = SystemClock(),  # noqa: B008
    ) -> None:
        self._units = units
        self._consumer = consumer
        self._group = group
        self._handling = handling
        self._breaker = DeadLetterBreaker(dead_letter_policy)
        self._parking = Parking(units, consumer=consumer, handling=handling, retry=retry)
        self._clock = clock
        self._as_read: dict[TopicPartition, int] = {}
        self._prune_at = monotonic() + _PRUNE_EVERY_S

    async def positions(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        """See BatchProcessor. A partition never read before begins at 0: the database decides."""
        names = {
            "grp": self._group,
            "topics": [partition.topic for partition in partitions],
            "parts": [partition.partition for partition in partitions],
        }
        async with _named_errors(), self._units.begin() as uow:
            await uow.connection.execute(_FIRST_OFFSETS, names)
            rows = (await uow.connection.execute(_OFFSETS, names)).all()
        found = {TopicPartition(topic, part): offset for topic, part, offset in rows}
        self._as_read.update(found)
        return found

    def forget(self, partitions: Collection[TopicPartition]) -> None:
        for partition in partitions:
            self._as_read.pop(partition, None)

    async def process(self, records: Sequence[Record]) -> None:
        """See BatchProcessor."""
        work = self._read(records)
        if work.dead:
            self._breaker.admit(_per_partition(record for record, _ in work.dead))
        as_read = self._claimed(work.reached)
        prepared = await self._handling.prepare([item for item, _ in work.items.values()])
        async with _named_errors(), self._units.begin(prepared=prepared) as uow:
            await self._handle(uow, work, as_read)
        self._committed(work.reached)
        self._breaker.record(work.handled)
        if work.dead:
            self._breaker.record_dead(_per_partition(record for record, _ in work.dead))
            for record, failure in work.dead:
                _count_dead(self._consumer, record, failure)
        self._count(work)

    async def reject(self, record: Record, failure: Failure) -> None:
        """Put one record away: a poisoned one is dead; any other error parks its key on trial."""
        partition = TopicPartition(record.topic, record.partition)
        reached = {partition: record.offset + 1}
        self._breaker.admit({partition: 1})
        as_read = self._claimed(reached)
        item = self._try_read(record)
        is_dead = item is None or isinstance(failure.error, PoisonMessageError)
        async with _named_errors(), self._units.begin() as uow:
            await self._move(uow, reached, as_read)
            if item is None or is_dead:
                await write_dead_letter(uow, record, failure, consumer=self._consumer)
            else:
                await self._parking.put_on_trial(uow, item, record, failure)
        self._committed(reached)
        self._breaker.record_dead({partition: 1})
        if is_dead:
            _count_dead(self._consumer, record, failure)
        outcome = "dead" if is_dead else "parked"
        metrics.LOOP_RECORDS_TOTAL.labels(self._consumer, record.topic, outcome).inc()

    async def tend(self) -> None:
        """Try parked keys whose time has come, count what waits, forget what is very old."""
        async with _named_errors():
            await self._parking.tend()
        if monotonic() >= self._prune_at:
            async with _named_errors(), self._units.begin() as uow:
                pruned = await prune_inbox(uow.connection, INBOX_KEPT)
            self._prune_at = monotonic() + (0 if pruned else _PRUNE_EVERY_S)

    # --- inside the transaction -------------------------------------------------------------

    async def _handle(
        self, uow: UnitOfWork, work: _Work, as_read: Mapping[TopicPartition, int]
    ) -> None:
        if not work.items:
            await self._move(uow, work.reached, as_read)
        else:
            fresh, behind = await self._claim(uow, work, as_read)
            if behind:
                await self._parking.put_behind(uow, behind)
            if fresh:
                await self._handling.run(uow, fresh)
        for record, failure in work.dead:
            await write_dead_letter(uow, record, failure, consumer=self._consumer)

    async def _claim(
        self, uow: UnitOfWork, work: _Work, as_read: Mapping[TopicPartition, int]
    ) -> tuple[list[Item], list[tuple[Item, Record]]]:
        """Move the offsets and claim the ids; (new events, events of parked keys), in order."""
        found = await uow.connection.execute(
            _CLAIM,
            {
                **self._offsets(work.reached, as_read),
                "consumer": self._consumer,
                "ids": list(work.items),
                "keys": [item.key for item, _ in work.items.values()],
            },
        )
        moved, parked_keys, new_ids = found.one()
        _check_moved(moved, work.reached)
        parked = frozenset(parked_keys or ())
        new = frozenset(new_ids or ())
        fresh: list[Item] = []
        behind: list[tuple[Item, Record]] = []
        for event_id, (item, record) in work.items.items():
            if event_id in new:
                fresh.append(item)
                work.count(record.topic, "handled")
            elif item.key in parked:
                behind.append((item, record))
                work.count(record.topic, "parked")
            else:
                work.count(record.topic, "duplicate")
        return fresh, behind

    async def _move(
        self,
        uow: UnitOfWork,
        reached: Mapping[TopicPartition, int],
        as_read: Mapping[TopicPartition, int],
    ) -> None:
        found = await uow.connection.execute(_MOVE_ONLY, self._offsets(reached, as_read))
        _check_moved(found.scalar_one(), reached)

    def _offsets(
        self, reached: Mapping[TopicPartition, int], as_read: Mapping[TopicPartition, int]
    ) -> dict[str, Any]:
        partitions = sorted(reached)
        return {
            "grp": self._group,
            "topics": [partition.topic for partition in partitions],
            "parts": [partition.partition for partition in partitions],
            "as_read": [as_read[partition] for partition in partitions],
            "next": [reached[partition] for partition in partitions],
        }

    # --- outside of it ----------------------------------------------------------------------

    def _read(self, records: Sequence[Record]) -> _Work:
        work = _Work()
        now: datetime | None = None
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            work.reached[partition] = record.offset + 1
            try:
                item = self._handling.read(record)
            except PoisonMessageError as error:
                now = now or self._clock.now()
                work.dead.append((record, Failure(error, 1, now)))
                work.count(record.topic, "dead")
                continue
            work.handled[partition] = work.handled.get(partition, 0) + 1
            if item is None:
                work.count(record.topic, "skipped")
            elif item.id in work.items:
                work.count(record.topic, "duplicate")
            else:
                work.items[item.id] = (item, record)
        return work

    def _try_read(self, record: Record) -> Item | None:
        try:
            return self._handling.read(record)
        except PoisonMessageError:
            return None

    def _claimed(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        try:
            return {partition: self._as_read[partition] for partition in partitions}
        except KeyError:
            raise StaleAssignmentError("a partition was handed over meanwhile") from None

    def _committed(self, reached: Mapping[TopicPartition, int]) -> None:
        for partition, offset in reached.items():
            if partition in self._as_read:
                self._as_read[partition] = offset

    def _count(self, work: _Work) -> None:
        for topic, outcomes in work.counts.items():
            for outcome, count in outcomes.items():
                metrics.LOOP_RECORDS_TOTAL.labels(self._consumer, topic, outcome).inc(count)


def _check_moved(moved: int, reached: Collection[TopicPartition]) -> None:
    if moved != len(reached):
        raise StaleAssignmentError("another consumer has moved the offsets")


def _per_partition(records: Any) -> dict[TopicPartition, int]:
    counts: dict[TopicPartition, int] = {}
    for record in records:
        partition = TopicPartition(record.topic, record.partition)
        counts[partition] = counts.get(partition, 0) + 1
    return counts


def _count_dead(consumer: str, record: Record, failure: Failure) -> None:
    name = type(failure.error).__name__
    metrics.DEAD_LETTERS_TOTAL.labels(consumer, record.topic, name).inc()


@asynccontextmanager
async def _named_errors() -> AsyncIterator[None]:
    """Database trouble by the name of what the loop must do about it."""
    try:
        yield
    except RetryableError:
        raise
    except Exception as error:
        state = getattr(getattr(error, "orig", None), "sqlstate", None)
        if not is_transient(error) or state == _TOO_SLOW:
            raise
        if state in _ONE_OF_TWO:
            # One of two rows or batches is in the way: a smaller batch may get through.
            raise RetryableError("the database refused one of two") from error
        raise OutageError("the database does not answer") from error
