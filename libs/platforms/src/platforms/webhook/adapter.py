"""Replies as signed webhooks (Standard Webhooks 1.0.0), for bridges to networks not spoken here.

`webhook-id` is the reply's own id and stays the same over all tries, so that the receiver drops
repeats; the timestamp is that of the try. Only 2xx is success; redirects are not followed.
Source: CONNECTORS 10.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from common.errors import ConfigurationError
from platforms import lengths, standard_webhooks
from platforms.adapter import (
    Audience,
    Capabilities,
    Ending,
    Finding,
    Found,
    Idempotency,
    Letter,
    Observation,
    Prepared,
    Reach,
    ReadBack,
    Result,
    ThreadPost,
    Unit,
    UnreadableError,
)
from platforms.http import DEFINITE_NO, Answer, BoundedClient, NoAnswerError
from platforms.rate_limits import wait_told

TYPE = "reply.publish"


def _now() -> datetime:
    return datetime.now(UTC)


class WebhookAdapter:
    """Hands replies to one endpoint. Two secrets during a rotation: both sign."""

    def __init__(
        self,
        url: str,
        secrets: Sequence[str],
        *,
        audiences: frozenset[Audience],
        max_length: int,
        timeout: timedelta,
        proxy: str | None = None,
        now: Callable[[], datetime] = _now,
    ) -> None:
        if not secrets:
            raise ConfigurationError("a webhook channel needs a secret (`whsec_` + base64)")
        self._client = BoundedClient(url, timeout=timeout, proxy=proxy)
        self._secrets = tuple(secrets)
        self._now = now
        self._capabilities = Capabilities(
            limits=(lengths.limit(Unit.CODE_POINTS, max_length),),
            audiences=audiences,
            idempotency=Idempotency.STABLE_ID,
            read_back=ReadBack.NONE,
            settles_within=timedelta(seconds=5),
        )

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def prepare(self, letter: Letter) -> Prepared | Result:
        """See Adapter; the whole message is frozen, only its signature is made anew."""
        message = str(letter.reply_id)
        body = {
            "type": TYPE,
            "timestamp": letter.written_at.isoformat(),
            "data": {
                "reply_id": message,
                "network": letter.network,
                "account": letter.account,
                "in_reply_to": letter.answered.native_id,
                "recipient": letter.answered.author_id,
                "visibility": letter.audience.value,
                "text": letter.text,
            },
        }
        return Prepared(body=body, native_id=message)

    async def send(self, prepared: Prepared) -> Result:
        """See Adapter."""
        assert prepared.native_id is not None, "prepared here"
        body = orjson.dumps(prepared.body)
        headers = standard_webhooks.signed_headers(
            self._secrets, body, message_id=prepared.native_id, sent_at=self._now()
        )
        headers["content-type"] = "application/json"
        try:
            answer = await self._client.call("POST", "", content=body, headers=headers)
        except NoAnswerError as error:
            return error.result
        return self._read(answer, prepared.native_id)

    async def find(self, prepared: Prepared) -> Found:
        """A receiver that drops repeats needs not be asked."""
        return Found(finding=Finding.CANNOT_TELL)

    async def read_thread(self, in_reply_to: str) -> Sequence[ThreadPost]:
        raise UnreadableError("no_read_back")

    async def observe(self, prepared: Prepared, native_id: str) -> Observation:
        """The receiver has it; what the network behind it shows is the receiver's to know."""
        audience = Audience(str(prepared.body["data"]["visibility"]))
        return Observation(reach=Reach.DELIVERED, audience=audience)

    async def aclose(self) -> None:
        await self._client.aclose()

    def _read(self, answer: Answer, message: str) -> Result:
        code = f"http_{answer.status}"
        if 200 <= answer.status < 300:
            return Result(ending=Ending.SENT, native_id=_named(answer.json) or message)
        wait = wait_told(answer.headers, answer.json, now=self._now())
        if answer.status == 410:
            return Result(ending=Ending.ACCOUNT_DEAD, error="endpoint_gone")
        if answer.status in (401, 403):
            return Result(ending=Ending.ACCOUNT_DEAD, error="signature_refused")
        if answer.status == 429:
            return Result(ending=Ending.RATE_LIMITED, error="rate_limited", retry_after=wait)
        if answer.status in DEFINITE_NO or 300 <= answer.status < 400:
            return Result(ending=Ending.REFUSED, error=code)
        return Result(ending=Ending.UNKNOWN, error=code, retry_after=wait)


def _named(body: Any) -> str | None:
    """The id that the receiver gave the post, if it says one."""
    name = body.get("id") if isinstance(body, dict) else None
    return name if isinstance(name, str) and 0 < len(name) <= 500 else None
