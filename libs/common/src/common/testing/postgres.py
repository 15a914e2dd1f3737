"""Databases for tests: one template per set of migrations, a quick copy of it per test module.

Works on any server the stack gives, also one that several test runs share: names are random or
made from the content. Knows no schema and no role of ours; migrations come in as a function.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

Migrate = Callable[[str], Awaitable[None]]
"""Brings the empty database of this DSN (superuser) to the head of its migrations."""

_TEMPLATE_LOCK = 0x0B0D_7E57
_TEMPLATE_WAIT_S = 120


def with_database(dsn: str, database: str) -> str:
    """The same server and user, another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{quote(database)}"))


def with_user(dsn: str, user: str, *, password: str | None = None) -> str:
    """The same server and database as another role. Without a password for a trusting server."""
    parts = urlsplit(dsn)
    secret = "" if password is None else f":{quote(password, safe='')}"
    address = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}{secret}@{address}"))


def fingerprint(*folders: Path) -> str:
    """A short name for the content of these folders' Python and SQL files."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".sql"):
                digest.update(str(path.relative_to(folder)).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


async def ensure_template(admin_dsn: str, name: str, migrate: Migrate) -> str:
    """Make the template database `name` with `migrate`, unless it is there; returns `name`.

    Let `name` contain `fingerprint(migrations)`, so that changed migrations make a new one. Safe
    among processes: one builds, the others wait. A build that failed leaves nothing.
    """
    admin = await asyncpg.connect(admin_dsn, command_timeout=_TEMPLATE_WAIT_S)
    try:
        await admin.execute("select pg_advisory_lock($1)", _TEMPLATE_LOCK)
        ready = await admin.fetchval("select datistemplate from pg_database where datname=$1", name)
        if ready:
            return name
        if ready is not None:  # a builder died on the way
            await admin.execute(f"drop database {_quoted(name)} with (force)")
        await admin.execute(f"create database {_quoted(name)}")
        try:
            await migrate(with_database(admin_dsn, name))
        except BaseException:
            await admin.execute(f"drop database {_quoted(name)} with (force)")
            raise
        # Nobody may connect any more: a template in use cannot be copied.
        await admin.execute(
            f"alter database {_quoted(name)} with is_template true allow_connections false"
        )
        return name
    finally:
        await admin.close()


async def create_database(admin_dsn: str, *, template: str | None = None) -> str:
    """A new database with a random name, a copy of `template`; its DSN."""
    name = f"test_{uuid4().hex[:16]}"
    copied = "" if template is None else f" template {_quoted(template)}"
    await _execute(admin_dsn, f"create database {_quoted(name)}{copied}")
    return with_database(admin_dsn, name)


async def drop_database(dsn: str) -> None:
    """Drop the database of this superuser DSN; open connections to it are cut."""
    name = urlsplit(dsn).path.lstrip("/")
    await _execute(
        with_database(dsn, "postgres"), f"drop database if exists {_quoted(name)} with (force)"
    )


@asynccontextmanager
async def fresh_database(admin_dsn: str, *, template: str | None = None) -> AsyncIterator[str]:
    """A database for the length of a block (superuser DSN), a copy of `template`."""
    dsn = await create_database(admin_dsn, template=template)
    try:
        yield dsn
    finally:
        await drop_database(dsn)


@asynccontextmanager
async def rolled_back(dsn: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A connection inside a transaction that never commits: what is written leaves with it.

    Only for code that is handed its connection; what opens its own sees nothing of it.
    """
    connection = await asyncpg.connect(dsn)
    try:
        transaction = connection.transaction()
        await transaction.start()
        try:
            yield connection
        finally:
            await transaction.rollback()
    finally:
        await connection.close()


async def empty_tables(dsn: str, schema: str, *, keep: tuple[str, ...] = ()) -> None:
    """Truncate every table of `schema` but those in `keep` (alembic's version table).

    Append-only tables refuse it, and mean it: where there are any, take a fresh database.
    """
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "select tablename from pg_tables where schemaname = $1 and tablename <> all($2)",
            schema,
            list(keep),
        )
        tables = [f"{_quoted(schema)}.{_quoted(row['tablename'])}" for row in rows]
        if tables:
            await connection.execute(f"truncate {', '.join(tables)} restart identity cascade")
    finally:
        await connection.close()


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
