"""The least HTTP/1.1 that a simulated network needs, on bare streams.

A framework would get in the way: a lie such as "reset after the effect" needs the socket itself.
One request per connection; bodies by Content-Length only, at most 1 MB.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

_MAX_BODY = 1_048_576
_READ_S = 10.0
_REASONS = {200: "OK", 201: "Created", 400: "Bad Request", 404: "Not Found"}


class BadRequestError(Exception):
    """What arrived is no request that this program understands."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request; header names are in lower case, `query` holds the first value per name."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as an object. Raises BadRequestError for anything else."""
        try:
            value = orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise BadRequestError("the body is not JSON") from error
        if not isinstance(value, dict):
            raise BadRequestError("the body is not an object")
        return value


async def read_request(reader: asyncio.StreamReader) -> Request:
    """The request on the connection. Raises BadRequestError, IncompleteReadError, TimeoutError."""
    async with asyncio.timeout(_READ_S):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = head.split("\r\n")
        try:
            method, target, _ = lines[0].split(" ", 2)
        except ValueError as error:
            raise BadRequestError("no request line") from error
        pairs = (line.partition(":") for line in lines[1:] if line)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        size = int(headers.get("content-length", "0"))
        if size > _MAX_BODY:
            raise BadRequestError("the body is too large")
        body = await reader.readexactly(size)
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return Request(method, unquote(parts.path), query, headers, body)


def respond(
    writer: asyncio.StreamWriter,
    status: int,
    body: Any,
    *,
    headers: dict[str, str] | None = None,
) -> None:
    """Write a JSON answer; the connection is closed by the caller."""
    payload = orjson.dumps(body)
    lines = [
        f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}",
        "content-type: application/json",
        f"content-length: {len(payload)}",
        "connection: close",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + payload)


def reset(writer: asyncio.StreamWriter) -> None:
    """Cut the connection with a TCP RST, so that the far side sees a reset and not an end."""
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
