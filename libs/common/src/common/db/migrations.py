"""Migrations: Alembic run as a library, one environment for all services, no env.py.

A service has only `migrations/versions/NNNN_*.py`. Its tables live in its own schema and belong to
the migrating role; the service's role is granted its rights by `prepare_database`. Migrations are
expand-and-contract, run by one job before the new code starts (RELIABILITY 5), and any number of
them may be started at once: one works, the others wait and find nothing to do.

An index on a big table is built without stopping writers:

    with op.get_context().autocommit_block():
        op.execute("create index concurrently if not exists case_due on cases (due_at)")
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zlib import crc32

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db import roles
from common.db.engine import create_admin_engine
from common.db.unit_of_work import UnitOfWorkFactory
from common.errors import ConfigurationError, OmbudError

VERSION_TABLE = "alembic_version"
_LOCK_CLASS = 0x4F4D4244
_POLL_S = 0.1
_PATIENCE = timedelta(minutes=5)
# `alembic.op` is one global object: two migrations in one process would talk through each other.
_ONE_AT_A_TIME = threading.Lock()


class MigrationLockError(OmbudError):
    """Another migration of the same schema did not end in time."""


def versions_dir(service: str, override: Path | None = None) -> Path:
    """The service's `migrations` folder, beside its `src`, in a checkout as in an image.

    Raises ConfigurationError where there is none.
    """
    if override is not None:
        folder = override
    else:
        spec = find_spec(service)
        if spec is None or spec.origin is None:
            raise ConfigurationError(f"the package {service} is not installed")
        folder = Path(spec.origin).resolve().parents[2] / "migrations"
    if not (folder / "versions").is_dir():
        raise ConfigurationError(f"{folder} has no folder `versions`")
    return folder


async def prepare_database(admin_url: str, service: str, *, role_password: str) -> None:
    """Create the service's role and schema and grant what the role may do. Idempotent.

    `admin_url` is the role that will own the tables; it may create roles and schemas.
    """
    async with _session(admin_url, service) as connection:
        await roles.prepare(connection, service, role_password=role_password)


async def upgrade(
    admin_url: str, service: str, migrations_dir: Path, *, revision: str = "head"
) -> None:
    """Bring the schema to `revision`, one transaction per step; nothing to do is fine.

    A step that cannot get its lock within 3 s fails with SQLSTATE 55P03 (`is_transient`) and
    leaves the steps before it done. Raises MigrationLockError after 5 minutes behind another one.
    """
    script = ScriptDirectory(str(migrations_dir))
    await _migrate(
        admin_url, service, script, lambda rev, _: script._upgrade_revs(revision, rev), revision
    )


async def downgrade(
    admin_url: str, service: str, migrations_dir: Path, *, revision: str = "base"
) -> None:
    """Take the schema back to `revision`; "base" is before the first step."""
    script = ScriptDirectory(str(migrations_dir))
    await _migrate(
        admin_url, service, script, lambda rev, _: script._downgrade_revs(revision, rev), revision
    )


async def current_revision(database_url: str, service: str) -> str | None:
    """The last step that was taken, None before the first; the service's own role may ask too."""
    roles.checked_name(service)
    async with _connection(database_url, service) as connection:
        return await connection.run_sync(
            lambda sync: MigrationContext.configure(
                sync, opts={"version_table_schema": service}
            ).get_current_revision()
        )


def head_revision(migrations_dir: Path) -> str:
    """The newest step that this code knows. Raises ConfigurationError where there is none."""
    head = ScriptDirectory(str(migrations_dir)).get_current_head()
    if head is None:
        raise ConfigurationError(f"{migrations_dir} holds no migration")
    return head


class SchemaCheck:
    """A readiness check: false until the schema has every step that this code knows.

    Code of the release before is ready on a newer schema (expand-and-contract), new code is not on
    an older one. Once true it stays true and asks no more. Raises what the database raises.
    """

    def __init__(self, units: UnitOfWorkFactory, service: str) -> None:
        self._units = units
        self._table = f"{roles.checked_name(service)}.{VERSION_TABLE}"
        self._script = ScriptDirectory(str(versions_dir(service)))
        self._is_known_to_be_current = False

    async def __call__(self) -> bool:
        if not self._is_known_to_be_current:
            async with self._units.read() as connection:
                name = {"name": self._table}
                exists = await connection.scalar(text("select to_regclass(:name)::text"), name)
                applied = exists and await connection.scalar(
                    text(f"select version_num from {self._table}")  # noqa: S608  (a checked name)
                )
            self._is_known_to_be_current = bool(applied) and self._includes_ours(str(applied))
        return self._is_known_to_be_current

    def _includes_ours(self, applied: str) -> bool:
        """A step that our files do not have was made by newer code, on top of ours."""
        ours = {revision.revision for revision in self._script.walk_revisions()}
        return applied == self._script.get_current_head() or applied not in ours


async def _migrate(
    admin_url: str,
    service: str,
    script: ScriptDirectory,
    steps: Callable[[Any, MigrationContext], Any],
    destination: str,
) -> None:
    def run(connection: Connection) -> None:
        environment = EnvironmentContext(
            Config(), script, fn=steps, as_sql=False, destination_rev=destination
        )
        with environment:
            environment.configure(
                connection=connection,
                version_table=VERSION_TABLE,
                version_table_schema=service,
                transaction_per_migration=True,
            )
            with environment.begin_transaction():
                environment.run_migrations()

    async with _one_at_a_time(), _session(admin_url, service) as connection:
        transactional = await connection.execution_options(isolation_level="READ COMMITTED")
        await transactional.run_sync(run)
        await transactional.execute(text(_protect_version_table(service)))
        await transactional.commit()


def _protect_version_table(service: str) -> str:
    """The default rights of the schema would let the service rewrite its own history."""
    role, table = roles.role_name(service), f"{service}.{VERSION_TABLE}"
    return (  # the names were checked to be plain identifiers
        "do $$ begin "  # noqa: S608
        f"if exists (select from pg_roles where rolname = '{role}') "
        f"and to_regclass('{table}') is not null then "
        f"revoke insert, update, delete on {table} from {role}; "
        f"grant select on {table} to {role}; end if; end $$"
    )


@asynccontextmanager
async def _session(admin_url: str, service: str) -> AsyncIterator[AsyncConnection]:
    """An autocommitting session in the schema that nobody else migrates at the same time.

    The lock is asked for again and again instead of waited for: a waiting statement holds a
    snapshot, and `create index concurrently` would wait for that snapshot for ever. It belongs
    to the session, because such an index cannot be built inside a transaction; therefore
    migrations connect to PostgreSQL itself, never through a transaction pooler.
    """
    key = {"class": _LOCK_CLASS, "key": crc32(roles.checked_name(service).encode()) >> 1}
    deadline = asyncio.get_running_loop().time() + _PATIENCE.total_seconds()
    async with _connection(admin_url, service) as connection:
        question = text("select pg_try_advisory_lock(:class, :key)")
        while not (await connection.execute(question, key)).scalar_one():
            if asyncio.get_running_loop().time() > deadline:
                raise MigrationLockError(f"another migration of {service} does not end")
            await asyncio.sleep(_POLL_S)
        await connection.commit()  # only SQLAlchemy's idea of a transaction; the lock stays
        yield connection


@asynccontextmanager
async def _connection(url: str, service: str) -> AsyncIterator[AsyncConnection]:
    """One connection of its own in autocommit; closing it gives up every lock it holds."""
    engine = create_admin_engine(url, application_name=f"{service}-migrate", schema=service)
    try:
        async with engine.connect() as connection:
            yield await connection.execution_options(isolation_level="AUTOCOMMIT")
    finally:
        await engine.dispose()


@asynccontextmanager
async def _one_at_a_time() -> AsyncIterator[None]:
    """This process migrates one schema at a time, whichever thread or event loop asks."""
    while not _ONE_AT_A_TIME.acquire(blocking=False):  # noqa: ASYNC110  (threads, not tasks)
        await asyncio.sleep(_POLL_S)
    try:
        yield
    finally:
        _ONE_AT_A_TIME.release()
