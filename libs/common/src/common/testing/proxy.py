"""A TCP proxy that misbehaves on command: swallows, resets, delays. For fault tests.

Between a client and PostgreSQL or any HTTP far side. Not for Kafka: a broker tells its clients its
own address, and they go round the proxy; there, use `stop`, `kill` and `pause` of the stack.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from datetime import timedelta
from types import TracebackType
from typing import Literal

from common.testing.stack.ports import LOOPBACK, free_ports

_CHUNK = 65_536
_CONNECT_S = 5.0
_NO_DELAY = timedelta(0)
_Mode = Literal["pass", "swallow", "reset"]


class FaultProxy:
    """`async with FaultProxy("127.0.0.1", 5432) as proxy`, then connect to `proxy.port`."""

    def __init__(self, target_host: str, target_port: int) -> None:
        self._target = (target_host, target_port)
        self._mode: _Mode = "pass"
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._delay = _NO_DELAY
        self._writers: set[asyncio.StreamWriter] = set()
        self._links: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.host = LOOPBACK
        self.port = 0
        self.connections = 0
        """How many were accepted so far."""

    async def __aenter__(self) -> FaultProxy:
        self.port = free_ports(1)[0]
        self._server = await asyncio.start_server(self._accept, self.host, self.port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)
        self._abort_all()

    def pass_through(self) -> None:
        """Behave again; what was held back while swallowing flows on, as after a partition."""
        self._mode, self._delay = "pass", _NO_DELAY
        self._flowing.set()

    def swallow(self) -> None:
        """A black hole: connections open and nothing comes back, in both directions."""
        self._mode = "swallow"
        self._flowing.clear()

    def reset(self) -> None:
        """Cut every connection with RST, and each new one at once, until `pass_through`."""
        self._mode = "reset"
        self._flowing.set()
        self._abort_all()

    def cut(self) -> None:
        """Cut the present connections with RST once; new ones pass."""
        self._abort_all()

    def delay(self, by: timedelta) -> None:
        """Hold every chunk back for that long, in each direction."""
        self._delay = by

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        self._writers.add(writer)
        self.connections += 1
        try:
            await self._link(reader, writer)
        except (OSError, TimeoutError):
            pass  # one side is gone; the other learns it below
        finally:
            _abort(writer)
            self._writers.discard(writer)
            self._links.discard(task)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode == "reset":
            return
        await self._flowing.wait()
        async with asyncio.timeout(_CONNECT_S):
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        self._writers.add(far_writer)
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump(reader, far_writer))
                pumps.create_task(self._pump(far_reader, writer))
        except* OSError:
            pass
        finally:
            _abort(far_writer)
            self._writers.discard(far_writer)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while chunk := await source.read(_CHUNK):
            if self._delay:
                await asyncio.sleep(self._delay.total_seconds())
            await self._flowing.wait()
            sink.write(chunk)
            await sink.drain()
        await self._flowing.wait()  # the end of a stream does not cross a black hole either
        with contextlib.suppress(OSError):
            sink.write_eof()

    def _abort_all(self) -> None:
        for writer in list(self._writers):
            _abort(writer)


def _abort(writer: asyncio.StreamWriter) -> None:
    """Close with RST (SO_LINGER 0): the other side sees an error, not an orderly end."""
    sock = writer.get_extra_info("socket")
    if sock is not None and not writer.transport.is_closing():
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
