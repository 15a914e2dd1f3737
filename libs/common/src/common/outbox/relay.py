"""The relay: publishes outbox rows in order per key and deletes what is acknowledged.

Any number of relays may run. A lane belongs to one of them for the length of a transaction, by an
advisory lock; the rows are read after the lock is held, published while it is held, and deleted
before it is given back (RELIABILITY 9.1, R5). A crash in between publishes them again: consumers
drop duplicates. It never skips a row: a lane that cannot be published stands, and its age shows.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from zlib import crc32

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.db.sessions import OpenTransactions
from common.events.envelope import Message
from common.kafka.policies import RetryPolicy
from common.kafka.port import ProducerPort, PublishError
from common.kafka.producer import BatchProducer
from common.observability import metrics
from common.observability.logging import get_logger
from common.outbox.table import LANES
from common.settings import KafkaSettings

_log = get_logger("relay")
_LONGEST_PAUSE_S = 3.0

# First the locks, then, in a statement with a newer snapshot, the rows: rows that another relay
# has just deleted must not be seen again. Materialized, so that the limit stops the locking.
_LOCK_LANES = text(
    "with busy as materialized ("
    "  select lane from generate_series(0, :lanes - 1) as l (lane)"
    "  where exists (select from outbox where outbox.lane = l.lane)"
    "), turned as materialized ("
    "  select lane from busy order by (lane + cast(:turn as int)) % :lanes"
    ") select lane from turned where pg_try_advisory_xact_lock(:namespace, lane) limit :most"
)
_READ = text(
    "select o.id, o.topic, o.key, o.event_id, o.type, o.headers::text, o.payload "
    "from unnest(cast(:lanes as smallint[])) as l (lane) cross join lateral ("
    "  select * from outbox where outbox.lane = l.lane order by id limit :per_lane"
    ") as o"
)
_DELETE = text("delete from outbox where id = any(cast(:ids as bigint[]))")
_LOOK = text(
    "select coalesce(extract(epoch from clock_timestamp() - min(first.created_at)), 0),"
    " (select count(*) from (select from outbox limit 100000) as counted) "
    "from generate_series(0, :lanes - 1) as l (lane) cross join lateral ("
    "  select created_at from outbox where outbox.lane = l.lane order by id limit 1"
    ") as first"
)


@dataclass(frozen=True, slots=True)
class RelayPolicy:
    """How much at a time and how often. Times in seconds."""

    rows: int = 1000
    lanes: int = 16
    poll_s: float = 0.2
    look_s: float = 5.0


class Relay:
    """Publishes the outbox of one service's schema."""

    def __init__(
        self,
        engine: AsyncEngine,
        producer: ProducerPort,
        *,
        service: str,
        wake: asyncio.Event,
        policy: RelayPolicy = RelayPolicy(),
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008
    ) -> None:
        self._engine = engine
        self._producer = producer
        self._namespace = lock_namespace(service)
        self._wake = wake
        self._policy = policy
        self._retry = retry
        self._luck = random.Random()  # noqa: S311  (jitter)
        self._turn = self._luck.randrange(LANES)
        self._look_at = 0.0
        self._transactions = OpenTransactions()
        self._has_more = False
        """Whether the last transaction left rows; else looking again would be for nothing."""

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop` is set, then once more what is there; sits out every outage."""
        failures = 0
        try:
            while not stop.is_set():
                self._wake.clear()
                try:
                    published = await self.publish_once()
                    await self._look()
                    failures = 0
                except Exception as error:  # noqa: BLE001  (nothing was lost: rows stay)
                    # Where others got through, only a topic or a partition is in trouble.
                    failures = 1 if getattr(error, "acknowledged", None) else failures + 1
                    _log.warning("relay_backs_off", attempts=failures, error=error)
                    delay = self._retry.delay(failures, luck=self._luck).total_seconds()
                    await _wait_for(stop, min(delay, _LONGEST_PAUSE_S))
                    continue
                if not published or not self._has_more:
                    await _wait_for_any(self._wake, stop, self._policy.poll_s)
            await self._drain()
        finally:
            await self._producer.stop()

    async def publish_once(self) -> int:
        """One transaction's worth; how many rows were acknowledged, 0 when nothing was free.

        Raises PublishError (what was acknowledged is deleted all the same) and database errors.
        """
        async with self._engine.begin() as connection:
            lanes = await self._lock_lanes(connection)
            if not lanes:
                return 0
            per_lane = max(1, self._policy.rows // len(lanes))
            rows = (await connection.execute(_READ, {"lanes": lanes, "per_lane": per_lane})).all()
            ids = [row[0] for row in rows]
            self._has_more = len(lanes) == self._policy.lanes or len(rows) >= per_lane
            failure: PublishError | None = None
            try:
                await self._publish([_message(row) for row in rows])
            except PublishError as error:
                failure = error
                ids = [ids[place] for place in sorted(error.acknowledged)]
            if ids:
                await connection.execute(_DELETE, {"ids": ids})
        if failure:
            metrics.OUTBOX_PUBLISH_ERRORS_TOTAL.labels(failure.reason).inc()
            raise failure
        return len(ids)

    async def _lock_lanes(self, connection: AsyncConnection) -> list[int]:
        self._turn = (self._turn + self._policy.lanes) % LANES
        found = await connection.execute(
            _LOCK_LANES,
            {
                "lanes": LANES,
                "turn": self._turn,
                "namespace": self._namespace,
                "most": self._policy.lanes,
            },
        )
        return list(found.scalars())

    async def _publish(self, messages: Sequence[Message]) -> None:
        started = monotonic()
        await self._producer.publish(messages)
        metrics.OUTBOX_PUBLISH_SECONDS.observe(monotonic() - started)
        topics: dict[str, int] = {}
        for message in messages:
            topics[message.topic] = topics.get(message.topic, 0) + 1
        for topic, count in topics.items():
            metrics.OUTBOX_PUBLISHED_TOTAL.labels(topic).inc(count)

    async def _look(self) -> None:
        """Measure how old and how many; depth alone would hide a lane that stands."""
        if monotonic() < self._look_at:
            return
        self._look_at = monotonic() + self._policy.look_s
        async with self._engine.connect() as connection:
            age, rows = (await connection.execute(_LOOK, {"lanes": LANES})).one()
            oldest = await self._transactions.oldest_seconds(connection)
        metrics.OUTBOX_OLDEST_AGE_SECONDS.set(float(age))
        metrics.OUTBOX_PENDING_ROWS.set(rows)
        metrics.DB_OLDEST_TRANSACTION_SECONDS.set(oldest)

    async def _drain(self) -> None:
        """What the last units of work left behind: at most 3 s, the rest is for the next relay."""
        try:
            async with asyncio.timeout(3.0):
                while await self.publish_once():
                    pass
        except Exception as error:  # noqa: BLE001  (rows stay)
            _log.info("relay_drain_ended_early", error=error)


def build_relay(
    kafka: KafkaSettings, engine: AsyncEngine, *, service: str, wake: asyncio.Event
) -> Relay:
    """The relay of a service with its producer, for bootstrap. `run(stop)` is its loop."""
    producer = BatchProducer(kafka, client_id=f"ombud-{service}-relay")
    return Relay(engine, producer, service=service, wake=wake)


def lock_namespace(service: str) -> int:
    """The first half of the advisory locks' key: services share one database (signed 32 bit)."""
    value = crc32(f"ombud.outbox.{service}".encode())
    return value - (1 << 32) if value >= 1 << 31 else value


def _message(row: Sequence[object]) -> Message:
    _, topic, key, event_id, type_, headers, payload = row
    return Message(
        topic=topic,  # type: ignore[arg-type]
        key=bytes(key).decode("utf-8", "surrogateescape"),  # type: ignore[call-overload]
        event_id=event_id,  # type: ignore[arg-type]
        type=type_,  # type: ignore[arg-type]
        payload=bytes(payload),  # type: ignore[call-overload]
        headers=orjson.loads(headers),  # type: ignore[arg-type]
    )


async def _wait_for(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return


async def _wait_for_any(wake: asyncio.Event, stop: asyncio.Event, seconds: float) -> None:
    """Until one is set or the time is over."""
    tasks = [asyncio.ensure_future(wake.wait()), asyncio.ensure_future(stop.wait())]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
