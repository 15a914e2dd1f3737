"""A frontend's end of a live stream: opens it, keeps what it is told, resumes where it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import orjson


class Told(NamedTuple):
    """One event of the stream: its position (for Last-Event-ID), its type, its data."""

    id: str
    event: str
    data: dict[str, Any]


@asynccontextmanager
async def listening(
    url: str, headers: Mapping[str, str], *, after: str | None = None
) -> AsyncIterator[list[Told]]:
    """What the stream tells, a list that grows while the block runs. `after` is a position.

    The block begins once the stream is open: what happens from then on is told. Raises
    AssertionError where it is refused and TimeoutError where it does not open within 20 s.
    """
    told: list[Told] = []
    opened = asyncio.Event()
    task = asyncio.create_task(_listen(url, headers, after, told, opened))
    waiting = asyncio.create_task(opened.wait())
    try:
        await asyncio.wait({task, waiting}, timeout=20, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        if not opened.is_set():
            raise TimeoutError(f"{url} did not open")
        yield told
    finally:
        task.cancel()
        waiting.cancel()
        await asyncio.wait({task, waiting})


async def _listen(
    url: str,
    headers: Mapping[str, str],
    after: str | None,
    told: list[Told],
    opened: asyncio.Event,
) -> None:
    resumed = {"Last-Event-ID": after} if after else {}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=30) as client,
        client.stream("GET", url, headers={**headers, **resumed}) as answer,
    ):
        assert answer.status_code == 200, answer.status_code
        fields: dict[str, str] = {}
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if line:
                fields[name] = value
                continue
            opened.set()
            if "data" in fields:
                told.append(Told(fields["id"], fields["event"], orjson.loads(fields["data"])))
            fields = {}
