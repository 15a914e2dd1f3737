"""Live streams: Kafka topics as server-sent events, resumable on any replica.

Last-Event-ID carries the offsets of every partition (never a table's id: RELIABILITY 0, finding 2),
so nothing is lost or repeated between two connections. A client that does not read holds up only
itself: nothing is fetched for it meanwhile, and after 20 s it is cut off and may come back.
What is shown is decided by the service: `select` gives an event or None for each record.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from fastapi import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from common.errors import InvalidInputError, PoisonMessageError
from common.kafka.port import BrokerError, Record, TopicPartition
from common.kafka.tail import TopicTail
from common.observability import metrics
from common.observability.logging import get_logger
from common.web.problems import ProblemError

HEARTBEAT_S = 15.0
MOST_STREAMS = 100
_LONGEST_S = 900.0  # then the client comes back, with a token that is still good
_SEND_S = 20.0
_POLL_S = 0.5
_RETRY_MS = 2000
_LONGEST_ID = 4000
_PART = re.compile(r"([A-Za-z0-9._-]{1,200}):(\d{1,6}=\d{1,18}(?:,\d{1,6}=\d{1,18})*)")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_log = get_logger("common.web")


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """What a client sees: a name without line breaks and data, usually JSON, as UTF-8."""

    name: str
    data: bytes


OpenTail = Callable[[], TopicTail]
Beside = Callable[[], Awaitable[StreamEvent | None]]
"""What is told beside the topic: asked about twice a second, None where there is nothing new."""
Select = Callable[[Record], StreamEvent | None]


def topic_stream(
    request: Request, open_tail: OpenTail, *, select: Select, beside: Beside | None = None
) -> Response:
    """A response that streams what `select` makes of the tail's records, until somebody ends it.

    `beside` adds what is in no topic because it is true for seconds only; it cannot be resumed.

    It begins at `Last-Event-ID` (or `?last_event_id=`), without one at the present. A record for
    which `select` raises PoisonMessageError is left out. Where records are missing an event `gap`
    tells the client to load everything anew. Ends when the service stops, after 15 minutes, and
    for clients that do not read. Raises InvalidInputError for an id that is none of ours, and
    ProblemError 503 where there are too many streams.
    """
    last_id = request.headers.get("last-event-id") or request.query_params.get("last_event_id")
    start = parse_event_id(last_id) if last_id else {}
    open_streams: set[object] = request.app.state.open_streams
    if len(open_streams) >= MOST_STREAMS:
        raise ProblemError(
            503, "too_many_streams", "Too many live streams here.", headers={"Retry-After": "5"}
        )
    return _TopicStream(open_tail(), select, start=start, request=request, beside=beside)


def event_id(positions: Mapping[TopicPartition, int]) -> str:
    """The positions as an id: `topic:partition=next_offset,...;topic:...`."""
    topics: dict[str, list[str]] = {}
    for partition, offset in sorted(positions.items()):
        topics.setdefault(partition.topic, []).append(f"{partition.partition}={offset}")
    return ";".join(f"{topic}:{','.join(places)}" for topic, places in topics.items())


def parse_event_id(text: str) -> dict[TopicPartition, int]:
    """The positions that an id names; raises InvalidInputError where it is none of ours."""
    positions: dict[TopicPartition, int] = {}
    for part in text.split(";") if len(text) <= _LONGEST_ID else [""]:
        match = _PART.fullmatch(part)
        if match is None:
            raise InvalidInputError("Last-Event-ID is none of this stream.", code="bad_event_id")
        for place in match[2].split(","):
            number, _, offset = place.partition("=")
            positions[TopicPartition(match[1], int(number))] = int(offset)
    return positions


def encode_event(event: StreamEvent, *, id: str) -> bytes:
    """The event as the lines of a stream (HTML standard, 9.2.5). Raises ValueError for its name."""
    if not _NAME.fullmatch(event.name):
        raise ValueError("the name of a stream event is one plain word")
    lines = re.split(rb"\r\n|\r|\n", event.data)
    data = b"".join(b"data: " + line + b"\n" for line in lines)
    return f"id: {id}\nevent: {event.name}\n".encode() + data + b"\n"


class _TopicStream(Response):
    """The running stream; plain ASGI, so that a client that leaves cancels nothing of ours."""

    media_type = "text/event-stream"

    def __init__(
        self,
        tail: TopicTail,
        select: Select,
        *,
        start: dict[TopicPartition, int],
        request: Request,
        beside: Beside | None = None,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._tail = tail
        self._select = select
        self._beside = beside
        self._start = start
        self._app_state = request.app.state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_until_gone(receive))
        self._app_state.open_streams.add(self)
        metrics.HTTP_STREAMS_OPEN.inc()
        try:
            is_complete = await self._tail.open(self._start)
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            reason = await self._pump(send, gone, is_complete)
            if reason:
                metrics.HTTP_STREAMS_CUT_TOTAL.labels(reason).inc()
        finally:
            self._app_state.open_streams.discard(self)
            metrics.HTTP_STREAMS_OPEN.dec()
            gone.cancel()
            await self._tail.close()

    async def _pump(self, send: Send, gone: asyncio.Task[None], is_complete: bool) -> str | None:
        """Send until somebody ends it; why we did, None where the client went."""
        ends_at = time.monotonic() + _LONGEST_S
        opening = f"retry: {_RETRY_MS}\nid: {self._id()}\n\n".encode()
        if not is_complete:
            opening += encode_event(StreamEvent("gap", b"{}"), id=self._id())
        chunk, beat_at = opening, time.monotonic() + HEARTBEAT_S
        while True:
            if chunk:
                try:
                    await asyncio.wait_for(_send(send, chunk), _SEND_S)
                except TimeoutError:
                    return "slow"
                beat_at = time.monotonic() + HEARTBEAT_S
            if gone.done():
                return None
            if self._app_state.is_stopping() or time.monotonic() > ends_at:
                await _send(send, b"", more=False)
                return "stopping" if self._app_state.is_stopping() else "long"
            try:
                records = await self._tail.read(timeout_s=_POLL_S)
            except BrokerError as error:
                _log.warning("live_stream_failed", error=error)
                await _send(send, b"", more=False)
                return "failed"
            chunk = b"".join(self._frame(record) for record in records) + await self._aside()
            if not chunk and time.monotonic() > beat_at:
                # The id moves the client past records that were not for it.
                chunk = f"id: {self._id()}\n: alive\n\n".encode()

    async def _aside(self) -> bytes:
        event = await self._beside() if self._beside is not None else None
        return b"" if event is None else encode_event(event, id=self._id())

    def _frame(self, record: Record) -> bytes:
        self._tail.passed(record)
        try:
            event = self._select(record)
        except PoisonMessageError:
            return b""
        return encode_event(event, id=self._id()) if event is not None else b""

    def _id(self) -> str:
        return event_id(self._tail.positions)


async def _send(send: Send, chunk: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": more})


async def _until_gone(receive: Receive) -> None:
    with contextlib.suppress(Exception):
        while (await receive())["type"] != "http.disconnect":
            continue
