"""The web room through its ASGI front: guards, problems, pages, ETags, health, limits."""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError

from common.errors import (
    ConfigurationError,
    ConflictError,
    DomainError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    PreconditionFailedError,
    RetryableError,
)
from common.observability import metrics
from common.web.app import create_app
from common.web.auth import DevIssuer, Principal, public, require
from common.web.concurrency import check_version, etag, if_match
from common.web.middleware import holds_nul, json_depth
from common.web.pagination import Cursor, Page, PageRequest
from common.web.problems import ProblemError
from common.web.rate_limit import RateLimit

ISSUER = DevIssuer("a secret for tests that has enough bytes")
LIMIT = 2000


class Note(BaseModel):
    """A thing of an API that exists only here."""

    number: int


def as_(name: str, *roles: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {ISSUER.token(name, name.title(), roles=roles)}"}


ANN = as_("ann", "agent")


def build(*routers: APIRouter, **changes: Any) -> FastAPI:
    options: dict[str, Any] = {
        "service": "test",
        "version": "1",
        "routers": routers,
        "state": {},
        "auth": ISSUER,
        "readiness": {},
        "liveness": {},
        "max_body_bytes": LIMIT,
    }
    return create_app(**{**options, **changes})


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def raising(error: BaseException) -> FastAPI:
    router = APIRouter()

    @router.get("/fails", dependencies=[Depends(public())])
    async def fails() -> None:
        raise error

    return build(router)


def is_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["code"] == code
    assert document["request_id"] == response.headers["x-request-id"]
    return document


# --- deny by default ---------------------------------------------------------------------------


def test_an_app_with_an_unguarded_route_is_not_built() -> None:
    router = APIRouter(prefix="/open")

    @router.get("/{number}")
    async def forgotten(number: int) -> int:
        return number

    with pytest.raises(ConfigurationError, match=r"\['GET'\] /open/\{number\}"):
        build(router)


def test_a_guard_on_the_router_or_deeper_down_counts() -> None:
    async def helper(_who: Annotated[Principal, Depends(require("lead"))]) -> None: ...

    guarded = APIRouter(dependencies=[Depends(require("agent"))])
    guarded.add_api_route("/one", lambda: 1)
    deeper = APIRouter()
    deeper.add_api_route("/two", lambda: 2, dependencies=[Depends(helper)])
    build(guarded, deeper)


def test_state_may_not_replace_what_belongs_to_the_web_room() -> None:
    with pytest.raises(ConfigurationError, match="authenticator"):
        build(state={"authenticator": None})


def test_unknown_roles_are_a_mistake_at_start() -> None:
    with pytest.raises(ValueError, match="superuser"):
        require("superuser")


async def test_who_may_call_is_decided_by_role() -> None:
    router = APIRouter()

    @router.get("/mine")
    async def mine(who: Annotated[Principal, Depends(require("agent", "lead"))]) -> dict[str, Any]:
        return {"id": who.id, "roles": sorted(who.roles), "kind": who.kind}

    async with client_of(build(router)) as client:
        refused = is_problem(await client.get("/mine"), 401, "unauthorized")
        assert "token" in refused["detail"]
        assert (await client.get("/mine")).headers["www-authenticate"].startswith("Bearer")
        for wrong in ("Bearer nonsense", "Basic YTpi", "Bearer "):
            answer = await client.get("/mine", headers={"Authorization": wrong})
            is_problem(answer, 401, "unauthorized")
        is_problem(await client.get("/mine", headers=as_("oda", "observer")), 403, "forbidden")
        answer = await client.get("/mine", headers=ANN)
        assert answer.json() == {"id": "dev|ann", "roles": ["agent"], "kind": "person"}


async def test_too_many_requests_of_one_principal_are_refused_and_others_are_not() -> None:
    router = APIRouter()
    router.add_api_route("/x", lambda: 1, dependencies=[Depends(require())])
    now = [0.0]
    app = build(router, rate_limit=RateLimit(0.5, 3, clock=lambda: now[0]))
    async with client_of(app) as client:
        for _ in range(3):
            assert (await client.get("/x", headers=ANN)).status_code == 200
        refused = await client.get("/x", headers=ANN)
        is_problem(refused, 429, "rate_limited")
        assert refused.headers["retry-after"] == "2"
        assert (await client.get("/x", headers=as_("bob"))).status_code == 200
        now[0] = 2.0
        assert (await client.get("/x", headers=ANN)).status_code == 200
        assert (await client.get("/x", headers=ANN)).status_code == 429


# --- problems ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError("no such case"), 404),
        (InvalidInputError("no"), 422),
        (ForbiddenError("no"), 403),
        (ConflictError("held", code="held_by_other", details={"holder": "Bea", "status": 1}), 409),
        (PreconditionFailedError("no"), 412),
        (DomainError("no"), 409),
    ],
)
async def test_a_refusal_of_the_domain_becomes_a_problem(error: DomainError, status: int) -> None:
    async with client_of(raising(error)) as client:
        document = is_problem(await client.get("/fails"), status, error.code)
    assert document["detail"] == error.message
    assert document["type"] == f"urn:ombud:problem:{error.code}"
    assert document.get("holder") == error.details.get("holder")


class _GoneError(Exception):
    sqlstate = "57P01"


@pytest.mark.parametrize(
    "error",
    [DBAPIError("select 1", {}, _GoneError()), ConnectionRefusedError(), RetryableError("later")],
)
async def test_an_absent_database_is_503_with_retry_after(error: Exception) -> None:
    async with client_of(raising(error)) as client:
        answer = await client.get("/fails")
    is_problem(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0


async def test_an_unexpected_error_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async with client_of(raising(RuntimeError("the secret of the house"))) as client:
        answer = await client.get("/fails")
    is_problem(answer, 500, "internal_error")
    assert "secret" not in answer.text
    assert "RuntimeError" not in answer.text


async def test_unknown_paths_and_methods_are_problems() -> None:
    async with client_of(build()) as client:
        is_problem(await client.get("/nowhere"), 404, "not_found")
        answer = await client.delete("/health/live")
        is_problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == "GET"


def notes() -> FastAPI:
    router = APIRouter(dependencies=[Depends(public())])

    @router.post("/notes")
    async def add(note: Note) -> int:
        return note.number

    return build(router)


async def test_a_wrong_body_names_the_field_and_not_its_value() -> None:
    async with client_of(notes()) as client:
        answer = await client.post("/notes", json={"number": "kaputt"})
        document = is_problem(answer, 422, "invalid_request")
        assert document["errors"][0]["where"] == ["body", "number"]
        assert "kaputt" not in answer.text
        broken = await client.post(
            "/notes", content=b'{"number": ', headers={"content-type": "application/json"}
        )
        assert broken.status_code == 422
        latin = await client.post(
            "/notes", content=b'{"number": "\xff"}', headers={"content-type": "application/json"}
        )
        assert "JSON in UTF-8" in is_problem(latin, 400, "bad_request")["detail"]
        assert latin.headers["content-type"] == "application/problem+json"


# --- body limits -------------------------------------------------------------------------------


async def _chunks(total: int) -> AsyncIterator[bytes]:
    for _ in range(total // 100):
        yield b"x" * 100


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data"])
async def test_a_long_body_is_refused_whether_declared_or_chunked(content_type: str) -> None:
    headers = {"content-type": content_type}
    async with client_of(notes()) as client:
        declared = await client.post("/notes", content=b"x" * (LIMIT + 1), headers=headers)
        is_problem(declared, 413, "body_too_large")
        chunked = await client.post("/notes", content=_chunks(LIMIT + 100), headers=headers)
        is_problem(chunked, 413, "body_too_large")


async def test_a_raw_body_has_its_own_limit_and_is_refused_as_a_problem_too() -> None:
    router = APIRouter(dependencies=[Depends(public())])

    @router.post("/upload")
    async def upload(request: Request) -> int:
        return sum([len(chunk) async for chunk in request.stream()])

    async with client_of(build(router, raw_bodies={"/upload": 3 * LIMIT})) as client:
        answer = await client.post("/upload", content=_chunks(2 * LIMIT))
        assert answer.json() == 2 * LIMIT
        is_problem(await client.post("/upload", content=_chunks(4 * LIMIT)), 413, "body_too_large")


async def test_deep_json_is_refused_before_it_is_parsed() -> None:
    headers = {"content-type": "application/json"}
    async with client_of(notes()) as client:
        deep = b'{"number": ' + b"[" * 20 + b"]" * 20 + b"}"
        is_problem(await client.post("/notes", content=deep, headers=headers), 422, "json_too_deep")
        flat = b'{"number": 3, "text": "' + b"[" * 100 + b'\\"[[["}'
        assert (await client.post("/notes", content=flat, headers=headers)).json() == 3


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=30,
)


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max((_depth(item) for item in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(item) for item in value), default=0)
    return 0


@given(_JSON, st.booleans())
def test_depth_is_counted_as_a_parser_would(value: Any, escaped: bool) -> None:
    assert json_depth(json.dumps(value, ensure_ascii=escaped).encode()) == _depth(value)


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\\\x00", "\\\\\x00\x00"])
async def test_nul_in_a_text_is_refused_before_a_table_does(text: str) -> None:
    async with client_of(notes()) as client:
        for body in ({"number": 3, "text": text}, {"number": 3, text: "x"}):
            is_problem(await client.post("/notes", json=body), 422, "nul_in_text")


@given(_JSON)
def test_nul_is_found_where_a_parser_would_find_it(value: Any) -> None:
    assert holds_nul(json.dumps(value).encode()) == _holds_nul(value)


def test_a_written_escape_is_no_nul() -> None:
    assert not holds_nul(json.dumps({"text": "\\u0000"}).encode())


def _holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any("\x00" in key or _holds_nul(item) for key, item in value.items())
    if isinstance(value, list):
        return any(_holds_nul(item) for item in value)
    return isinstance(value, str) and "\x00" in value


@given(st.binary(max_size=200))
def test_depth_of_nonsense_is_some_number(body: bytes) -> None:
    assert json_depth(body) >= 0


# --- pages -------------------------------------------------------------------------------------

_TIMES = st.datetimes(timezones=st.just(UTC))
_PARTS = st.lists(
    st.text(max_size=40).filter(lambda text: "\x00" not in text)
    | st.integers(-(2**62), 2**62)
    | _TIMES
    | st.uuids(),
    max_size=4,
)


@given(_PARTS)
def test_a_cursor_comes_back_as_it_was(parts: list[Any]) -> None:
    text = Cursor(tuple(parts)).encode()
    if len(text) <= 1000:
        assert Cursor.decode(text, *(type(part) for part in parts)).parts == tuple(parts)


@given(st.text(max_size=200) | st.binary(max_size=60).map(lambda raw: raw.hex()))
def test_a_forged_cursor_is_refused_and_nothing_else(text: str) -> None:
    with pytest.raises(NotFoundError):
        Cursor.decode(text, datetime, UUID)


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_cursor_whose_time_has_no_utc_is_refused(time: str) -> None:
    raw = json.dumps([{"t": time}]).encode()
    with pytest.raises(NotFoundError):
        Cursor.decode(urlsafe_b64encode(raw).decode().rstrip("="), datetime)


def test_a_cursor_of_other_types_is_refused() -> None:
    with pytest.raises(NotFoundError):
        Cursor.decode(Cursor(("1' or true --",)).encode(), int)
    with pytest.raises(NotFoundError):
        Cursor.decode("W3sidCI6ICIyMDI2LTAxLTAxIn1d", datetime)  # a time without a zone


@pytest.mark.parametrize(
    "part", [{"t": "0001-01-01T00:00:00+14:00"}, {"t": "9999-12-31T23:59:59-14:00"}, {"u": 5}]
)
def test_a_cursor_that_the_database_could_not_hold_is_refused(part: dict[str, Any]) -> None:
    text = urlsafe_b64encode(json.dumps([part]).encode()).decode().rstrip("=")
    with pytest.raises(NotFoundError):
        Cursor.decode(text, datetime if "t" in part else UUID)


async def test_pages_lead_through_the_whole_list_and_keep_the_filter() -> None:
    router = APIRouter()

    @router.get("/numbers", dependencies=[Depends(require())])
    async def numbers(page: Annotated[PageRequest, Depends()], step: int = 1) -> Page[int]:
        after = page.after(int)
        rows = [n for n in range(0, 25, step) if after is None or n > after[0]][: page.fetch]
        return page.page(rows, lambda n: n, key=lambda n: (n,))

    async with client_of(build(router)) as client:
        url: str | None = "/numbers?step=2&limit=4"
        seen: list[int] = []
        while url:
            body = (await client.get(url, headers=ANN)).json()
            assert len(body["items"]) <= 4
            seen += body["items"]
            url = body["next"]
        assert seen == list(range(0, 25, 2))
        for wrong in ("limit=0", "limit=201", "limit=x", "cursor=" + "A" * 1001):
            assert (await client.get(f"/numbers?{wrong}", headers=ANN)).status_code == 422
        is_problem(await client.get("/numbers?cursor=AAAA", headers=ANN), 404, "bad_cursor")


# --- ETags -------------------------------------------------------------------------------------


async def test_a_change_needs_the_version_that_was_seen() -> None:
    router = APIRouter()

    @router.put("/thing", dependencies=[Depends(public())])
    async def change(seen: Annotated[int, Depends(if_match)], response: Response) -> None:
        check_version(seen, 7)
        response.headers["ETag"] = etag(8)

    async with client_of(build(router)) as client:
        is_problem(await client.put("/thing"), 428, "precondition_required")
        for tag in ('"v6"', 'W/"v7"'):
            answer = await client.put("/thing", headers={"If-Match": tag})
            is_problem(answer, 412, "precondition_failed")
        for nonsense in ("*", '"v7", "v8"', "v7", '"v-7"', '"v٧"'.encode()):
            answer = await client.put("/thing", headers={"If-Match": nonsense})
            is_problem(answer, 422, "bad_if_match")
        answer = await client.put("/thing", headers={"If-Match": '"v7"'})
        assert answer.status_code == 200
        assert answer.headers["etag"] == '"v8"'


# --- health, metrics, description ----------------------------------------------------------------


async def test_readiness_asks_and_liveness_does_not() -> None:
    asked: list[str] = []

    async def database() -> bool:
        asked.append("database")
        return len(asked) == 1

    async def broken() -> bool:
        raise ConnectionRefusedError

    app = build(readiness={"database": database}, liveness={"loop": lambda: True})
    async with client_of(app) as client:
        assert (await client.get("/health/live")).json() == {
            "status": "ok",
            "checks": {"loop": True},
        }
        assert asked == []
        assert (await client.get("/health/ready")).status_code == 200
        answer = await client.get("/health/ready")
        assert answer.status_code == 503
        assert answer.json()["checks"] == {"database": False}
    async with client_of(build(readiness={"database": broken})) as client:
        assert (await client.get("/health/ready")).status_code == 503
    async with client_of(build(liveness={"loop": lambda: False})) as client:
        assert (await client.get("/health/live")).status_code == 503


async def test_readiness_is_false_as_soon_as_we_stop() -> None:
    app = build()
    app.state.stop = asyncio.Event()
    async with client_of(app) as client:
        assert (await client.get("/health/ready")).status_code == 200
        app.state.stop.set()
        assert (await client.get("/health/ready")).status_code == 503
        assert (await client.get("/health/live")).status_code == 200


async def test_a_readiness_check_that_hangs_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.web.health._CHECK_S", 0.05)

    async def hangs() -> bool:
        return await asyncio.Event().wait()

    async with client_of(build(readiness={"kafka": hangs})) as client:
        assert (await client.get("/health/ready")).json()["checks"] == {"kafka": False}


async def test_requests_are_counted_by_template_and_never_by_address() -> None:
    router = APIRouter(prefix="/notes", dependencies=[Depends(public())])

    @router.get("/{number}")
    async def one(number: int) -> int:
        return number

    counted = metrics.HTTP_REQUESTS_TOTAL.labels("GET", "/notes/{number}", "200")
    before = counted._value.get()
    async with client_of(build(router)) as client:
        for number in range(3):
            await client.get(f"/notes/{number}?who=ann@example.org")
        await client.request("BREW", "/notes/1")
        page = (await client.get("/metrics")).text
    assert counted._value.get() == before + 3
    assert "/notes/1" not in page
    assert "ann@" not in page
    assert 'method="BREW"' not in page


async def test_a_request_keeps_its_id_only_if_it_is_one() -> None:
    async with client_of(build()) as client:
        own = "018f5d1e-7b1c-7c3a-9d3c-0d6a5d0b9a01"
        answer = await client.get("/health/live", headers={"X-Request-ID": own})
        assert answer.headers["x-request-id"] == own
        answer = await client.get("/health/live", headers={"X-Request-ID": b"\xe4 log line"})
        UUID(answer.headers["x-request-id"])


async def test_the_description_tells_roles_and_problems() -> None:
    router = APIRouter()

    @router.post("/notes/{number}")
    async def add(
        number: int,
        note: Note,
        who: Annotated[Principal, Depends(require("lead", "agent"))],
        seen: Annotated[int, Depends(if_match)],
    ) -> int:
        return number

    async with client_of(build(router)) as client:
        document = (await client.get("/openapi.json")).json()
    operation = document["paths"]["/notes/{number}"]["post"]
    assert operation["x-ombud-roles"] == ["agent", "lead"]
    assert operation["security"]
    expected = {"200", "400", "401", "403", "404", "409", "412", "413", "422", "428", "429"}
    assert set(operation["responses"]) == expected | {"500", "503"}
    for status in expected - {"200"}:
        assert list(operation["responses"][status]["content"]) == ["application/problem+json"]
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert "security" not in document["paths"]["/health/live"]["get"]


# --- development tokens --------------------------------------------------------------------------


def test_the_development_issuer_wants_a_real_secret() -> None:
    with pytest.raises(ConfigurationError, match="32 bytes"):
        DevIssuer("short")


_FOREIGN = DevIssuer("another secret that has enough bytes too")


@pytest.mark.parametrize(
    "make",
    [
        lambda: ISSUER.token("ann", "Ann", roles=["agent"], expires=timedelta(seconds=-31)),
        lambda: _FOREIGN.token("ann", "Ann", roles=["agent"]),
        lambda: ISSUER.token("", "Nobody", roles=["agent"]),
        lambda: ISSUER.token("a" * 256, "Long", roles=["agent"]),
        lambda: ISSUER.token("ann", "Ann", teams=["t" * 9000]),
    ],
    ids=["expired", "other_secret", "no_subject", "long_subject", "long_token"],
)
async def test_a_wrong_development_token_is_refused(make: Callable[[], str]) -> None:
    router = APIRouter()
    router.add_api_route("/x", lambda: 1, dependencies=[Depends(require())])
    async with client_of(build(router)) as client:
        answer = await client.get("/x", headers={"Authorization": f"Bearer {make()}"})
        is_problem(answer, 401, "unauthorized")


async def test_service_accounts_are_flagged() -> None:
    principal = await ISSUER.authenticate(ISSUER.token("bot", "Bot", kind="service"))
    assert principal.is_service
    assert not (await ISSUER.authenticate(ISSUER.token("ann", "Ann"))).is_service


async def test_a_refusal_inside_a_dependency_has_its_headers() -> None:
    error = ProblemError(503, "closed", "Closed.", headers={"Retry-After": "9"})
    async with client_of(raising(error)) as client:
        answer = await client.get("/fails")
    is_problem(answer, 503, "closed")
    assert answer.headers["retry-after"] == "9"
