"""The app behind a real socket: serving and stopping, chunked bodies, live streams from Kafka."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response

from common.errors import PoisonMessageError
from common.kafka.port import Record
from common.kafka.tail import TopicTail
from common.observability import metrics
from common.settings import HttpSettings, KafkaSettings
from common.testing.eventually import eventually
from common.testing.kafka import Outgoing, produce, topics
from common.web.app import create_app, serve
from common.web.auth import DevIssuer, public
from common.web.sse import StreamEvent, topic_stream

ISSUER = DevIssuer("a secret for tests that has enough bytes")
LIMIT = 5000


def app_with(router: APIRouter, **state: Any) -> FastAPI:
    return create_app(
        service="test",
        version="1",
        routers=[router],
        state=state,
        auth=ISSUER,
        readiness={},
        liveness={},
        max_body_bytes=LIMIT,
    )


class Running:
    """An app that is being served until `end`."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.stop = asyncio.Event()
        self.task = asyncio.create_task(
            serve(app, HttpSettings(http_port=0), self.stop), name="serve"
        )

    @property
    def url(self) -> str:
        host, port = self.app.state.address
        return f"http://{host}:{port}"

    async def answers(self) -> bool:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"{self.url}/health/live")).is_success

    async def end(self) -> None:
        self.stop.set()
        await asyncio.wait_for(self.task, 8)


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[Running]:
    running = Running(app)
    try:
        await eventually(running.answers, retry_on=(httpx.TransportError, AttributeError))
        yield running
    finally:
        await running.end()


def plain() -> APIRouter:
    router = APIRouter(dependencies=[Depends(public())])

    @router.post("/echo")
    async def echo(request: Request) -> int:
        return len(await request.body())

    return router


# --- serving -----------------------------------------------------------------------------------


async def test_a_running_request_is_finished_after_stop_and_new_ones_are_not_taken() -> None:
    router = APIRouter(dependencies=[Depends(public())])
    entered, leave = asyncio.Event(), asyncio.Event()

    @router.get("/slow")
    async def slow() -> str:
        entered.set()
        await leave.wait()
        return "done"

    async with serving(app_with(router)) as running, httpx.AsyncClient() as client:
        answer = asyncio.create_task(client.get(f"{running.url}/slow"))
        await entered.wait()
        running.stop.set()

        async def refused() -> bool:
            with pytest.raises(httpx.TransportError):
                async with httpx.AsyncClient() as other:
                    await other.get(f"{running.url}/health/live")
            return True

        await eventually(refused, retry_on=(AssertionError, pytest.fail.Exception))
        leave.set()
        assert (await answer).json() == "done"


async def test_a_taken_port_is_an_error_and_not_a_silence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = HttpSettings(http_port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            await serve(app_with(plain()), settings, asyncio.Event())


async def test_a_chunked_body_over_the_limit_is_refused_on_the_wire() -> None:
    async with serving(app_with(plain())) as running:
        host, port = running.app.state.address
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(
            b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/octet-stream\r\n\r\n"
        )
        for _ in range(LIMIT // 1000 + 1):
            writer.write(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        await writer.drain()
        # The body never ends: the answer must come all the same.
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        assert head.startswith(b"HTTP/1.1 413 ")
        writer.close()


async def test_a_client_that_leaves_cancels_nothing() -> None:
    router, entered, finished = APIRouter(), asyncio.Event(), asyncio.Event()

    @router.post("/work", dependencies=[Depends(public())])
    async def work(request: Request) -> None:
        entered.set()
        while (await request.receive())["type"] != "http.disconnect":
            continue
        await asyncio.sleep(0)  # a cancellation would strike here
        finished.set()

    async with serving(app_with(router)) as running:
        host, port = running.app.state.address
        _, writer = await asyncio.open_connection(host, port)
        writer.write(b"POST /work HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        await entered.wait()
        writer.close()
        await asyncio.wait_for(finished.wait(), 5)


# --- live streams --------------------------------------------------------------------------------


def show(record: Record) -> StreamEvent | None:
    """Of the records `a...` an event, of `poison` an error, of all others nothing."""
    value = record.value or b""
    if value == b"poison":
        raise PoisonMessageError("undecodable")
    return StreamEvent("case", value) if value.startswith(b"a") else None


@asynccontextmanager
async def streaming(bootstrap: str, *names: str) -> AsyncIterator[Running]:
    router = APIRouter(dependencies=[Depends(public())])
    settings = KafkaSettings(kafka_bootstrap=bootstrap)

    def open_tail() -> TopicTail:
        return TopicTail(settings, names, client_id="test-live")

    @router.get("/live")
    async def live(request: Request) -> Response:
        return topic_stream(request, request.app.state.open_tail, select=show)

    async with serving(app_with(router, open_tail=open_tail)) as running:
        yield running


class Listener:
    """A browser's EventSource, as far as the tests need one."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()
        self.last_id = ""

    async def next(self, *, within: float = 20) -> tuple[str, str]:
        """The next event with data, as (name, data)."""
        name, data = "message", []
        async with asyncio.timeout(within):
            async for line in self._lines:
                field, _, value = line.partition(": ")
                if field == "id":
                    self.last_id = value
                elif field == "event":
                    name = value
                elif field == "data":
                    data.append(value)
                elif not line and data:
                    return name, "\n".join(data)
        raise EOFError

    async def opened(self) -> None:
        """Read the opening lines: the stream is at its place then."""
        async with asyncio.timeout(20):
            async for line in self._lines:
                if line.startswith("id: "):
                    self.last_id = line[4:]
                    return


@asynccontextmanager
async def listening(running: Running, last_id: str | None = None) -> AsyncIterator[Listener]:
    headers = {"Last-Event-ID": last_id} if last_id else {}
    async with (
        httpx.AsyncClient(timeout=30) as client,
        client.stream("GET", f"{running.url}/live", headers=headers) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        listener = Listener(response)
        await listener.opened()
        yield listener


def say(*values: str, partition: int = 0) -> list[Outgoing]:
    return [Outgoing(value.encode(), partition=partition) for value in values]


@pytest.mark.kafka
async def test_a_stream_begins_now_and_shows_what_is_chosen(kafka_bootstrap: str) -> None:
    async with topics(kafka_bootstrap, "live", "other") as (one, two):
        await produce(kafka_bootstrap, one, say("a-before"))
        async with streaming(kafka_bootstrap, one, two) as running, listening(running) as listener:
            await produce(kafka_bootstrap, one, say("b1", "poison", "a1", "b2", "a2\nline 2"))
            assert await listener.next() == ("case", "a1")
            assert await listener.next() == ("case", "a2\nline 2")
            await produce(kafka_bootstrap, two, say("a3", partition=3))
            assert await listener.next() == ("case", "a3")


@pytest.mark.kafka
async def test_a_stream_goes_on_where_it_broke_off_without_gap_or_repetition(
    kafka_bootstrap: str,
) -> None:
    async with (
        topics(kafka_bootstrap, "live") as (topic,),
        streaming(kafka_bootstrap, topic) as running,
        streaming(kafka_bootstrap, topic) as replica,
    ):
        seen: list[str] = []
        async with listening(running) as listener:
            for partition in range(4):
                await produce(
                    kafka_bootstrap,
                    topic,
                    say(*(f"a{partition}{n}" for n in range(10)), partition=partition),
                )
            seen += [(await listener.next())[1] for _ in range(17)]
            last_id = listener.last_id
        await produce(kafka_bootstrap, topic, say("a-while-away", partition=2))
        # Another process takes over: the positions are all it needs.
        async with listening(replica, last_id) as listener:
            seen += [(await listener.next())[1] for _ in range(24)]
        expected = [f"a{partition}{n}" for partition in range(4) for n in range(10)]
        assert sorted(seen) == sorted([*expected, "a-while-away"])


@pytest.mark.kafka
async def test_missing_records_are_told(kafka_bootstrap: str) -> None:
    async with topics(kafka_bootstrap, "live") as (topic,):
        await produce(kafka_bootstrap, topic, say("a1"))
        async with streaming(kafka_bootstrap, topic) as running:
            ahead = f"{topic}:0=900,1=0,2=0,3=0"
            async with listening(running, ahead) as listener:
                assert await listener.next() == ("gap", "{}")
                await produce(kafka_bootstrap, topic, say("a2"))
                assert await listener.next() == ("case", "a2")
            new_partition = f"{topic}:1=0,2=0,3=0"
            async with listening(running, new_partition) as listener:
                assert await listener.next() == ("case", "a1")


@pytest.mark.kafka
async def test_a_quiet_stream_beats_and_moves_its_id_past_what_was_not_shown(
    kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.web.sse.HEARTBEAT_S", 0.2)
    async with (
        topics(kafka_bootstrap, "live") as (topic,),
        streaming(kafka_bootstrap, topic) as running,
        listening(running) as listener,
    ):
        await produce(kafka_bootstrap, topic, say("b1", "b2"))
        seen = []
        async with asyncio.timeout(20):
            async for line in listener._lines:
                seen.append(line)
                if f"id: {topic}:0=2," in line:
                    break
        assert ": alive" in seen or (await anext(listener._lines)) == ": alive"


@pytest.mark.kafka
async def test_streams_end_when_the_service_stops(kafka_bootstrap: str) -> None:
    async with topics(kafka_bootstrap, "live") as (topic,):
        async with streaming(kafka_bootstrap, topic) as running:
            async with listening(running) as listener:
                assert metrics.HTTP_STREAMS_OPEN._value.get() == 1
                running.stop.set()
                with pytest.raises(EOFError):
                    await listener.next(within=5)
            await asyncio.wait_for(running.task, 5)
        assert metrics.HTTP_STREAMS_OPEN._value.get() == 0


@pytest.mark.kafka
async def test_a_client_that_leaves_frees_its_stream(kafka_bootstrap: str) -> None:
    async with (
        topics(kafka_bootstrap, "live") as (topic,),
        streaming(kafka_bootstrap, topic) as running,
    ):
        async with listening(running):
            assert len(running.app.state.open_streams) == 1
        await eventually(lambda: not running.app.state.open_streams)


@pytest.mark.kafka
async def test_a_client_that_does_not_read_is_cut_off(
    kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.web.sse._SEND_S", 0.3)
    async with (
        topics(kafka_bootstrap, "live") as (topic,),
        streaming(kafka_bootstrap, topic) as running,
    ):
        host, port = running.app.state.address
        _, writer = await asyncio.open_connection(host, port, limit=1024)
        writer.write(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
        await eventually(lambda: running.app.state.open_streams)
        await eventually(lambda: metrics.HTTP_STREAMS_OPEN._value.get() == 1)
        big = "a" * 500_000

        async def cut() -> bool:
            await produce(kafka_bootstrap, topic, say(big))
            return not running.app.state.open_streams

        await eventually(cut, within=timedelta(seconds=40))
        writer.close()


@pytest.mark.kafka
async def test_there_is_a_limit_to_streams(
    kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.web.sse.MOST_STREAMS", 1)
    async with (
        topics(kafka_bootstrap, "live") as (topic,),
        streaming(kafka_bootstrap, topic) as running,
        listening(running),
        httpx.AsyncClient() as client,
    ):
        answer = await client.get(f"{running.url}/live")
        assert (answer.status_code, answer.json()["code"]) == (503, "too_many_streams")


@pytest.mark.parametrize(
    "last_id", ["nonsense", "a:1", "a:1=x", "a:1=2;", "a:1=2,", "a b:1=2", "x" * 5000, "a:-1=2"]
)
async def test_an_event_id_that_is_none_of_ours_is_422(last_id: str) -> None:
    async with (
        streaming("127.0.0.1:1", "nothing") as running,
        httpx.AsyncClient() as client,
    ):
        answer = await client.get(f"{running.url}/live", headers={"Last-Event-ID": last_id})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_event_id")


async def test_absent_brokers_are_503_and_leave_nothing_open() -> None:
    async with (
        streaming("127.0.0.1:1", "nothing") as running,
        httpx.AsyncClient(timeout=20) as client,
    ):
        answer = await client.get(f"{running.url}/live")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert not running.app.state.open_streams
