"""The customer data port against a real HTTP server that is fine, slow, broken, or away (S112)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from router.gateways.customers import Author, HttpCustomerData, Lookup, NoCustomerData

KURT = Author("bluesky", "a-17", "kurt.example")
KNOWN = {
    "customers": [
        {
            "customer_id": "K-4711",
            "name": "Kurt Kolben",
            "email": "kurt@post.example",
            "customer_since": "2019-05-01",
            "products": ["Tourer 800"],
            "contacts": [
                {"at": "2026-01-07T09:00:00Z", "channel": "phone", "subject": "Kette"},
            ],
            "a_field_we_do_not_know": {"x": 1},
        }
    ]
}
Respond = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Crm:
    """A server on a real socket; `respond` is what it does with a request."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.requests: list[str] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
            await self.respond(writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the caller went away, as it should
        finally:
            writer.close()


@asynccontextmanager
async def crm(respond: Respond) -> AsyncIterator[Crm]:
    made = Crm(respond)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/"
    try:
        yield made
    finally:
        server.close()


def says(status: str, body: bytes = b"", *headers: str) -> Respond:
    async def respond(writer: asyncio.StreamWriter) -> None:
        head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
        writer.write("\r\n".join([*head, *headers, "", ""]).encode() + body)
        await writer.drain()

    return respond


async def silent(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def dripping(writer: asyncio.StreamWriter) -> None:
    """Each read is quick, the whole never ends: a time-out per read alone would wait for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def hanging_up(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@asynccontextmanager
async def port(url: str, **more: Any) -> AsyncIterator[HttpCustomerData]:
    made = HttpCustomerData(url, token="for-tests", timeout_s=0.3, **more)
    try:
        yield made
    finally:
        await made.close()


async def test_a_crm_that_is_fine_is_asked_by_the_contract_and_believed() -> None:
    async with crm(says("200 OK", json.dumps(KNOWN).encode())) as server, port(server.url) as data:
        found = await data.find(KURT)
    assert found.degraded_because is None
    (customer,) = found.customers
    assert (customer.customer_id, customer.phone, customer.products) == (
        "K-4711",
        None,
        ("Tourer 800",),
    )
    assert customer.contacts[0].subject == "Kette"
    request = server.requests[0]
    assert request.startswith(
        "GET /v1/customers?network=bluesky&author_id=a-17&handle=kurt.example HTTP/1.1"
    )
    assert "authorization: bearer for-tests" in request.lower()


async def test_a_crm_that_knows_nobody_is_not_degraded() -> None:
    async with crm(says("404 Not Found")) as server, port(server.url) as data:
        assert await data.find(KURT) == Lookup()


@pytest.mark.parametrize(
    ("respond", "reason"),
    [
        (silent, "timeout"),
        (dripping, "timeout"),
        (hanging_up, "unreachable"),
        (says("500 Oops"), "refused"),
        (says("302 Found", b"", "Location: http://127.0.0.1:1/elsewhere"), "refused"),
        (says("200 OK", b"<html>"), "bad_answer"),
        (says("200 OK", b'{"customers": [{"name": "nobody"}]}'), "bad_answer"),
        (says("200 OK", b'{"customers": [' + b" " * 300_000 + b"]}"), "bad_answer"),
    ],
)
async def test_whatever_is_wrong_is_said_and_takes_no_longer_than_the_time_out(
    respond: Respond, reason: str
) -> None:
    async with crm(respond) as server, port(server.url) as data:
        began = time.monotonic()
        assert await data.find(KURT) == Lookup(degraded_because=reason)
        assert time.monotonic() - began < 1.5


async def test_after_failures_nobody_waits_until_a_trial_succeeds() -> None:
    now = [0.0]
    async with (
        crm(says("503 Busy")) as server,
        port(server.url, monotonic=lambda: now[0]) as data,
    ):
        for _ in range(5):
            assert (await data.find(KURT)).degraded_because == "refused"
        assert (await data.find(KURT)).degraded_because == "circuit_open"
        assert len(server.requests) == 5
        server.respond = says("200 OK", json.dumps(KNOWN).encode())
        now[0] = 31.0
        assert len((await data.find(KURT)).customers) == 1
        assert (await data.find(KURT)).degraded_because is None


async def test_a_caller_who_goes_away_during_the_trial_leaves_no_trial_behind() -> None:
    now = [0.0]
    async with (
        crm(says("503 Busy")) as server,
        port(server.url, monotonic=lambda: now[0]) as data,
    ):
        for _ in range(5):
            await data.find(KURT)
        now[0], server.respond = 31.0, silent
        asking = asyncio.create_task(data.find(KURT))
        await asyncio.sleep(0.05)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        server.respond = says("404 Not Found")
        assert await data.find(KURT) == Lookup()


async def test_nobody_there_and_nothing_configured() -> None:
    async with port("http://127.0.0.1:9") as data:
        assert (await data.find(KURT)).degraded_because == "unreachable"
    assert (await NoCustomerData().find(KURT)).degraded_because == "not_configured"
