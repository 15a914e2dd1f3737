"""The unit of work: one transaction, its time, and the events that leave with its commit.

Events are collected and written to the outbox as the transaction's last statement, so that state
and events are committed together or not at all. It knows nothing of Kafka, and it neither retries
nor translates errors: `is_transient` tells the loop and the web which ones may go away.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any
from uuid import UUID
from weakref import WeakSet

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.events.codec import encode
from common.events.envelope import Event, Message
from common.observability import metrics

WriteOutbox = Callable[[AsyncConnection, Sequence[Message]], Awaitable[None]]
_NOTHING_PREPARED: Mapping[UUID, Any] = {}
_NO_OFFSET = timedelta(0)

_TRANSIENT_CLASSES = ("08", "53")
"""Connection exceptions and insufficient resources (PostgreSQL manual, appendix A)."""
_TRANSIENT_STATES = frozenset(
    {
        "25006",  # read-only transaction: we still talk to a demoted primary
        "25P03",  # idle in transaction for too long
        "25P04",  # transaction_timeout
        "40001",  # serialization failure
        "40P01",  # deadlock
        "55P03",  # lock_timeout
        "57014",  # statement_timeout
        "57P01",  # admin shutdown
        "57P02",  # crash shutdown
        "57P03",  # starting up
        "57P05",  # idle session
    }
)


class UnitOfWork:
    """One open transaction. `prepared` holds what was computed before it began, by event id."""

    def __init__(
        self, connection: AsyncConnection, *, now: datetime, prepared: Mapping[UUID, Any]
    ) -> None:
        self.connection = connection
        self.now = now
        self.prepared = prepared
        self._messages: list[Message] = []

    def publish(self, *events: Event[Any]) -> None:
        """Let these events leave with the commit, in the order of the calls."""
        self._messages.extend(encode(event) for event in events)

    def publish_messages(self, *messages: Message) -> None:
        """The same for messages that are encoded already, as dead letters are."""
        self._messages.extend(messages)

    @property
    def messages(self) -> Sequence[Message]:
        """What will leave with the commit, so far."""
        return tuple(self._messages)


class UnitOfWorkFactory:
    """Begins units of work on one engine.

    `write_outbox` stores messages in the open transaction; `on_commit` is called after a commit
    that published something (it wakes the relay). `offset` is added to the database's time and
    is zero outside scenario stacks.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        write_outbox: WriteOutbox,
        on_commit: Callable[[], None] = lambda: None,
        offset: timedelta = _NO_OFFSET,
    ) -> None:
        self._engine = engine
        self._write_outbox = write_outbox
        self._on_commit = on_commit
        self.offset = offset
        self._busy: WeakSet[asyncio.Task[Any]] = WeakSet()

    @asynccontextmanager
    async def begin(
        self, *, prepared: Mapping[UUID, Any] = _NOTHING_PREPARED
    ) -> AsyncIterator[UnitOfWork]:
        """A transaction that commits at the end and rolls back on any exception or cancellation.

        An error or cancellation during the commit itself leaves its outcome unknown: whoever
        repeats must be idempotent. Raises RuntimeError when this task already has a unit open:
        a second connection would wait for the locks of the first, for ever.
        """
        with _one_per_task(self._busy), _measured():
            async with self._engine.begin() as connection:
                now: datetime = (await connection.execute(text("select now()"))).scalar_one()
                uow = UnitOfWork(connection, now=now + self.offset, prepared=prepared)
                yield uow
                messages = uow.messages
                if messages:
                    await self._write_outbox(connection, messages)
            if messages:
                self._on_commit()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A read-only transaction: one snapshot for all its queries, a write in it is refused."""
        async with self._engine.connect() as connection:
            await connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            yield connection


@contextmanager
def _one_per_task(busy: WeakSet[asyncio.Task[Any]]) -> Iterator[None]:
    task = asyncio.current_task()
    if task is None or task in busy:
        raise RuntimeError("this task already has a unit of work open; units are not nested")
    busy.add(task)
    try:
        yield
    finally:
        busy.discard(task)


@contextmanager
def _measured() -> Iterator[None]:
    began, outcome = perf_counter(), "rolled_back"
    try:
        yield
        outcome = "committed"
    finally:
        metrics.DB_TRANSACTIONS_TOTAL.labels(outcome).inc()
        metrics.DB_TRANSACTION_SECONDS.observe(perf_counter() - began)


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed later: the database is away, busy, or refused one of two.

    True for lost and refused connections, shutdown and start-up, exhausted pools and resources,
    serialization failures, deadlocks, and time limits on locks and statements.
    """
    if isinstance(error, PoolTimeoutError | ConnectionError | TimeoutError):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _is_transient_driver_error(error.orig)
    return _is_transient_driver_error(error)


def _is_transient_driver_error(error: BaseException | None) -> bool:
    if error is None:
        return False
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return state in _TRANSIENT_STATES or state[:2] in _TRANSIENT_CLASSES
    if isinstance(error, OSError | TimeoutError):
        return True
    # The driver has no state for what it noticed itself ("connection is closed", "connection was
    # closed in the middle of operation"); its other InterfaceErrors are our own mistakes.
    return type(error).__name__ == "InterfaceError" and "closed" in str(error)
