"""A network spoken to in plain JSON over HTTP: the platform simulator's dialect.

The whole art is in telling a definite no from silence. What may have taken effect is UNCLEAR, and
nobody repeats it (R2, RELIABILITY 9.5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

import httpx
import msgspec

from responder.domain.channels import Capabilities
from responder.domain.content import Content
from responder.domain.dispatches import Ending, Outcome
from responder.domain.read_back import Post
from responder.gateways.channel import ThreadUnreadableError

# Answers by which a server says that it looked at the request and did not act on it. Others, such
# as 408, 409 and 425, leave room for an effect and are not here.
_DEFINITE_NO = frozenset({400, 401, 403, 404, 405, 410, 411, 413, 414, 415, 422})
_MAX_ANSWER = 1_048_576
_CONNECT_S = 2.0


class _Posted(msgspec.Struct):
    id: str


class _Found(msgspec.Struct):
    id: str
    account: str
    in_reply_to: str
    text: str
    created_at: datetime


class _Thread(msgspec.Struct):
    posts: list[_Found]


class HttpChannel:
    """Posts to `base_url`; `timeout` bounds a whole call, from connecting to the last byte."""

    def __init__(self, base_url: str, capabilities: Capabilities, *, timeout: timedelta) -> None:
        self._capabilities = capabilities
        self._seconds = timeout.total_seconds()
        self._client = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(self._seconds, connect=min(_CONNECT_S, self._seconds)),
            follow_redirects=False,
            trust_env=False,
            # A kept connection that the server has just closed fails after our bytes were written:
            # a needless "unknown". A new one per post is cheap at the rate at which people reply.
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=0),
        )

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def aclose(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def send(self, content: Content, *, idempotency_key: str) -> Outcome:
        """See Channel.send. Error codes name our finding, never the network's words."""
        try:
            async with asyncio.timeout(self._seconds):
                status, retry_after, body = await self._post(content, idempotency_key)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            return Outcome(ending=Ending.HELD_OFF, error="not_reached")
        except (TimeoutError, httpx.TimeoutException):
            return Outcome(ending=Ending.UNCLEAR, error="timed_out")
        except (httpx.HTTPError, _TooLongError) as error:
            return Outcome(ending=Ending.UNCLEAR, error=f"broken_off_{type(error).__name__}")
        return _read_answer(status, retry_after, body)

    async def read_thread(self, content: Content) -> Sequence[Post]:
        """See Channel.read_thread."""
        try:
            async with asyncio.timeout(self._seconds):
                path = f"/threads/{quote(content.in_reply_to, safe='')}"
                async with self._client.stream("GET", path) as answer:
                    answer.raise_for_status()
                    thread = msgspec.json.decode(await _bounded(answer), type=_Thread)
        except (TimeoutError, httpx.HTTPError, _TooLongError, msgspec.DecodeError) as error:
            raise ThreadUnreadableError(type(error).__name__) from error
        return [
            Post(
                platform_id=post.id,
                account=post.account,
                in_reply_to=post.in_reply_to,
                text=post.text,
                created_at=post.created_at,
            )
            for post in thread.posts
            if post.created_at.tzinfo is not None
        ]

    async def _post(self, content: Content, key: str) -> tuple[int, str | None, bytes]:
        body = {
            "network": content.network,
            "account": content.account,
            "in_reply_to": content.in_reply_to,
            "visibility": content.visibility.value,
            "text": content.text,
        }
        request = self._client.build_request(
            "POST", "/posts", json=body, headers={"Idempotency-Key": key}
        )
        answer = await self._client.send(request, stream=True)
        try:
            return answer.status_code, answer.headers.get("retry-after"), await _bounded(answer)
        finally:
            await answer.aclose()


class _TooLongError(Exception):
    """The answer is longer than any honest one."""


async def _bounded(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > _MAX_ANSWER:
            raise _TooLongError
    return bytes(body)


def _read_answer(status: int, retry_after: str | None, body: bytes) -> Outcome:
    if 200 <= status < 300:
        try:
            posted = msgspec.json.decode(body, type=_Posted)
        except msgspec.DecodeError:
            return Outcome(ending=Ending.UNCLEAR, error="answer_unreadable")
        return Outcome(ending=Ending.SENT, platform_id=posted.id)
    if status == 429:
        return Outcome(
            ending=Ending.HELD_OFF, error="rate_limited", retry_after=_seconds(retry_after)
        )
    if status in _DEFINITE_NO:
        return Outcome(ending=Ending.REFUSED, error=f"http_{status}")
    return Outcome(ending=Ending.UNCLEAR, error=f"http_{status}")


def _seconds(retry_after: str | None) -> timedelta | None:
    # This dialect says seconds; a day is the longest we believe.
    if retry_after is None or not retry_after.isascii() or not retry_after.isdigit():
        return None
    return timedelta(seconds=min(int(retry_after[:6]), 86_400))
