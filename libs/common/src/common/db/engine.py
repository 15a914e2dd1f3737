"""The engine: one pool per process, with the limits that keep one bad session from hurting all.

Sessions end themselves when they wait too long (RELIABILITY 9.2), a dead server is noticed before
a connection is handed out, and nothing here is created at import.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import orjson
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

STATEMENT_TIMEOUT = timedelta(seconds=15)
LOCK_TIMEOUT = timedelta(seconds=3)
IDLE_IN_TRANSACTION_TIMEOUT = timedelta(seconds=15)
_CONNECT_S = 5.0
_WAIT_FOR_FREE_S = 5.0
_RECYCLE_S = 1800
# The client gives up after the server should have: only a half-open connection gets that far.
_COMMAND_S = STATEMENT_TIMEOUT.total_seconds() + 5.0


def create_engine(database_url: str, *, pool_size: int, application_name: str) -> AsyncEngine:
    """A pool of `pool_size` connections; nothing is opened before the first use.

    `database_url` is a libpq URL exactly as operators know it (postgresql://user:pw@host/db,
    `?host=/socket/dir`, `sslmode`, `sslrootcert`); it never shows in the engine's repr. The
    caller ends with `await engine.dispose()`. A connection that is not free within 5 s raises
    `sqlalchemy.exc.TimeoutError`, which `unit_of_work.is_transient` knows.
    """
    settings = {
        "application_name": application_name,
        "statement_timeout": _milliseconds(STATEMENT_TIMEOUT),
        "lock_timeout": _milliseconds(LOCK_TIMEOUT),
        "idle_in_transaction_session_timeout": _milliseconds(IDLE_IN_TRANSACTION_TIMEOUT),
        "timezone": "UTC",
        # Plans of short statements are cheaper than compiling them.
        "jit": "off",
    }
    return _engine(
        database_url,
        settings,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_WAIT_FOR_FREE_S,
        pool_recycle=_RECYCLE_S,
        pool_pre_ping=True,
        pool_use_lifo=True,
    )


def create_admin_engine(admin_url: str, *, application_name: str, schema: str) -> AsyncEngine:
    """For migrations in `schema`: one connection, statements may take long, waits for locks not.

    A DDL statement that waits for a lock makes everybody queue behind it; better it fails after
    3 s and is tried again (RELIABILITY 5).
    """
    settings = {
        "application_name": application_name,
        "statement_timeout": "0",
        "lock_timeout": _milliseconds(LOCK_TIMEOUT),
        "idle_in_transaction_session_timeout": "60000",
        "search_path": schema,
        "timezone": "UTC",
    }
    return _engine(admin_url, settings, pool_size=1, max_overflow=0, command_timeout=None)


def _engine(
    url: str,
    settings: dict[str, str],
    *,
    command_timeout: float | None = _COMMAND_S,
    **pool: Any,
) -> AsyncEngine:
    async def connect(**_: Any) -> Any:
        return await asyncpg.connect(
            url,
            timeout=_CONNECT_S,
            command_timeout=command_timeout,
            server_settings=settings,
        )

    return create_async_engine(
        # Without the address: asyncpg reads the URL itself, as libpq would.
        "postgresql+asyncpg://",
        async_creator=connect,
        json_serializer=_to_json,
        json_deserializer=orjson.loads,
        **pool,
    )


def _to_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _milliseconds(duration: timedelta) -> str:
    return str(round(duration.total_seconds() * 1000))
