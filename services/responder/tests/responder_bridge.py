"""A bridge for tests: takes signed webhooks, drops repeats by their id, and lies as it is told."""

from __future__ import annotations

import asyncio
import enum
from types import TracebackType

from platforms import standard_webhooks
from platforms.simulator import http


class Lie(enum.Enum):
    """What happens to the next delivery instead of taking it and saying so."""

    TAKE_AND_HANG_UP = "take_and_hang_up"
    TAKE_AND_SAY_NOTHING = "take_and_say_nothing"
    REFUSE_WITH_503 = "refuse_with_503"
    UNAUTHORIZED = "unauthorized"
    SLOW_DOWN = "slow_down"


class Bridge:
    """One endpoint on loopback."""

    def __init__(self) -> None:
        self.secret = standard_webhooks.new_secret()
        self.lies: list[Lie] = []
        self.published: list[str] = []
        """The ids of what was published, in order: a repeat adds nothing."""
        self._bodies: list[tuple[str, bytes]] = []
        self._server: asyncio.Server | None = None
        self._ending = asyncio.Event()
        self.url = ""

    async def __aenter__(self) -> Bridge:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/replies"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        if self._server is not None:
            self._server.close()

    def bodies_of(self, message: str) -> list[bytes]:
        """Every body that arrived under this id, repeats too."""
        return [body for name, body in self._bodies if name == message]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await http.read_request(reader)
            await self._answer(request, writer)
            if not writer.is_closing():
                await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    async def _answer(self, request: http.Request, writer: asyncio.StreamWriter) -> None:
        name = request.headers["webhook-id"]
        self._bodies.append((name, request.body))
        lie = self.lies.pop(0) if self.lies else None
        match lie:
            case Lie.REFUSE_WITH_503:
                http.respond(writer, 503, {})
                return
            case Lie.UNAUTHORIZED:
                http.respond(writer, 401, {})
                return
            case Lie.SLOW_DOWN:
                http.respond(writer, 429, {}, headers={"retry-after": "2"})
                return
        if name not in self.published:
            self.published.append(name)
        if lie is Lie.TAKE_AND_HANG_UP:
            http.reset(writer)
        elif lie is Lie.TAKE_AND_SAY_NOTHING:
            await self._ending.wait()
        else:
            http.respond(writer, 202, {})
