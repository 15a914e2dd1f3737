"""Every route against every role, as its service declares it and as docs/api.md says (SEC1).

A route that nobody declared, or that opened to a role without a line in docs/api.md, fails here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import jwt
import pytest

from common.events.catalog import SERVICES
from common.web.principal import ROLES

pytestmark = [pytest.mark.system, pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(180)]
API_PAGE = Path(__file__).parents[2] / "docs/api.md"
PUBLIC = {
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("POST", "/sources/{source_id}/webhook"),  # believed by signature
    ("POST", "/departments/{department}/answers"),  # believed by signature
}
ROW = re.compile(r"^\| `([A-Z]+) (/[^`]*)` \| ([^|]*) \|", re.MULTILINE)
NOBODY = UUID(int=0)
OPEN_ROUTES = ("/health/live", "/health/ready", "/metrics", "/openapi.json")
each_service = pytest.mark.parametrize("service", SERVICES)


@dataclass(frozen=True)
class Route:
    """A route as the service's own description has it; `roles` None means public."""

    method: str
    path: str
    roles: frozenset[str] | None
    has_body: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def send(self, client: httpx.Client, token: str | None) -> httpx.Response:
        """A request about nothing that exists; only the beginning of an endless answer is read."""
        path = re.sub(
            r"\{(\w+)\}", lambda name: "1" if name[1] == "letter_id" else str(NOBODY), self.path
        )
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        content = {"json": {}} if self.has_body else {}
        request = client.build_request(self.method, path, headers=headers, **content)
        response = client.send(request, stream=True)
        try:
            if "event-stream" not in response.headers.get("content-type", ""):
                response.read()
        finally:
            response.close()
        return response


def routes_of(document: dict[str, Any]) -> Iterator[Route]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            roles = operation.get("x-ombud-roles")
            yield Route(
                method=method.upper(),
                path=path,
                roles=None if roles is None else frozenset(roles),
                has_body="application/json" in operation.get("requestBody", {}).get("content", {}),
            )


@pytest.fixture
def guarded(apis, service) -> list[Route]:
    return [route for route in routes_of(apis.document(service)) if route.roles is not None]


@pytest.fixture
def client(apis, service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=apis.url(service), timeout=30) as client:
        yield client


@each_service
def test_every_route_declares_who_may_call_it(apis, service):
    document = apis.document(service)
    for route in routes_of(document):
        operation = document["paths"][route.path][route.method.lower()]
        if route.roles is None:
            assert (route.method, route.path) in PUBLIC, f"{route} is open and nobody said so"
            assert not operation.get("security")
        else:
            assert route.roles, f"{route} takes any token"
            assert route.roles <= ROLES
            assert operation["security"], f"{route} does not say that it needs a token"


@each_service
def test_the_table_in_the_docs_is_the_truth(apis, service):
    page = API_PAGE.read_text()
    section = re.search(rf"^### {service}$(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
    assert section, f"docs/api.md has no table for {service}"
    written = {(method, path): roles.strip() for method, path, roles in ROW.findall(section[1])}
    there = {
        (route.method, route.path): "public"
        if route.roles is None
        else ", ".join(sorted(route.roles))
        for route in routes_of(apis.document(service))
        if not route.path.startswith("/health/")
    }
    assert written == there


@each_service
def test_without_a_good_token_every_guarded_route_answers_401(apis, service, guarded, client):
    now = datetime.now(UTC)
    secret = apis.pipeline.options.dev_secret
    claims = {"iss": "dev", "aud": "ombud", "sub": "eve", "name": "Eve", "roles": sorted(ROLES)}
    valid = {**claims, "iat": now, "exp": now + timedelta(hours=1)}
    bad = {
        "none": None,
        "garbage": "abc.def.ghi",
        "expired": jwt.encode(
            {**valid, "iat": now - timedelta(hours=2), "exp": now - timedelta(hours=1)}, secret
        ),
        "of another": jwt.encode(valid, "x" * 40),
        "unsigned": jwt.encode(valid, None, algorithm="none"),
        "for another": jwt.encode({**valid, "aud": "elsewhere"}, secret),
    }
    wrong = [
        f"{route} with token {kind}: {answer.status_code}"
        for route in guarded
        for kind, token in bad.items()
        if (answer := route.send(client, token)).status_code != 401
        or "bearer" not in answer.headers["www-authenticate"].lower()
    ]
    assert guarded
    assert not wrong, "\n".join(wrong)


@each_service
def test_each_role_gets_in_exactly_where_the_route_says(apis, service, guarded, client):
    wrong = []
    for role in (*sorted(ROLES), None):
        for route in guarded:
            token = apis.token(f"{role} at {route}", *([role] if role else []))
            status = route.send(client, token).status_code
            may = role in route.roles
            if (may and status in (401, 403)) or (not may and status != 403) or status >= 500:
                wrong.append(f"{route} as {role}: {status}, declared {sorted(route.roles)}")
    assert not wrong, "\n".join(wrong)


@each_service
def test_what_is_open_needs_no_token(service, client):
    for path in OPEN_ROUTES:
        assert client.get(path).status_code == 200, path


def test_a_machine_neither_writes_nor_approves_a_reply(apis):
    token = apis.token("robot", "agent", "lead", kind="service")
    draft = {"kind": "answer", "visibility": "public", "text": "Wir melden uns."}
    read = {"revision": 1, "content_hash": "0" * 64}
    with httpx.Client(
        base_url=apis.url("responder"), headers={"authorization": f"Bearer {token}"}, timeout=30
    ) as robot:
        for path, body in (
            (f"/cases/{NOBODY}/drafts", draft),
            (f"/drafts/{NOBODY}/approve", read),
            (f"/drafts/{NOBODY}/submit", {}),
            (f"/drafts/{NOBODY}/reject", {"reason": "nein"}),
        ):
            refused = robot.post(path, json=body)
            assert (refused.status_code, refused.json()["code"]) == (403, "service_account"), path
