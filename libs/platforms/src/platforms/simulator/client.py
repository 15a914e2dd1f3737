"""The simulator's dialect as an adapter: plain JSON over HTTP, no idempotency, threads to read.

What a network without any help looks like: a repeat posts twice, so nothing is ever repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import msgspec

from platforms.adapter import (
    Audience,
    Capabilities,
    Ending,
    Finding,
    Found,
    Idempotency,
    Letter,
    Limit,
    Observation,
    Prepared,
    Reach,
    ReadBack,
    Result,
    ThreadPost,
    UnreadableError,
)
from platforms.http import DEFINITE_NO, Answer, BoundedClient, NoAnswerError
from platforms.rate_limits import wait_told


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


class SimulatorAdapter:
    """Posts to `base_url`; `timeout` bounds a whole call, from connecting to the last byte."""

    def __init__(
        self,
        base_url: str,
        *,
        limit: Limit,
        audiences: frozenset[Audience],
        read_back: ReadBack,
        timeout: timedelta,
        proxy: str | None = None,
    ) -> None:
        self._client = BoundedClient(base_url, timeout=timeout, proxy=proxy)
        self._capabilities = Capabilities(
            limits=(limit,),
            audiences=audiences,
            idempotency=Idempotency.NONE,
            read_back=read_back,
        )

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def prepare(self, letter: Letter) -> Prepared | Result:
        """See Adapter; nothing has to be read here."""
        body = {
            "network": letter.network,
            "account": letter.account,
            "in_reply_to": letter.answered.native_id,
            "visibility": letter.audience.value,
            "text": letter.text,
            "key": str(letter.reply_id),
        }
        return Prepared(body=body)

    async def send(self, prepared: Prepared) -> Result:
        """See Adapter."""
        body = {name: value for name, value in prepared.body.items() if name != "key"}
        key = {"Idempotency-Key": str(prepared.body["key"])}
        try:
            answer = await self._client.call("POST", "/posts", json=body, headers=key)
        except NoAnswerError as error:
            return error.result
        return _read_answer(answer)

    async def find(self, prepared: Prepared) -> Found:
        """A post here carries no id of ours: only its thread can be read."""
        return Found(finding=Finding.CANNOT_TELL)

    async def read_thread(self, in_reply_to: str) -> Sequence[ThreadPost]:
        """See Adapter."""
        try:
            answer = await self._client.call("GET", f"/threads/{quote(in_reply_to, safe='')}")
        except NoAnswerError as error:
            raise UnreadableError(error.result.error) from error
        if answer.status != 200:
            raise UnreadableError(f"http_{answer.status}")
        try:
            thread = msgspec.json.decode(answer.body, type=_Thread)
        except msgspec.DecodeError as error:
            raise UnreadableError("answer_unreadable") from error
        return [
            ThreadPost(
                native_id=post.id,
                account=post.account,
                in_reply_to=post.in_reply_to,
                text=post.text,
                created_at=post.created_at,
            )
            for post in thread.posts
            if post.created_at.tzinfo is not None
        ]

    async def observe(self, prepared: Prepared, native_id: str) -> Observation:
        """What it took in, it shows: the simulator publishes or it does not."""
        audience = Audience(str(prepared.body["visibility"]))
        return Observation(reach=Reach.SHOWN, audience=audience)

    async def aclose(self) -> None:
        await self._client.aclose()


def _read_answer(answer: Answer) -> Result:
    if 200 <= answer.status < 300:
        try:
            posted = msgspec.json.decode(answer.body, type=_Posted)
        except msgspec.DecodeError:
            return Result(ending=Ending.UNKNOWN, error="answer_unreadable")
        return Result(ending=Ending.SENT, native_id=posted.id)
    if answer.status == 429:
        wait = wait_told(answer.headers, now=datetime.now(UTC))
        return Result(ending=Ending.RATE_LIMITED, error="rate_limited", retry_after=wait)
    code = f"http_{answer.status}"
    return Result(
        ending=Ending.REFUSED if answer.status in DEFINITE_NO else Ending.UNKNOWN, error=code
    )
