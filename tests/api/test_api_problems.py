"""Every refusal of every service is a problem document (RFC 9457), whoever in us refuses."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from common.events.catalog import SERVICES

pytestmark = [pytest.mark.system, pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(180)]
LIST = {
    "ingest": "/sources",
    "classifier": "/model",
    "router": "/cases",
    "responder": "/dispatches",
    "audit": "/entries",
}
CHANGE = {
    "ingest": ("POST", "/sources"),
    "classifier": ("POST", "/classify"),
    "router": ("POST", "/cases/00000000-0000-0000-0000-000000000000/claim"),
    "responder": ("POST", "/drafts/00000000-0000-0000-0000-000000000000/approve"),
    "audit": ("GET", "/entries?limit=0"),
}
ROLES = ("operator", "lead", "agent")
TOO_MUCH = b'{"text": "' + b"x" * (2 << 20) + b'"}'
TOO_DEEP = b"[" * 40 + b"]" * 40
JSON = {"content-type": "application/json"}


def bad_shape(client: httpx.Client, service: str) -> httpx.Response:
    method, path = CHANGE[service]
    return client.request(
        method, path, json=None if method == "GET" else {"nonsense": {}, "lease_seconds": 0}
    )


def no_json(client: httpx.Client, service: str) -> httpx.Response:
    method, path = CHANGE[service]
    return client.request(method, path, content=b"{", headers=JSON)


REFUSALS: dict[str, tuple[int, Callable[[httpx.Client, str], httpx.Response]]] = {
    "no such path": (404, lambda client, _: client.get("/no/such/path")),
    "no such method": (405, lambda client, service: client.request("PURGE", LIST[service])),
    "too large": (
        413,
        lambda client, service: client.request(*CHANGE[service], content=TOO_MUCH, headers=JSON),
    ),
    "too deep": (
        422,
        lambda client, service: client.request(*CHANGE[service], content=TOO_DEEP, headers=JSON),
    ),
    "no JSON": (422, no_json),
    "bad shape": (422, bad_shape),
    "no token": (
        401,
        lambda client, service: client.get(LIST[service], headers={"authorization": ""}),
    ),
}


def assert_problem(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status, answer.text[:300]
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"] == f"urn:ombud:problem:{problem['code']}"
    for member in ("title", "detail", "code"):
        assert isinstance(problem[member], str)
        assert problem[member]
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("service", SERVICES)
def test_a_refusal_is_a_problem_document(apis, service, refusal):
    status, ask = REFUSALS[refusal]
    with apis.client(service, "problems", *ROLES) as client:
        assert_problem(ask(client, service), status)


@pytest.mark.parametrize("service", SERVICES)
def test_the_wrong_role_gets_a_problem_document(apis, service):
    with apis.client(service, "nobody", "department") as client:
        answer = client.get(LIST[service])
        assert_problem(answer, 403)
        assert answer.json()["code"] == "forbidden"


@pytest.mark.parametrize("service", SERVICES)
def test_a_refused_method_names_those_that_are_there(apis, service):
    with apis.client(service, "problems", *ROLES) as client:
        assert client.request("PURGE", LIST[service]).headers["allow"]


@pytest.mark.parametrize("service", ["ingest", "router", "responder", "audit"])
def test_an_unknown_thing_and_a_bad_id_are_told_apart(apis, service):
    path = {
        "ingest": "/sources/{}",
        "router": "/cases/{}",
        "responder": "/dispatches/{}",
        "audit": "/mentions/{}/history",
    }[service]
    with apis.client(service, "problems", *ROLES) as client:
        assert_problem(client.get(path.format("00000000-0000-7000-8000-000000000000")), 404)
        assert_problem(client.get(path.format("no-uuid")), 422)


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_that_consumes_shows_its_dead_letters(apis, service):
    with apis.client(service, "problems", *ROLES) as client:
        answer = client.get("/dead-letters")
        assert answer.status_code == 200, answer.text
        assert answer.json()["next"] is None
