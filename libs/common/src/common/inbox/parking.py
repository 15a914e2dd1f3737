"""Parked keys: an event that fails without a known reason stops its own key, and nothing else.

Later events of the key are appended behind it, so order survives. The key is on trial first: its
first event is tried again with growing pauses (five tries, at most a minute); then it is given up,
which writes a dead letter, and waits for a person. The partition goes on all the while, which is
why nothing is retried inside the loop (ADR 0011).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

from sqlalchemy import text

from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory, is_transient
from common.errors import NotFoundError, PoisonMessageError, RetryableError
from common.inbox.handling import Handling, Item
from common.inbox.put_away import (
    append_parked,
    identified,
    open_parked_key,
    record_of,
    write_dead_letter,
)
from common.kafka.policies import Failure, RetryPolicy
from common.kafka.port import Record
from common.observability import metrics
from common.observability.logging import get_logger

_log = get_logger("parking")
_TRIES_PER_CALL = 20
_COUNT_EVERY_S = 15.0

_HEAD = text(
    'select k.key, e.id, e.topic, e.part, e."offset", e.timestamp_ms, e.raw_key, e.payload,'
    " e.headers, e.dead_letter_id from parked_key k cross join lateral ("
    "  select * from parked_event e where e.consumer = k.consumer and e.key = k.key"
    "  order by id limit 1) as e "
    "where k.consumer = :consumer and k.given_up_at is null and k.next_try_at <= now() "
    "order by k.next_try_at limit 1"
)
_LOCK = text(
    "select attempts, first_failed_at, now() as now from parked_key where consumer = :consumer "
    "and key = :key and given_up_at is null and next_try_at <= now() for update skip locked"
)
_TAKE = text("delete from parked_event where id = :id returning id")
_SEEN = text(
    "insert into inbox (consumer, event_id) values (:consumer, :event_id) "
    "on conflict do nothing returning event_id"
)
_CLOSE = text(
    "delete from parked_key where consumer = :consumer and key = :key and not exists ("
    "select from parked_event where consumer = :consumer and key = :key) returning key"
)
_NEXT = text(
    "update parked_key set attempts = 0, first_failed_at = now(), next_try_at = now(), "
    "given_up_at = null where consumer = :consumer and key = :key returning key"
)
_LATER = text(
    "update parked_key set attempts = :attempts, next_try_at = now() + cast(:delay as interval) "
    "where consumer = :consumer and key = :key"
)
_GIVE_UP = text(
    "update parked_key set attempts = :attempts, given_up_at = now() "
    "where consumer = :consumer and key = :key"
)
_MARK = text("update parked_event set dead_letter_id = :letter where id = :id")
_REPLAYED = text(
    "update dead_letter set state = 'replayed', parked_key = null, "
    "decided_at = coalesce(decided_at, now()) where id = :id"
)
_REPLAYING = text(
    "update dead_letter set state = 'replaying', actor = :actor, decided_at = now() "
    "where consumer = :consumer and parked_key = :key and state = 'open'"
)
_COUNT = text(
    "select (select count(*) from parked_key where consumer = :consumer),"
    " (select count(*) from dead_letter where consumer = :consumer and state = 'open')"
)


@dataclass(frozen=True, slots=True)
class _Head:
    """The first event of a parked key."""

    key: str
    id: int
    record: Record
    dead_letter_id: int | None


class Parking:
    """The parked keys of one consumer."""

    def __init__(
        self, units: UnitOfWorkFactory, *, consumer: str, handling: Handling, retry: RetryPolicy
    ) -> None:
        self._units = units
        self._consumer = consumer
        self._handling = handling
        self._retry = retry
        self._luck = random.Random()  # noqa: S311  (jitter)
        self._count_at = 0.0

    async def put_on_trial(
        self, uow: UnitOfWork, item: Item, record: Record, failure: Failure
    ) -> None:
        """Park the event's key behind this event, to be tried again soon."""
        delay = self._retry.delay(failure.attempts, luck=self._luck)
        await open_parked_key(
            uow.connection,
            item.key,
            consumer=self._consumer,
            attempts=failure.attempts,
            delay=delay,
        )
        await append_parked(uow.connection, [identified(item, record)], consumer=self._consumer)
        _log.warning("key_parked", consumer=self._consumer, event_id=item.id, error=failure.error)

    async def put_behind(self, uow: UnitOfWork, events: Sequence[tuple[Item, Record]]) -> None:
        """Append events of keys that are parked (and share-locked by the caller)."""
        await append_parked(
            uow.connection, [identified(*event) for event in events], consumer=self._consumer
        )
        metrics.PARKED_EVENTS_TOTAL.labels(self._consumer).inc(len(events))

    async def tend(self) -> None:
        """Try the keys whose time has come, a few events per call; any replica may do it."""
        for _ in range(_TRIES_PER_CALL):
            if not await self._try_next():
                break
        if monotonic() >= self._count_at:
            self._count_at = monotonic() + _COUNT_EVERY_S
            async with self._units.read() as connection:
                keys, letters = (
                    await connection.execute(_COUNT, {"consumer": self._consumer})
                ).one()
            metrics.PARKED_KEYS.labels(self._consumer).set(keys)
            metrics.DEAD_LETTERS_OPEN.labels(self._consumer).set(letters)

    async def _try_next(self) -> bool:
        """Try the first event of the key that is due longest; whether there may be more."""
        async with self._units.read() as connection:
            row = (await connection.execute(_HEAD, {"consumer": self._consumer})).one_or_none()
        if row is None:
            return False
        head = _Head(row.key, row.id, record_of(row), row.dead_letter_id)
        try:
            return await self._handle(head)
        except RetryableError:
            raise
        except Exception as error:
            if is_transient(error):
                raise
            return await self._failed(head, error)

    async def _handle(self, head: _Head) -> bool:
        item = self._handling.read(head.record)
        prepared = await self._handling.prepare([item]) if item else {}
        async with self._units.begin(prepared=prepared) as uow:
            if await self._lock(uow, head) is None:
                return False
            if item is not None and await self._is_new(uow, item):
                await self._handling.run(uow, [item])
            if head.dead_letter_id is not None:
                await uow.connection.execute(_REPLAYED, {"id": head.dead_letter_id})
            await self._go_on(uow, head)
        return True

    async def _failed(self, head: _Head, error: Exception) -> bool:
        async with self._units.begin() as uow:
            trial = await self._lock(uow, head)
            if trial is None:
                return False
            attempts, first_failed_at, now = trial
            attempts += 1
            failure = Failure(error, attempts, first_failed_at)
            if isinstance(error, PoisonMessageError):
                await write_dead_letter(uow, head.record, failure, consumer=self._consumer)
                await self._go_on(uow, head)
            elif self._retry.is_exhausted(attempts, first_failed_at=first_failed_at, now=now):
                await self._give_up(uow, head, failure)
            else:
                delay = self._retry.delay(attempts, luck=self._luck)
                await self._on_key(uow, _LATER, head.key, attempts=attempts, delay=delay)
        return True

    async def _give_up(self, uow: UnitOfWork, head: _Head, failure: Failure) -> None:
        letter = await write_dead_letter(
            uow, head.record, failure, consumer=self._consumer, parked_key=head.key
        )
        await uow.connection.execute(_MARK, {"letter": letter, "id": head.id})
        await self._on_key(uow, _GIVE_UP, head.key, attempts=failure.attempts)
        name = type(failure.error).__name__
        metrics.DEAD_LETTERS_TOTAL.labels(self._consumer, head.record.topic, name).inc()
        _log.error("key_given_up", consumer=self._consumer, error=failure.error)

    async def _lock(self, uow: UnitOfWork, head: _Head) -> tuple[int, datetime, datetime] | None:
        """The key's trial, with its row locked; None if somebody else has it or was here."""
        found = await self._on_key(uow, _LOCK, head.key)
        trial = found.one_or_none()
        if trial is None:
            return None
        still = await uow.connection.execute(
            text("select 1 from parked_event where id = :id"), {"id": head.id}
        )
        if still.one_or_none() is None:
            return None
        return trial.attempts, trial.first_failed_at, trial.now

    async def _go_on(self, uow: UnitOfWork, head: _Head) -> None:
        """Take the first event away; the key is free if it was the last, else the next is due."""
        await uow.connection.execute(_TAKE, {"id": head.id})
        closed = await self._on_key(uow, _CLOSE, head.key)
        if closed.one_or_none() is None:
            await self._on_key(uow, _NEXT, head.key)

    async def _is_new(self, uow: UnitOfWork, item: Item) -> bool:
        seen = await uow.connection.execute(
            _SEEN, {"consumer": self._consumer, "event_id": item.id}
        )
        return seen.one_or_none() is not None

    async def _on_key(self, uow: UnitOfWork, statement: Any, key: str, **values: object) -> Any:
        return await uow.connection.execute(
            statement, {"consumer": self._consumer, "key": key, **values}
        )


async def unpark(units: UnitOfWorkFactory, consumer: str, key: str, *, actor: str) -> None:
    """Try a parked key again from its first event, within about a second, in order.

    Any process may ask; the consumer's loop does it. Raises NotFoundError if it is not parked.
    """
    async with units.begin() as uow:
        found = await uow.connection.execute(_NEXT, {"consumer": consumer, "key": key})
        if found.one_or_none() is None:
            raise NotFoundError("this key is not parked", code="key_not_parked")
        await uow.connection.execute(_REPLAYING, {"consumer": consumer, "key": key, "actor": actor})
