"""A bridge for tests: takes signed webhooks, drops repeats by their id, and lies as it is told."""

from __future__ import annotations

import asyncio
import enum
from types import TracebackType

from platforms import standard_webhooks
from platforms.simulator import http
from platforms.simulator.faults import Fault, FaultPlan


class Lie(enum.Enum):
    """What happens to the next delivery instead of taking it and saying so."""

    TAKE_AND_HANG_UP = "take_and_hang_up"
    TAKE_AND_SAY_NOTHING = "take_and_say_nothing"
    TAKE_AND_SAY_503 = "take_and_say_503"
    HANG_UP = "hang_up"
    REFUSE_FOR_GOOD = "refuse_for_good"
    REFUSE_WITH_503 = "refuse_with_503"
    UNAUTHORIZED = "unauthorized"
    SLOW_DOWN = "slow_down"


_LIE_OF = {
    Fault.EFFECT_THEN_TIMEOUT: Lie.TAKE_AND_SAY_NOTHING,
    Fault.EFFECT_THEN_RESET: Lie.TAKE_AND_HANG_UP,
    Fault.EFFECT_THEN_5XX: Lie.TAKE_AND_SAY_503,
    Fault.RESET_BEFORE_EFFECT: Lie.HANG_UP,
    Fault.REFUSED_4XX: Lie.REFUSE_FOR_GOOD,
    Fault.RATE_LIMITED: Lie.SLOW_DOWN,
    Fault.NONE: None,
}


class Bridge:
    """One endpoint on loopback. It lies by `plan`, or one by one as in `lies`."""

    def __init__(self, plan: FaultPlan | None = None, *, pause_s: int = 2) -> None:
        self.secret = standard_webhooks.new_secret()
        self.lies: list[Lie] = []
        self._plan = plan
        self._pause_s = pause_s
        self._published: dict[str, None] = {}
        self._bodies: dict[str, list[bytes]] = {}
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

    @property
    def published(self) -> list[str]:
        """The ids of what was published, in order: a repeat adds nothing."""
        return list(self._published)

    def bodies_of(self, message: str) -> list[bytes]:
        """Every body that arrived under this id, repeats too."""
        return self._bodies.get(message, [])

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
        self._bodies.setdefault(name, []).append(request.body)
        if self.lies:
            lie: Lie | None = self.lies.pop(0)
        else:
            lie = _LIE_OF[self._plan.draw(None)] if self._plan else None
        match lie:
            case Lie.HANG_UP:
                http.reset(writer)
                return
            case Lie.REFUSE_FOR_GOOD:
                http.respond(writer, 422, {})
                return
            case Lie.REFUSE_WITH_503:
                http.respond(writer, 503, {})
                return
            case Lie.UNAUTHORIZED:
                http.respond(writer, 401, {})
                return
            case Lie.SLOW_DOWN:
                http.respond(writer, 429, {}, headers={"retry-after": str(self._pause_s)})
                return
        self._published.setdefault(name)
        if lie is Lie.TAKE_AND_HANG_UP:
            http.reset(writer)
        elif lie is Lie.TAKE_AND_SAY_NOTHING:
            await self._ending.wait()
        elif lie is Lie.TAKE_AND_SAY_503:
            http.respond(writer, 503, {})
        else:
            http.respond(writer, 202, {})
