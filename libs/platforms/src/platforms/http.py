"""The one HTTP client of the adapters: bounded answers, no redirects, and what a failure proves.

A request that was never sent had no effect; one whose answer was lost may have had. Telling the two
apart is this module's whole point (R2, RELIABILITY 9.5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import orjson

from platforms.adapter import Ending, Result

_MAX_ANSWER = 4_194_304
_CONNECT_S = 2.0

# Answers by which a server says that it looked at the request and did not act on it. Others, such
# as 408, 409 and 425, leave room for an effect and are not here.
DEFINITE_NO = frozenset({400, 401, 403, 404, 405, 410, 411, 413, 414, 415, 422})


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; header names are in lower case. `json` is None where the body is none."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None


class NoAnswerError(Exception):
    """There is no answer; `result` says what that proves."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.error)
        self.result = result


class BoundedClient:
    """An HTTP client for one base address; `timeout` bounds a whole call.

    `proxy` is the only way out where a deployment allows no other; the environment decides nothing.
    """

    def __init__(self, base_url: str, *, timeout: timedelta, proxy: str | None = None) -> None:
        self._seconds = timeout.total_seconds()
        self._client = httpx.AsyncClient(
            base_url=base_url.rstrip("/"),
            timeout=httpx.Timeout(self._seconds, connect=min(_CONNECT_S, self._seconds)),
            follow_redirects=False,
            trust_env=False,
            proxy=proxy,
            # A kept connection that the server has just closed fails after our bytes were written:
            # a needless "unknown". A new one per call is cheap at the rate at which people reply.
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=0),
        )

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer, whatever its status. Raises NoAnswerError."""
        request = self._client.build_request(
            method, path, json=json, content=content, params=params, headers=dict(headers or {})
        )
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._client.send(request, stream=True)
                try:
                    body = await _bounded(answer)
                finally:
                    await answer.aclose()
        except (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.PoolTimeout,
            httpx.ProxyError,  # the proxy said no before anything reached the network
        ) as error:
            raise NoAnswerError(Result(ending=Ending.NOT_NOW, error="not_reached")) from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise NoAnswerError(Result(ending=Ending.UNKNOWN, error="timed_out")) from error
        except (httpx.HTTPError, _TooLongError) as error:
            code = f"broken_off_{type(error).__name__}"
            raise NoAnswerError(Result(ending=Ending.UNKNOWN, error=code)) from error
        names = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status_code, names, body)

    async def aclose(self) -> None:
        await self._client.aclose()


class _TooLongError(Exception):
    """The answer is longer than any honest one."""


async def _bounded(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > _MAX_ANSWER:
            raise _TooLongError
    return bytes(body)
