"""Fixtures for the loop, the inbox and the outbox: a bench with a database, a topic and a group."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg
import pytest
from sqlalchemy import text

import common.inbox.table
import common.outbox.table
from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.events.codec import encode
from common.events.envelope import Event, Message, new_event
from common.events.router import MentionParked, OwnPostRecorded
from common.ids import new_id
from common.inbox.guard import InboxProcessor
from common.inbox.handling import Handling, TypedHandling
from common.kafka.aiokafka_client import AiokafkaConsumer
from common.kafka.consumer import ConsumerLoop
from common.kafka.policies import RetryPolicy
from common.kafka.producer import PUBLISH_LIMIT_S, BatchProducer
from common.outbox.relay import Relay, RelayPolicy
from common.outbox.writer import write_outbox
from common.settings import KafkaSettings
from common.testing.kafka import Outgoing, create_topics, produce, random_topic
from common.testing.postgres import create_database, drop_database, ensure_template
from common.testing.stack import Stack

CONSUMER = "audit"
QUICK = RetryPolicy(
    first=timedelta(milliseconds=50), longest=timedelta(milliseconds=200), attempts=3
)
_EFFECT = (
    "create table effect (at bigint generated always as identity, event_id uuid, key text,"
    " number int, handler text)"
)


class _Statements:
    def __init__(self) -> None:
        self.all: list[str] = []

    def execute(self, sqltext: str) -> None:
        self.all.append(sqltext)


async def _migrate(dsn: str) -> None:
    statements = _Statements()
    common.inbox.table.create(statements)
    common.outbox.table.create(statements)
    connection = await asyncpg.connect(dsn)
    for statement in (*statements.all, _EFFECT):
        await connection.execute(statement)
    await connection.close()


class Running:
    """A loop or relay at work."""

    def __init__(self, what: ConsumerLoop | Relay) -> None:
        self.what = what
        self.stop = asyncio.Event()
        self.task = asyncio.create_task(what.run(self.stop))

    async def end(self) -> None:
        """Stop in order; raises what the loop raised."""
        self.stop.set()
        await self.task

    async def kill(self) -> None:
        """As when the process dies, as far as that goes inside one."""
        self.task.cancel()
        await asyncio.wait({self.task})


class LoopBench:
    """Everything one consumer needs, on a database, a topic and a group of its own."""

    def __init__(self, dsn: str, bootstrap: str, topic: str, ends: AsyncExitStack) -> None:
        self.dsn = dsn
        self.bootstrap = bootstrap
        self.topic = topic
        self.group = f"group.{topic}"
        # Killed and frozen consumers are missed sooner than in production.
        self.kafka = KafkaSettings(kafka_bootstrap=bootstrap, kafka_session_timeout_s=10)
        self.wake = asyncio.Event()
        self._ends = ends
        self.engine = create_engine(dsn, pool_size=10, application_name="bench")
        self.units = self.new_units()
        self.started: list[Running] = []

    def new_units(self) -> UnitOfWorkFactory:
        """Another factory, as another process would have."""
        return UnitOfWorkFactory(self.engine, write_outbox, self.wake.set)

    # --- what is consumed -------------------------------------------------------------------

    def event(self, key: str, number: int, *, other: str = "") -> Event[Any]:
        """An event of conversation `key` that carries a number; `other` makes another type."""
        conversation = uuid5(NAMESPACE_URL, key)
        subject = new_id()
        if other:
            data: Any = OwnPostRecorded(
                mention_id=subject, conversation_id=conversation, reason=str(number)
            )
        else:
            data = MentionParked(
                mention_id=subject,
                conversation_id=conversation,
                reason=key,
                rule="bench",
                configuration_version=number,
            )
        return new_event(data, id=new_id(), subject=subject, time=datetime.now(UTC))

    def record(self, event: Event[Any], *, partition: int | None = None) -> Outgoing:
        message = encode(event)
        headers = {name: value.encode() for name, value in message.headers.items()}
        return Outgoing(message.payload, message.key.encode(), headers, partition)

    def message(self, event: Event[Any]) -> Message:
        """The event as a message for the bench's own topic."""
        message = encode(event)
        return Message(
            topic=self.topic,
            key=message.key,
            event_id=message.event_id,
            type=message.type,
            payload=message.payload,
            headers=message.headers,
        )

    async def produce(self, *records: Outgoing, topic: str = "") -> None:
        await produce(self.bootstrap, topic or self.topic, records)

    @staticmethod
    async def note(uow: UnitOfWork, events: Sequence[Event[Any]]) -> None:
        """The plainest handler: one row per event, and nothing that would hide a double."""
        await _note(uow, events)

    # --- who consumes -----------------------------------------------------------------------

    def processor(
        self,
        handlers: Mapping[Any, Any] | None = None,
        *,
        handling: Handling | None = None,
        units: UnitOfWorkFactory | None = None,
        **options: Any,
    ) -> InboxProcessor:
        table = handlers or {MentionParked: _note, OwnPostRecorded: _note}
        return InboxProcessor(
            units or self.units,
            consumer=CONSUMER,
            group=self.group,
            handling=handling or TypedHandling(table, service=CONSUMER),
            retry=QUICK,
            **options,
        )

    def loop(self, handlers: Mapping[Any, Any] | None = None, **options: Any) -> ConsumerLoop:
        max_records = options.pop("max_records", 100)
        topics = options.pop("topics", [self.topic])
        processor = options.pop("process", None) or self.processor(handlers, **options)
        return ConsumerLoop(
            lambda: AiokafkaConsumer(self.kafka, group=self.group, client_id="bench"),
            consumer=CONSUMER,
            topics=topics,
            process=processor,
            max_records=max_records,
            retry=QUICK,
        )

    def start(self, handlers: Mapping[Any, Any] | None = None, **options: Any) -> Running:
        """A consumer loop at work until the test ends."""
        return self._run(self.loop(handlers, **options))

    def start_relay(self, *, limit_s: float = PUBLISH_LIMIT_S, **policy: Any) -> Running:
        """A relay at work until the test ends."""
        producer = BatchProducer(self.kafka, client_id="bench-relay", limit_s=limit_s)
        return self._run(
            Relay(
                self.engine,
                producer,
                service=self.topic,
                wake=self.wake,
                policy=RelayPolicy(**policy),
                retry=QUICK,
            )
        )

    def _run(self, what: ConsumerLoop | Relay) -> Running:
        running = Running(what)
        self.started.append(running)
        self._ends.push_async_callback(self._end, running)
        return running

    @staticmethod
    async def _end(running: Running) -> None:
        running.stop.set()
        await asyncio.wait({running.task}, timeout=15)
        if not running.task.cancelled():
            running.task.exception()  # whoever expects one looks at it in the test

    # --- what came of it --------------------------------------------------------------------

    async def effects(self) -> list[tuple[str, int]]:
        """(key, number) of every effect, in the order in which they took place."""
        rows = await self.rows("select key, number from effect order by at")
        return [(row[0], row[1]) for row in rows]

    async def count(self, table: str, where: str = "true") -> int:
        found = await self.rows(f"select count(*) from {table} where {where}")
        return int(found[0][0])

    async def rows(self, query: str, **values: Any) -> Sequence[Any]:
        async with self.engine.connect() as connection:
            return (await connection.execute(text(query), values)).all()

    async def do(self, statement: str, **values: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(statement), values)


async def _note(uow: UnitOfWork, events: Sequence[Event[Any]]) -> None:
    await uow.connection.execute(
        text(
            "insert into effect (event_id, key, number, handler) "
            "select e, k, n, h from unnest(cast(:e as uuid[]), cast(:k as text[]),"
            " cast(:n as int[]), cast(:h as text[])) with ordinality"
            " as v (e, k, n, h, place) order by place"
        ),
        {
            "e": [event.id for event in events],
            "k": [_key_of(event) for event in events],
            "n": [_number_of(event) for event in events],
            "h": [type(event.data).__name__ for event in events],
        },
    )


def _key_of(event: Event[Any]) -> str:
    return event.data.reason if isinstance(event.data, MentionParked) else event.key


def _number_of(event: Event[Any]) -> int:
    if isinstance(event.data, MentionParked):
        return event.data.configuration_version
    return int(event.data.reason)


def conversation_of(key: str) -> UUID:
    return uuid5(NAMESPACE_URL, key)


@asynccontextmanager
async def _bench(admin_dsn: str, bootstrap: str) -> AsyncIterator[LoopBench]:
    topic = random_topic("loop")
    statements = _Statements()
    common.inbox.table.create(statements)
    common.outbox.table.create(statements)
    name = "loop_" + sha256("".join((*statements.all, _EFFECT)).encode()).hexdigest()[:12]
    template = await ensure_template(admin_dsn, name, _migrate)
    dsn = await create_database(admin_dsn, template=template)
    await create_topics(bootstrap, topic, f"{topic}.{CONSUMER}.dlq")
    async with AsyncExitStack() as ends:
        bench = LoopBench(dsn, bootstrap, topic, ends)
        ends.push_async_callback(drop_database, dsn)
        ends.push_async_callback(bench.engine.dispose)
        yield bench


@pytest.fixture
async def bench(postgres_admin_dsn: str, kafka_bootstrap: str) -> AsyncIterator[LoopBench]:
    """See LoopBench; its topic has four partitions."""
    async with _bench(postgres_admin_dsn, kafka_bootstrap) as bench:
        yield bench


@pytest.fixture
async def own_bench(own_stack: Stack) -> AsyncIterator[LoopBench]:
    """A bench on servers that the test may stop, kill and pause; they run when it begins."""
    own_stack.postgres.start()
    own_stack.kafka.start()
    async with _bench(own_stack.postgres_dsn, own_stack.kafka_bootstrap) as bench:
        yield bench
        own_stack.postgres.start()
        own_stack.kafka.start()
