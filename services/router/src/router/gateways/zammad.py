"""A helpdesk of the Zammad kind: one ticket per transfer, found again before it is made twice.

Zammad gives no idempotency key. The transfer's id stands in the ticket's title, and a repetition
searches for it first. The search index of a Zammad may lag some seconds, so a repetition never
comes at once (the retry delay is longer). Source: docs.zammad.org, REST API, tickets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from router.gateways.errors import NotTakenError, RefusedError

_TOO_MANY = frozenset({408, 425, 429})
_NUMBER = "number"
_ORIGIN = "social"
"""The tag by which the helpdesk's own rules and views tell our tickets (S43)."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the helpdesk calls it, and where a person finds it."""

    reference: str
    link: str


class Zammad:
    """Makes tickets in `group` for `customer`, an address that the helpdesk knows us by."""

    name = "zammad"

    def __init__(
        self, client: httpx.AsyncClient, *, url: str, token: str, group: str, customer: str
    ) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Token token={token}"}
        self._group = group
        self._customer = customer

    async def hand_over(
        self, transfer_id: UUID, *, title: str, text: str, is_repetition: bool
    ) -> Ticket:
        """The ticket of this transfer: made now, or by an earlier try.

        `text` is plain. Raises NotTakenError (try later) or RefusedError (a person must look).
        """
        mark = f"[Ombud {transfer_id}]"
        if is_repetition:
            known = await self._find(mark)
            if known is not None:
                return known
        document = {
            "title": f"{title} {mark}",
            "group": self._group,
            "customer_id": f"guess:{self._customer}",
            "tags": _ORIGIN,
            "article": {
                "subject": title,
                "body": text,
                "type": "note",
                "content_type": "text/plain",
                "internal": True,
            },
        }
        answer = await self._call("POST", "/api/v1/tickets", json=document)
        return self._ticket(answer)

    async def _find(self, mark: str) -> Ticket | None:
        found = await self._call(
            "GET",
            "/api/v1/tickets/search",
            params={"query": f'title:"{mark}"', "limit": "10", "expand": "true"},
        )
        if not isinstance(found, list):
            raise NotTakenError("bad_answer")
        # The search is a full-text one: only the title itself decides.
        return next((self._ticket(one) for one in found if mark in str(one.get("title"))), None)

    async def _call(self, method: str, path: str, **more: Any) -> Any:
        try:
            answer = await self._client.request(
                method, self._url + path, headers=self._headers, **more
            )
        except httpx.HTTPError as error:
            raise NotTakenError("http_unreachable") from error
        if not answer.is_success:
            code = f"http_{answer.status_code}"
            if answer.is_server_error or answer.status_code in _TOO_MANY:
                raise NotTakenError(code)
            raise RefusedError(code)
        try:
            return answer.json()
        except ValueError as error:
            raise NotTakenError("bad_answer") from error

    def _ticket(self, ticket: Any) -> Ticket:
        if not isinstance(ticket, dict) or not ticket.get("id") or not ticket.get(_NUMBER):
            raise NotTakenError("bad_answer")
        return Ticket(str(ticket[_NUMBER]), f"{self._url}/#ticket/zoom/{ticket['id']}")
