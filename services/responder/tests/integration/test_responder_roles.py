"""Who may call what: one table, every route by every role. A route without a line here fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

import httpx
import pytest

from common.web.principal import ROLES
from responder.bootstrap import Responder

pytestmark = pytest.mark.postgres
WRITERS = frozenset({"agent", "lead", "triage"})
READERS = WRITERS | {"observer"}
LEDGER = READERS | {"operator"}
OVERSEERS = frozenset({"lead", "observer", "operator"})
LEAD = frozenset({"lead"})
LETTERS = frozenset({"lead", "operator"})
NOBODY = str(UUID(int=0))
TABLE: dict[str, frozenset[str]] = {
    "POST /cases/{case_id}/drafts": WRITERS,
    "POST /cases/{case_id}/pairs": WRITERS,
    "POST /cases/{case_id}/no-reply": WRITERS,
    "POST /cases/{case_id}/forwards": WRITERS,
    "POST /cases/{case_id}/private-requests": WRITERS,
    "POST /cases/{case_id}/private-values": WRITERS,
    "GET /cases/{case_id}/private-values": READERS,
    "GET /cases/{case_id}/private-access": OVERSEERS,
    "POST /cases/{case_id}/moderations": WRITERS,
    "GET /drafts": READERS,
    "GET /drafts/{draft_id}": READERS,
    "POST /drafts/{draft_id}/revisions": WRITERS,
    "POST /drafts/{draft_id}/submit": WRITERS,
    "POST /drafts/{draft_id}/approve": WRITERS,
    "POST /drafts/{draft_id}/reject": WRITERS,
    "POST /drafts/{draft_id}/withdraw": WRITERS,
    "POST /drafts/{draft_id}/hold": WRITERS,
    "DELETE /drafts/{draft_id}/hold": WRITERS,
    "POST /drafts/{draft_id}/break-glass": LEAD,
    "GET /break-glass": OVERSEERS,
    "POST /break-glass/{draft_id}/review": LEAD,
    "GET /reviews": WRITERS,
    "GET /reviews/stream": WRITERS,
    "POST /reviews/{draft_id}/claim": WRITERS,
    "GET /moderations": READERS,
    "POST /moderations/{moderation_id}/decide": WRITERS,
    "POST /moderations/{moderation_id}/done": WRITERS,
    "GET /dispatches": LEDGER,
    "GET /dispatches/{dispatch_id}": LEDGER,
    "POST /dispatches/{dispatch_id}/resolve": LEAD,
    "GET /channels": LEDGER,
    "GET /channels/accounts": LEDGER,
    "POST /channels/{network}/accounts/{account}/resume": LETTERS,
    "GET /four-eyes/check": OVERSEERS,
    "POST /gates/check": READERS,
    "GET /gates/policies": READERS,
    "GET /gates/policies/{account}": READERS,
    "PUT /gates/policies/{account}": LEAD,
    "GET /gates/repeated": OVERSEERS,
    "GET /drafts/{draft_id}/gates": READERS,
    "POST /drafts/{draft_id}/gates/lift": WRITERS,
    "POST /drafts/{draft_id}/gates/confirm": WRITERS,
    "GET /cases/{case_id}/similar": READERS,
    "POST /cases/{case_id}/suggestions": WRITERS,
    "GET /cases/{case_id}/suggestions": READERS,
    "POST /knowledge": WRITERS,
    "GET /knowledge": READERS,
    "POST /knowledge/{reference_id}/retire": LEAD,
    "GET /drafts/{draft_id}/references": READERS,
    "POST /drafts/{draft_id}/references": WRITERS,
    "GET /dead-letters": LETTERS,
    "GET /dead-letters/{letter_id}": LETTERS,
    "POST /dead-letters/{letter_id}/replay": LETTERS,
    "POST /dead-letters/{letter_id}/discard": LEAD,
}
ENDLESS = "GET /reviews/stream"


def declared(responder: Responder) -> Iterator[tuple[str, frozenset[str]]]:
    for path, operations in responder.app.openapi()["paths"].items():
        for method, operation in operations.items():
            if not path.startswith("/health/"):
                yield f"{method.upper()} {path}", frozenset(operation["x-ombud-roles"])


def test_every_route_stands_in_the_table(responder: Responder) -> None:
    assert dict(declared(responder)) == TABLE


@pytest.mark.parametrize("route", sorted(set(TABLE) - {ENDLESS}))
async def test_each_role_gets_in_exactly_where_the_table_says(
    client: httpx.AsyncClient, token: Callable[..., dict[str, str]], route: str
) -> None:
    method, path = route.split(" ")
    url = path.replace("{letter_id}", "1")
    for name in ("network", "account"):
        url = url.replace("{" + name + "}", "nowhere")
    while "{" in url:
        url = url[: url.index("{")] + NOBODY + url[url.index("}") + 1 :]
    body = None if method in ("GET", "DELETE") else {}
    for role in sorted(ROLES):
        answer = await client.request(method, url, json=body, headers=token(f"x-{role}", role))
        if role in TABLE[route]:
            assert answer.status_code not in (401, 403), (role, answer.text)
            assert answer.status_code < 500, (role, answer.text)
        else:
            assert answer.status_code == 403, (role, answer.text)
            assert answer.json()["code"] == "forbidden"
    assert (await client.request(method, url, json=body)).status_code == 401
