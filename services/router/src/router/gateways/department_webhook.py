"""A department's own system by signed webhook (Standard Webhooks), out and back.

`webhook-id` is the message's id and stays over retries, so that the receiver can drop a
repetition. Which secret belongs to which department is the environment's; the address is the
configuration's.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import orjson

from common.clock import Clock
from platforms import standard_webhooks
from router.domain.department_letters import OutgoingMessage
from router.gateways.errors import NotTakenError, RefusedError

_GONE = 410
_TOO_MANY = frozenset({408, 425, 429})


class DepartmentWebhook:
    """Posts questions, reminders and withdrawals as JSON. `secrets` are by department id."""

    def __init__(
        self, client: httpx.AsyncClient, secrets: Mapping[str, str], *, clock: Clock
    ) -> None:
        self._client = client
        self._secrets = secrets
        self._clock = clock

    async def send(self, message: OutgoingMessage) -> None:
        """Hand it over. Raises NotTakenError (later again) or RefusedError (never)."""
        secret = self._secrets.get(message.department)
        if secret is None:
            raise RefusedError("no_webhook_secret")
        body = orjson.dumps(_document(message))
        headers = standard_webhooks.signed_headers(
            [secret], body, message_id=str(message.message_id), sent_at=self._clock.now()
        )
        try:
            answer = await self._client.post(
                message.address,
                content=body,
                headers={**headers, "content-type": "application/json"},
            )
        except httpx.HTTPError as error:
            raise NotTakenError("http_unreachable") from error
        if answer.is_success:
            return
        code = f"http_{answer.status_code}"
        if answer.is_server_error or answer.status_code in _TOO_MANY:
            raise NotTakenError(code)
        raise RefusedError("http_gone" if answer.status_code == _GONE else code)


class DepartmentSignatures:
    """Believes the deliveries of departments' systems; `secrets` are by department id."""

    def __init__(self, secrets: Mapping[str, str], *, clock: Clock) -> None:
        self._secrets = secrets
        self._clock = clock

    def delivery_id(self, department: str, headers: Mapping[str, str], body: bytes) -> str | None:
        """The id of a delivery that this department signed just now; None for any other."""
        secret = self._secrets.get(department)
        if secret is None:
            return None
        try:
            return standard_webhooks.verify(
                headers, body, secrets=[secret], now=self._clock.now()
            ).id
        except standard_webhooks.SignatureRefusedError:
            return None


def _document(message: OutgoingMessage) -> Mapping[str, object]:
    return {
        "type": f"department_query.{message.kind}",
        "query_id": str(message.query_id),
        "case_id": str(message.case_id),
        "department": message.department,
        "question": message.question,
        "origin": message.origin,
        "is_free_wording_allowed": message.is_free_wording_allowed,
        "link": message.link,
        "reach": message.reach,
        "priority": message.priority,
        "asked_by": message.asked_by_name,
        "asked_at": message.asked_at.isoformat(),
        "due_at": message.answer_due_at.isoformat(),
    }
