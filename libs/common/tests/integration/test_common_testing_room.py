"""The rest of the testing room: waiting, clock, ids, databases, topics, the misbehaving proxy."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from common.testing.clock import ManualClock
from common.testing.eventually import eventually, eventually_blocking
from common.testing.ids import SequentialIds
from common.testing.kafka import Outgoing, create_topics, produce, read, read_all, topics
from common.testing.postgres import (
    create_database,
    drop_database,
    empty_tables,
    ensure_template,
    fingerprint,
    fresh_database,
    rolled_back,
    with_database,
    with_user,
)
from common.testing.proxy import FaultProxy

SOON = timedelta(milliseconds=200)


async def query(dsn: str, sql: str, timeout: float = 5):
    connection = await asyncpg.connect(dsn, timeout=timeout)
    try:
        return await connection.fetchval(sql, timeout=timeout)
    finally:
        connection.terminate()


class TestWaiting:
    async def test_returns_the_first_truthy_answer(self):
        answers = iter([None, 0, [], "there"])
        assert await eventually(lambda: next(answers)) == "there"
        answers = iter([None, 0, [], "there"])
        assert eventually_blocking(lambda: next(answers)) == "there"

    async def test_failed_asserts_mean_not_yet(self):
        tries = iter([1, 2, 3])

        async def check() -> bool:
            assert next(tries) == 3
            return True

        assert await eventually(check)

    async def test_the_failure_says_what_was_seen_last(self):
        with pytest.raises(AssertionError, match=r"not within 0\.2 s.*last answer: \[\]"):
            await eventually(list, within=SOON)
        with pytest.raises(AssertionError, match="last answer: 0"):
            eventually_blocking(lambda: 0, within=SOON)

    async def test_a_check_that_hangs_is_cut_off(self):
        began = time.monotonic()
        with pytest.raises(AssertionError, match="never answered"):
            await eventually(asyncio.Event().wait, within=SOON)
        assert time.monotonic() - began < 2

    async def test_other_errors_come_through_at_once(self):
        with pytest.raises(ZeroDivisionError):
            await eventually(lambda: 1 / 0)


class TestClockAndIds:
    def test_the_clock_stands_still_until_told(self):
        clock = ManualClock()
        before = clock.now()
        assert clock.now() == before
        clock.advance(timedelta(minutes=10))
        assert clock.now() - before == timedelta(minutes=10)
        clock.set(datetime(2026, 1, 1, tzinfo=UTC))
        assert clock.now().year == 2026
        with pytest.raises(ValueError, match="back"):
            clock.advance(timedelta(seconds=-1))
        with pytest.raises(ValueError, match="naive"):
            clock.set(datetime(2026, 1, 1))  # noqa: DTZ001

    def test_ids_count_and_repeat(self):
        ids = SequentialIds()
        first, second = ids(), ids()
        assert (first, second) == (SequentialIds().nth(1), SequentialIds().nth(2))
        assert first < second
        assert first.version == 7
        assert SequentialIds(series=1)() != first


@pytest.mark.postgres
class TestDatabases:
    async def test_a_template_is_built_once_and_copied(self, postgres_admin_dsn):
        built: list[str] = []

        async def migrate(dsn: str) -> None:
            built.append(dsn)
            await query(dsn, "create schema s")
            await query(dsn, "create table s.t (id int)")
            await query(dsn, "insert into s.t values (7)")

        name = f"template_{SequentialIds()().hex[:4]}_{time.time_ns()}"
        try:
            await asyncio.gather(
                *(ensure_template(postgres_admin_dsn, name, migrate) for _ in range(3))
            )
            assert len(built) == 1
            async with fresh_database(postgres_admin_dsn, template=name) as dsn:
                assert await query(dsn, "select id from s.t") == 7
                await empty_tables(dsn, "s")
                assert await query(dsn, "select count(*) from s.t") == 0
            async with fresh_database(postgres_admin_dsn, template=name) as dsn:
                assert await query(dsn, "select id from s.t") == 7
        finally:
            await query(postgres_admin_dsn, f'alter database "{name}" is_template false')
            await drop_database(with_database(postgres_admin_dsn, name))

    async def test_a_failed_build_leaves_no_template(self, postgres_admin_dsn):
        async def migrate(dsn: str) -> None:
            await query(dsn, "create table broken (")

        name = f"template_broken_{time.time_ns()}"
        with pytest.raises(asyncpg.PostgresSyntaxError):
            await ensure_template(postgres_admin_dsn, name, migrate)
        found = f"select count(*) from pg_database where datname = '{name}'"
        assert await query(postgres_admin_dsn, found) == 0

    async def test_what_is_rolled_back_was_never_there(self, postgres_admin_dsn):
        async with fresh_database(postgres_admin_dsn) as dsn:
            await query(dsn, "create table t (id int)")
            async with rolled_back(dsn) as connection:
                await connection.execute("insert into t values (1)")
                assert await connection.fetchval("select count(*) from t") == 1
            assert await query(dsn, "select count(*) from t") == 0

    async def test_a_dropped_database_is_gone_also_with_guests(self, postgres_admin_dsn):
        dsn = await create_database(postgres_admin_dsn)
        guest = await asyncpg.connect(dsn)
        await drop_database(dsn)
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await query(dsn, "select 1")
        guest.terminate()

    def test_names_in_addresses(self):
        dsn = "postgresql://admin@127.0.0.1:15000/postgres"
        assert with_database(dsn, "a b") == "postgresql://admin@127.0.0.1:15000/a%20b"
        assert with_user(dsn, "router") == "postgresql://router@127.0.0.1:15000/postgres"
        assert with_user(dsn, "r", password="p@/") == (
            "postgresql://r:p%40%2F@127.0.0.1:15000/postgres"
        )

    def test_a_fingerprint_is_of_the_content(self, tmp_path: Path):
        (tmp_path / "0001.py").write_text("one")
        before = fingerprint(tmp_path)
        assert fingerprint(tmp_path) == before
        (tmp_path / "0001.py").write_text("two")
        assert fingerprint(tmp_path) != before


@pytest.mark.kafka
class TestTopics:
    async def test_records_come_back_as_written(self, kafka_bootstrap):
        async with topics(kafka_bootstrap, "a", "b", partitions=3) as (one, two):
            sent = [
                Outgoing(str(n).encode(), key=b"k", headers={"ce_id": str(n).encode()})
                for n in range(50)
            ]
            await produce(kafka_bootstrap, one, [*sent, Outgoing(b"x", partition=2)])
            got = [r for r in await read_all(kafka_bootstrap, one) if r.key == b"k"]
            assert [r.value for r in got] == [r.value for r in sent]
            assert got[7].headers == {"ce_id": b"7"}
            assert [r.partition for r in await read_all(kafka_bootstrap, one) if not r.key] == [2]
            assert await read_all(kafka_bootstrap, two) == []
            assert len(await read(kafka_bootstrap, one, count=51)) == 51

    async def test_too_few_records_are_a_failure(self, kafka_bootstrap):
        async with topics(kafka_bootstrap, "few") as (name,):
            await produce(kafka_bootstrap, name, [Outgoing(b"1")])
            with pytest.raises(AssertionError, match="1 of 2 records"):
                await read(kafka_bootstrap, name, count=2, within=timedelta(seconds=2))

    async def test_a_topic_cannot_be_made_twice(self, kafka_bootstrap):
        async with topics(kafka_bootstrap, "twice") as (name,):
            with pytest.raises(Exception, match="twice"):
                await create_topics(kafka_bootstrap, name)


@pytest.mark.postgres
class TestProxy:
    @pytest.fixture
    async def proxied(self, postgres_admin_dsn):
        parts = urlsplit(postgres_admin_dsn)
        async with FaultProxy(parts.hostname, parts.port or 5432) as proxy:
            address = f"{parts.username}@{proxy.host}:{proxy.port}"
            yield proxy, parts._replace(netloc=address).geturl()

    async def test_passes_swallows_and_passes_again(self, proxied):
        proxy, dsn = proxied
        connection = await asyncpg.connect(dsn)
        assert await connection.fetchval("select 1") == 1
        proxy.swallow()
        held = asyncio.create_task(connection.fetchval("select 2"))
        with pytest.raises(TimeoutError):
            await query(dsn, "select 1", timeout=0.3)
        assert not held.done()
        proxy.pass_through()
        assert await asyncio.wait_for(held, 5) == 2
        await connection.close()

    async def test_cuts_and_resets(self, proxied):
        proxy, dsn = proxied
        connection = await asyncpg.connect(dsn)
        proxy.cut()
        with pytest.raises((OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError)):
            await connection.fetchval("select 1")
        assert await query(dsn, "select 1") == 1
        proxy.reset()
        with pytest.raises((OSError, asyncpg.PostgresConnectionError)):
            await query(dsn, "select 1")
        proxy.pass_through()
        assert await query(dsn, "select 1") == 1

    async def test_delays(self, proxied):
        proxy, dsn = proxied
        connection = await asyncpg.connect(dsn)
        proxy.delay(timedelta(milliseconds=150))
        began = time.monotonic()
        assert await connection.fetchval("select 1") == 1
        assert time.monotonic() - began >= 0.3
        await connection.close()
