"""Whether a server answers. An open port is not an answer: a proxy or a starting server has one."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading

import asyncpg

_API_VERSIONS = 18


def kafka_answers(host: str, port: int) -> bool:
    """An answer to ApiVersions v0: a broker's port opens before requests are processed."""
    request = struct.pack(">hhih", _API_VERSIONS, 0, 1, -1)
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            return len(connection.recv(8)) == 8
    except OSError:
        return False


def postgres_answers(dsn: str) -> bool:
    """Whether a connection can be had. Works also below a running event loop."""
    answers: list[bool] = []

    async def connect() -> None:
        with contextlib.suppress(OSError, asyncpg.PostgresError, TimeoutError):
            connection = await asyncpg.connect(dsn, timeout=3)
            answers.append(await connection.fetchval("select true"))
            await connection.close()

    thread = threading.Thread(target=lambda: asyncio.run(connect()))
    thread.start()
    thread.join()
    return answers == [True]
