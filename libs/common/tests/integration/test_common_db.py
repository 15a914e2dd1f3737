"""Engine and unit of work against a real PostgreSQL, cut and stopped where that is the question."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.db.engine import create_engine
from common.db.sessions import OpenTransactions
from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory, is_transient
from common.events.envelope import Message
from common.testing.eventually import eventually
from common.testing.postgres import create_database, drop_database
from common.testing.proxy import FaultProxy

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def database(postgres_admin_dsn: str) -> Iterator[str]:
    async def build() -> str:
        dsn = await create_database(postgres_admin_dsn)
        connection = await asyncpg.connect(dsn)
        await connection.execute(
            "create table fact (id int primary key, body jsonb not null default '{}');"
            "create table sent (n bigint generated always as identity, event_id uuid)"
        )
        await connection.close()
        return dsn

    dsn = asyncio.run(build())
    yield dsn
    asyncio.run(drop_database(dsn))


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database, pool_size=3, application_name="test-db")
    async with engine.begin() as connection:
        await connection.execute(text("truncate fact, sent"))
        await connection.execute(text("insert into fact (id) values (1), (2)"))
    yield engine
    await engine.dispose()


async def write_sent(connection: AsyncConnection, messages: Sequence[Message]) -> None:
    await connection.execute(
        text("insert into sent (event_id) select unnest(cast(:ids as uuid[]))"),
        {"ids": [message.event_id for message in messages]},
    )


def message(number: int) -> Message:
    return Message(
        topic="cases.events", key="k", event_id=UUID(int=number), type="t", payload=b"{}"
    )


async def sent(engine: AsyncEngine) -> list[UUID]:
    async with engine.connect() as connection:
        return list(await connection.scalars(text("select event_id from sent order by n")))


async def facts(engine: AsyncEngine) -> list[int]:
    async with engine.connect() as connection:
        return list(await connection.scalars(text("select id from fact order by id")))


async def is_gone(observer: asyncpg.Connection, pid: int) -> bool:
    rows = await observer.fetch("select from pg_stat_activity where pid = $1", pid)
    return not rows


async def insert(uow: UnitOfWork, number: int) -> None:
    await uow.connection.execute(text("insert into fact (id) values (:n)"), {"n": number})


class TestEngine:
    async def test_sessions_limit_themselves(self, engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            shown = {
                name: (await connection.execute(text(f"show {name}"))).scalar_one()
                for name in (
                    "application_name",
                    "statement_timeout",
                    "lock_timeout",
                    "idle_in_transaction_session_timeout",
                    "timezone",
                )
            }
        assert shown == {
            "application_name": "test-db",
            "statement_timeout": "15s",
            "lock_timeout": "3s",
            "idle_in_transaction_session_timeout": "15s",
            "timezone": "UTC",
        }

    async def test_json_goes_out_and_comes_back(self, engine: AsyncEngine) -> None:
        document = {"größe": [1, None, True], "in": {"nested": 1.5}}
        async with engine.begin() as connection:
            (row,) = await connection.execute(
                text("update fact set body = cast(:body as jsonb) where id = 1 returning body"),
                {"body": '{"größe": [1, null, true], "in": {"nested": 1.5}}'},
            )
        assert row.body == document

    async def test_libpq_urls_work_as_given_and_never_show(self, database: str) -> None:
        parts = urlsplit(database)
        url = (
            f"postgresql://{parts.username}:s%40cret@/{parts.path.lstrip('/')}"
            f"?host={parts.hostname}&port={parts.port}&sslmode=prefer"
        )
        engine = create_engine(url, pool_size=2, application_name="test")
        async with engine.connect() as connection:
            name = (await connection.execute(text("select current_database()"))).scalar_one()
        await engine.dispose()
        assert name == parts.path.lstrip("/")
        assert "cret" not in repr(engine) + str(engine.url) + repr(engine.pool)

    async def test_a_killed_connection_is_replaced_before_it_is_handed_out(
        self, engine: AsyncEngine, database: str
    ) -> None:
        async with engine.connect() as connection:
            pid = (await connection.execute(text("select pg_backend_pid()"))).scalar_one()
        admin = await asyncpg.connect(database)
        await admin.execute("select pg_terminate_backend($1, 5000)", pid)
        await admin.close()
        async with engine.connect() as connection:
            assert (await connection.execute(text("select 1"))).scalar_one() == 1


class TestUnitOfWork:
    async def test_state_and_messages_are_committed_together_and_in_order(
        self, engine: AsyncEngine
    ) -> None:
        committed: list[list[UUID]] = []
        units = UnitOfWorkFactory(engine, write_sent, lambda: committed.append([]))
        async with units.begin() as uow:
            uow.publish_messages(message(2), message(1))
            await insert(uow, 10)
            uow.publish_messages(message(3))
            assert committed == []
        assert await facts(engine) == [1, 2, 10]
        assert await sent(engine) == [UUID(int=2), UUID(int=1), UUID(int=3)]
        assert committed == [[]]

    async def test_nothing_published_wakes_nobody(self, engine: AsyncEngine) -> None:
        woken: list[int] = []
        units = UnitOfWorkFactory(engine, write_sent, lambda: woken.append(1))
        async with units.begin() as uow:
            await insert(uow, 11)
        assert woken == []
        assert await sent(engine) == []

    async def test_an_exception_leaves_nothing_behind(self, engine: AsyncEngine) -> None:
        woken: list[int] = []
        units = UnitOfWorkFactory(engine, write_sent, lambda: woken.append(1))
        with pytest.raises(ZeroDivisionError):
            async with units.begin() as uow:
                await insert(uow, 12)
                uow.publish_messages(message(1))
                raise ZeroDivisionError
        assert await facts(engine) == [1, 2]
        assert await sent(engine) == []
        assert woken == []

    async def test_a_refusing_outbox_rolls_the_state_back(self, engine: AsyncEngine) -> None:
        async def refuse(connection: AsyncConnection, messages: Sequence[Message]) -> None:
            raise OSError("disk full")

        units = UnitOfWorkFactory(engine, refuse)
        with pytest.raises(OSError, match="disk full"):
            async with units.begin() as uow:
                await insert(uow, 13)
                uow.publish_messages(message(1))
        assert await facts(engine) == [1, 2]

    async def test_now_is_the_transactions_own_time_plus_the_offset(
        self, engine: AsyncEngine
    ) -> None:
        offset = timedelta(hours=3)
        async with UnitOfWorkFactory(engine, write_sent, offset=offset).begin() as uow:
            await uow.connection.execute(text("select pg_sleep(0.01)"))
            now = (await uow.connection.execute(text("select now()"))).scalar_one()
            assert uow.now == now + offset
            assert uow.now.utcoffset() == timedelta(0)

    async def test_units_are_not_nested_but_run_side_by_side(self, engine: AsyncEngine) -> None:
        units = UnitOfWorkFactory(engine, write_sent)
        async with units.begin() as uow:
            await insert(uow, 14)
            with pytest.raises(RuntimeError, match="not nested"):
                async with units.begin():
                    pass
            await insert(uow, 15)

        async def one(number: int) -> None:
            async with units.begin() as uow:
                await insert(uow, number)

        await asyncio.gather(*(one(number) for number in range(20, 30)))
        assert await facts(engine) == [1, 2, 14, 15, *range(20, 30)]

    async def test_reading_is_one_snapshot_and_refuses_writes(self, engine: AsyncEngine) -> None:
        units = UnitOfWorkFactory(engine, write_sent)
        count = text("select count(*) from fact")
        async with units.read() as connection:
            before = (await connection.execute(count)).scalar_one()

            async def write() -> None:
                async with units.begin() as uow:
                    await insert(uow, 16)

            await asyncio.create_task(write())
            assert (await connection.execute(count)).scalar_one() == before
            with pytest.raises(DBAPIError) as refused:
                await connection.execute(text("insert into fact (id) values (17)"))
            assert refused.value.orig.sqlstate == "25006"
        async with units.begin() as uow:  # the connection went back without the restriction
            await insert(uow, 18)

    async def test_cancellation_at_any_moment_leaves_no_lock_and_no_connection(
        self, engine: AsyncEngine, database: str
    ) -> None:
        units = UnitOfWorkFactory(engine, write_sent)
        chance = random.Random(7)

        async def work() -> None:
            async with units.begin() as uow:
                await uow.connection.execute(text("select from fact where id = 1 for update"))
                await uow.connection.execute(text("select pg_sleep(0.005)"))
                uow.publish_messages(message(1))

        for _ in range(60):
            task = asyncio.create_task(work())
            await asyncio.sleep(chance.uniform(0, 0.03))
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        async def nothing_held() -> bool:
            return engine.pool.checkedout() == 0  # type: ignore[attr-defined]

        await eventually(nothing_held)
        observer = await asyncpg.connect(database)
        await observer.execute("set lock_timeout = '1s'")
        await observer.execute("select from fact where id = 1 for update")

        async def no_transaction_left() -> bool:
            return not await observer.fetchval(
                "select count(*) from pg_stat_activity "
                "where application_name = 'test-db' and state <> 'idle'"
            )

        await eventually(no_transaction_left)
        await observer.close()


class TestTransient:
    async def caught(self, engine: AsyncEngine, sql: str) -> BaseException:
        with pytest.raises(Exception) as caught:
            async with engine.begin() as connection:
                for statement in sql.split(";"):
                    await connection.execute(text(statement))
        return caught.value

    @pytest.mark.parametrize(
        "sql",
        [
            "select pg_terminate_backend(pg_backend_pid())",
            "set local statement_timeout = 20; select pg_sleep(5)",
        ],
        ids=["shutdown", "statement_timeout"],
    )
    async def test_the_server_ended_it(self, engine: AsyncEngine, sql: str) -> None:
        assert is_transient(await self.caught(engine, sql))

    async def test_the_server_ended_an_idle_transaction(
        self, engine: AsyncEngine, database: str
    ) -> None:
        observer = await asyncpg.connect(database)
        with pytest.raises(DBAPIError) as caught:
            async with engine.begin() as connection:
                pid = (await connection.execute(text("select pg_backend_pid()"))).scalar_one()
                await connection.execute(
                    text("set local idle_in_transaction_session_timeout = '1ms'")
                )
                await eventually(lambda: is_gone(observer, pid))
                await connection.execute(text("select 1"))
        await observer.close()
        assert is_transient(caught.value)

    @pytest.mark.parametrize(
        "sql",
        [
            "insert into fact (id) values (1)",
            "select from no_such_table",
            "selec 1",
            "select 1/0",
            "select cast('x' as int)",
        ],
    )
    async def test_what_will_fail_again_is_not(self, engine: AsyncEngine, sql: str) -> None:
        assert not is_transient(await self.caught(engine, sql))

    def test_neither_are_errors_of_ours(self) -> None:
        assert not is_transient(ValueError("connection is closed"))
        assert not is_transient(asyncpg.InterfaceError("another operation is in progress"))

    async def test_a_lock_that_does_not_come(self, engine: AsyncEngine) -> None:
        async with engine.begin() as holder:
            await holder.execute(text("select from fact where id = 1 for update"))
            error = await self.caught(
                engine,
                "set local lock_timeout = 20; select from fact where id = 1 for update",
            )
        assert is_transient(error)

    async def test_a_deadlock(self, engine: AsyncEngine) -> None:
        locked = asyncio.Barrier(2)

        async def lock(*numbers: int) -> None:
            async with engine.begin() as connection:
                for number in numbers:
                    await connection.execute(
                        text("select from fact where id = :n for update"), {"n": number}
                    )
                    if number == numbers[0]:
                        await locked.wait()

        outcomes = await asyncio.gather(lock(1, 2), lock(2, 1), return_exceptions=True)
        (error,) = [each for each in outcomes if each is not None]
        assert is_transient(error)

    async def test_no_server(self) -> None:
        engine = create_engine("postgresql://x@127.0.0.1:9/x", pool_size=2, application_name="t")
        with pytest.raises(OSError) as caught:
            async with engine.connect():
                pass
        assert is_transient(caught.value)

    def test_a_pool_that_is_empty(self) -> None:
        assert is_transient(PoolTimeoutError("QueuePool limit reached"))

    async def test_a_connection_that_is_cut_while_waiting(self, database: str) -> None:
        parts = urlsplit(database)
        async with FaultProxy(parts.hostname or "", parts.port or 0) as proxy:
            url = f"postgresql://{parts.username}@{proxy.host}:{proxy.port}{parts.path}"
            engine = create_engine(url, pool_size=2, application_name="test")

            async def wait() -> None:
                async with engine.begin() as connection:
                    await connection.execute(text("select pg_sleep(10) as cut_here"))

            observer = await asyncpg.connect(database)
            task = asyncio.create_task(wait())
            await eventually(
                lambda: observer.fetchval(
                    "select count(*) from pg_stat_activity "
                    "where query like 'select pg_sleep(10) as cut_here%' and state = 'active'"
                )
            )
            await observer.close()
            proxy.cut()
            (error,) = await asyncio.gather(task, return_exceptions=True)
            assert isinstance(error, Exception)
            assert is_transient(error), repr(error)
            async with engine.connect() as connection:  # and the next one works
                assert (await connection.execute(text("select 1"))).scalar_one() == 1
            await engine.dispose()


async def test_a_forgotten_transaction_of_somebody_else_is_seen_and_seen_to_end(
    postgres_admin_dsn: str,
) -> None:
    dsn = await create_database(postgres_admin_dsn)  # where nobody else has anything open
    watched = OpenTransactions()
    engine = create_engine(dsn, pool_size=2, application_name="test-db")
    forgotten = await asyncpg.connect(dsn)
    async with engine.connect() as connection:
        # A role with no right to see what others do, as the services' are.
        await connection.execute(text("set local role pg_signal_backend"))

        async def is_old() -> bool:
            return await watched.oldest_seconds(connection) > 0.2

        assert await watched.oldest_seconds(connection) == 0
        await forgotten.execute("begin; select 1")
        await eventually(is_old)
        await forgotten.execute("rollback; begin")
        assert await watched.oldest_seconds(connection) == 0
    await forgotten.close()
    await engine.dispose()
    await drop_database(dsn)
