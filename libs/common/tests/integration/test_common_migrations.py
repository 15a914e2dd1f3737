"""Migrations on a real PostgreSQL: up and down, side by side, impatient, and with few rights."""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from textwrap import dedent

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from common.db import migrations
from common.db.engine import create_engine
from common.db.roles import scram_verifier
from common.db.unit_of_work import UnitOfWorkFactory, is_transient
from common.errors import ConfigurationError
from common.testing.postgres import fresh_database, with_user

pytestmark = pytest.mark.postgres

FIRST = """
    from alembic import op

    revision = "0001"
    down_revision = None


    def upgrade():
        op.execute("create table thing (id int primary key, note text)")


    def downgrade():
        op.execute("drop table thing")
"""
SECOND = """
    from alembic import op

    revision = "0002"
    down_revision = "0001"


    def upgrade():
        op.execute("select pg_sleep(0.3)")
        op.execute("alter table thing add column added_at timestamptz default now()")
        with op.get_context().autocommit_block():
            op.execute("create index concurrently if not exists thing_note on thing (note)")


    def downgrade():
        op.execute("drop index thing_note")
        op.execute("alter table thing drop column added_at")
"""


@pytest.fixture
async def admin(postgres_admin_dsn: str) -> AsyncIterator[str]:
    async with fresh_database(postgres_admin_dsn) as dsn:
        yield dsn


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "0001_first.py").write_text(dedent(FIRST))
    (versions / "0002_second.py").write_text(dedent(SECOND))
    return versions.parent


async def prepare(admin: str, service: str = "pantry") -> str:
    """The DSN of the service's own role."""
    await migrations.prepare_database(admin, service, role_password="wine")
    return with_user(admin, f"ombud_{service}", password="wine")


async def catalogue(dsn: str) -> list[tuple[str, ...]]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(
        "select c.relname, c.relkind::text, coalesce(string_agg(a.attname, ',' order by a.attnum) "
        "  filter (where a.attnum > 0 and not a.attisdropped), '') as columns "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "left join pg_attribute a on a.attrelid = c.oid "
        "where n.nspname = 'pantry' and c.relname not like 'alembic%' "
        "group by c.relname, c.relkind order by c.relname"
    )
    await connection.close()
    return [tuple(row) for row in rows]


async def test_up_down_up_ends_with_the_same_schema(admin: str, folder: Path) -> None:
    await prepare(admin)
    assert await migrations.current_revision(admin, "pantry") is None
    await migrations.upgrade(admin, "pantry", folder)
    assert await migrations.current_revision(admin, "pantry") == "0002"
    first = await catalogue(admin)
    assert ("thing", "r", "id,note,added_at") in first
    assert ("thing_note", "i", "note") in first

    await migrations.downgrade(admin, "pantry", folder, revision="0001")
    assert await migrations.current_revision(admin, "pantry") == "0001"
    assert ("thing", "r", "id,note") in await catalogue(admin)
    await migrations.downgrade(admin, "pantry", folder)
    assert await migrations.current_revision(admin, "pantry") is None
    assert await catalogue(admin) == []

    await migrations.upgrade(admin, "pantry", folder)
    await migrations.upgrade(admin, "pantry", folder)
    assert await catalogue(admin) == first
    assert migrations.head_revision(folder) == "0002"


async def test_a_failing_step_keeps_the_ones_before(admin: str, folder: Path) -> None:
    (folder / "versions" / "0003_third.py").write_text(
        dedent(FIRST).replace('"0001"', '"0003"').replace("None", '"0002"')
    )
    await prepare(admin)
    with pytest.raises(DBAPIError, match="already exists"):
        await migrations.upgrade(admin, "pantry", folder)
    assert await migrations.current_revision(admin, "pantry") == "0002"


async def test_three_processes_at_once_make_one_schema(admin: str, folder: Path) -> None:
    script = dedent(
        """
        import asyncio, sys
        from pathlib import Path
        from common.db import migrations

        async def main(admin, folder):
            await migrations.prepare_database(admin, "pantry", role_password="wine")
            await migrations.upgrade(admin, "pantry", Path(folder))

        asyncio.run(main(*sys.argv[1:]))
        """
    )
    runs = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", script, admin, str(folder)),
            stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(3)
    ]
    outcomes = [(await run.communicate(), run.returncode) for run in runs]
    assert [code for _, code in outcomes] == [0, 0, 0], outcomes
    assert await migrations.current_revision(admin, "pantry") == "0002"


async def test_two_services_migrate_at_once_in_one_process(admin: str, folder: Path) -> None:
    await asyncio.gather(prepare(admin), prepare(admin, "cellar"))
    await asyncio.gather(
        migrations.upgrade(admin, "pantry", folder), migrations.upgrade(admin, "cellar", folder)
    )
    assert await migrations.current_revision(admin, "pantry") == "0002"
    assert await migrations.current_revision(admin, "cellar") == "0002"


async def test_roles_of_two_databases_are_prepared_at_once(postgres_admin_dsn: str) -> None:
    async with (
        fresh_database(postgres_admin_dsn) as one,
        fresh_database(postgres_admin_dsn) as two,
    ):
        await asyncio.gather(*(prepare(dsn, "twins") for dsn in (one, two, one, two) * 3))


async def test_a_busy_table_is_given_up_after_three_seconds(admin: str, folder: Path) -> None:
    await prepare(admin)
    await migrations.upgrade(admin, "pantry", folder, revision="0001")
    holder = await asyncpg.connect(admin)
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute("lock table pantry.thing in access share mode")
    began = asyncio.get_running_loop().time()
    with pytest.raises(DBAPIError) as refused:
        await migrations.upgrade(admin, "pantry", folder)
    assert 2.5 < asyncio.get_running_loop().time() - began < 8
    assert refused.value.orig.sqlstate == "55P03"
    assert is_transient(refused.value)
    await transaction.rollback()
    await holder.close()
    await migrations.upgrade(admin, "pantry", folder)
    assert await migrations.current_revision(admin, "pantry") == "0002"


async def test_the_role_does_its_work_and_nothing_else(admin: str, folder: Path) -> None:
    own = await prepare(admin)
    await prepare(admin, "cellar")
    for service in ("pantry", "cellar"):
        await migrations.upgrade(admin, service, folder)
    connection = await asyncpg.connect(own)
    await connection.execute("insert into thing (id, note) values (1, 'a')")
    await connection.execute("update thing set note = 'b'")
    assert await connection.fetchval("select note from thing") == "b"
    await connection.execute("delete from thing")
    assert await migrations.current_revision(own, "pantry") == "0002"
    for refused in (
        "create table mine (id int)",
        "create table public.mine (id int)",
        "create schema mine",
        "alter table thing add column more int",
        "drop table thing",
        "truncate thing",
        "create index on thing (note)",
        "select * from cellar.thing",
        "insert into cellar.thing (id) values (1)",
        "update alembic_version set version_num = '0001'",
        "delete from alembic_version",
        "create role mine",
        "set role ombud_cellar",
        f"set session authorization {admin.split('//')[1].split('@')[0]}",
    ):
        with pytest.raises(
            (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidParameterValueError)
        ):
            await connection.execute(refused)
    await connection.close()


async def test_new_code_waits_for_its_schema_and_old_code_does_not(
    admin: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_outbox(*_: object) -> None:
        raise AssertionError

    own = await prepare(admin)
    monkeypatch.setattr(migrations, "versions_dir", lambda service: folder)
    engine = create_engine(own, pool_size=2, application_name="test")
    units = UnitOfWorkFactory(engine, no_outbox)
    is_current = migrations.SchemaCheck(units, "pantry")
    assert not await is_current(), "nothing was migrated yet"
    await migrations.upgrade(admin, "pantry", folder, revision="0001")
    assert not await is_current(), "0002 is missing"
    await migrations.upgrade(admin, "pantry", folder)
    assert await is_current()

    (folder / "versions" / "0002_second.py").unlink()
    assert await migrations.SchemaCheck(units, "pantry")(), "code that knows 0001 only"
    await engine.dispose()


async def test_the_server_stores_the_password_that_was_meant(admin: str) -> None:
    await prepare(admin, "vault")
    connection = await asyncpg.connect(admin)
    stored: str = await connection.fetchval(
        "select rolpassword from pg_authid where rolname = 'ombud_vault'"
    )
    await connection.close()
    salt = base64.b64decode(stored.split("$")[1].split(":")[1])
    assert stored == scram_verifier("wine", salt=salt)


def test_every_service_has_its_folder_found() -> None:
    assert migrations.versions_dir("router").parts[-3:] == ("services", "router", "migrations")


def test_a_service_without_migrations_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not installed"):
        migrations.versions_dir("no_such_service")
    with pytest.raises(ConfigurationError, match="versions"):
        migrations.versions_dir("router", override=tmp_path)
    (tmp_path / "versions").mkdir()
    with pytest.raises(ConfigurationError, match="holds no migration"):
        migrations.head_revision(tmp_path)
