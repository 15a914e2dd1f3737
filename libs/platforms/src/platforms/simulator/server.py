"""The simulated network: publish, read a post, read a thread, be unreachable for a while.

    POST /posts     {network, account, in_reply_to, visibility, text} -> 201 {id, created_at}
                    headers: Idempotency-Key, X-Simulate: <fault>
    GET  /posts     every post · GET /posts/{id} · GET /threads/{native id}: what answers it
    POST /outage    {"seconds": 2}: connections are refused for so long

The effect, where there is one, is durable before the answer or the lie is begun.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from common.ids import new_id
from platforms.simulator import http
from platforms.simulator.faults import Fault, FaultPlan
from platforms.simulator.posts import Post, PostLog

_FIELDS = ("network", "account", "in_reply_to", "visibility", "text")
_SILENCE_S = 120.0
_PARTING_S = 2.0


class Keys(StrEnum):
    """Whether a repeated Idempotency-Key publishes again, as most networks do."""

    IGNORED = "ignored"
    HONOURED = "honoured"


class Simulator:
    """One simulated network on one port. `start`, then `aclose`; `address` once it listens."""

    def __init__(self, log: PostLog, plan: FaultPlan, *, keys: Keys = Keys.IGNORED) -> None:
        self._log = log
        self._plan = plan
        self._keys = keys
        self._server: asyncio.Server | None = None
        self._address = ("127.0.0.1", 0)
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending = asyncio.Event()
        self.requests = 0

    @property
    def address(self) -> str:
        """The base URL."""
        return f"http://{self._address[0]}:{self._address[1]}"

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one."""
        self._server = await asyncio.start_server(self._serve, host, port)
        self._address = self._server.sockets[0].getsockname()[:2]

    async def stop_listening(self) -> None:
        """From now on connections are refused; those that are open go on."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def listen_again(self) -> None:
        """The opposite, at the same address."""
        self._server = await asyncio.start_server(self._serve, *self._address)

    async def aclose(self) -> None:
        """Stop listening, hang up on whoever is still being lied to, close the log."""
        self._ending.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_PARTING_S)
        if self._server is not None:
            self._server.close()
        self._log.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            await self._answer(await http.read_request(reader), writer)
            if not writer.is_closing():
                await writer.drain()
        except http.BadRequestError as error:
            http.respond(writer, 400, {"error": str(error)})
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            http.reset(writer)
        finally:
            writer.close()

    async def _answer(self, request: http.Request, writer: asyncio.StreamWriter) -> None:
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["posts"]:
                await self._publish(request, writer)
            case "POST", ["outage"]:
                seconds = float(request.json().get("seconds", 1.0))
                http.respond(writer, 200, {"seconds": seconds})
                self._start(self._be_away(seconds))
            case "GET", ["health", "ready" | "live"]:
                http.respond(writer, 200, {"status": "ok"})
            case "GET", ["posts"]:
                http.respond(writer, 200, {"posts": [asdict(post) for post in self._log.all()]})
            case "GET", ["posts", wanted]:
                found = [asdict(post) for post in self._log.all() if post.id == wanted]
                http.respond(writer, 200 if found else 404, found[0] if found else {})
            case "GET", ["threads", *rest]:
                posts = [asdict(post) for post in self._log.thread("/".join(rest))]
                http.respond(writer, 200, {"posts": posts})
            case _:
                http.respond(writer, 404, {"error": "no such thing"})

    async def _publish(self, request: http.Request, writer: asyncio.StreamWriter) -> None:
        self.requests += 1
        body = request.json()
        try:
            fault = self._plan.draw(request.headers.get("x-simulate"))
        except ValueError as error:
            raise http.BadRequestError("no such fault") from error
        if any(not isinstance(body.get(name), str) for name in _FIELDS):
            http.respond(writer, 422, {"error": "a field is missing"})
            return
        match fault:
            case Fault.REFUSED_4XX:
                http.respond(writer, 422, {"error": "not here"})
                return
            case Fault.RATE_LIMITED:
                http.respond(writer, 429, {"error": "slow down"}, headers={"retry-after": "1"})
                return
            case Fault.RESET_BEFORE_EFFECT:
                http.reset(writer)
                return
        post = self._effect(body, request.headers.get("idempotency-key"), fault)
        match fault:
            case Fault.EFFECT_THEN_TIMEOUT:
                await self._say_nothing()
            case Fault.EFFECT_THEN_RESET:
                http.reset(writer)
            case Fault.EFFECT_THEN_5XX:
                http.respond(writer, 503, {"error": "something went wrong"})
            case _:
                http.respond(writer, 201, {"id": post.id, "created_at": post.created_at})

    def _effect(self, body: dict[str, Any], key: str | None, fault: Fault) -> Post:
        if self._keys is Keys.HONOURED and key and (known := self._log.by_key(key)):
            return known
        post = Post(
            id=f"post-{new_id().hex}",
            **{name: body[name] for name in _FIELDS},
            created_at=datetime.now(UTC).isoformat(),
            idempotency_key=key,
            fault=fault.value,
        )
        self._log.add(post)
        return post

    async def _say_nothing(self) -> None:
        try:
            await asyncio.wait_for(self._ending.wait(), _SILENCE_S)
        except TimeoutError:
            return

    async def _be_away(self, seconds: float) -> None:
        await self.stop_listening()
        try:
            await asyncio.wait_for(self._ending.wait(), seconds)
        except TimeoutError:
            await self.listen_again()

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
