"""What happens around every request, as plain ASGI (RELIABILITY 10.29: BaseHTTPMiddleware cancels
transactions when a client leaves).

`Surroundings` gives the request its ids, counts and logs it, and answers what nobody caught.
`BodyLimit` reads a body only as far as it may be long and JSON only as deep as it may be nested,
and refuses NUL in a JSON text.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from uuid import UUID

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.ids import new_id
from common.observability import metrics
from common.observability.context import bind_request
from common.observability.logging import get_logger
from common.web.problems import ProblemError, answer_problem, answer_unhandled

MAX_JSON_DEPTH = 20
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET = ("/health/", "/metrics")
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_log = get_logger("common.web")


class Surroundings:
    """Outermost of ours: ids, metrics by route template, access log without query strings."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope["ombud_request_id"] = request_id
        status = 0

        async def send_with_ids(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", []),
                    (b"x-request-id", request_id.encode("ascii")),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        began = time.perf_counter()
        metrics.HTTP_IN_FLIGHT_REQUESTS.inc()
        with bind_request(request_id=request_id, traceparent=_header(scope, b"traceparent")):
            try:
                await self._app(scope, receive, send_with_ids)
            except ClientDisconnect:
                pass  # the client left before its body was complete: nobody is there to answer
            except Exception as error:  # noqa: BLE001  (the last place that can still answer)
                answer = answer_unhandled(error, request_id=request_id)
                if status == 0:
                    await answer(scope, receive, send_with_ids)
                # Otherwise the answer has begun: the server closes the connection half-way,
                # which a client can tell from a complete answer.
            finally:
                metrics.HTTP_IN_FLIGHT_REQUESTS.dec()
                _account(scope, status, time.perf_counter() - began)


class BodyLimit:
    """Refuses a body that is too long (413), JSON that is too deep or holds NUL (422), unparsed.

    PostgreSQL keeps no NUL in a text: what a route let in would fail there, or in a later consumer.

    A body is read whole here, because a framework that reads it would turn our refusal into its
    own error. Routes that read their body raw have a limit of their own, by the end of their path,
    get their chunks as they come, and no look at depth: an upload is not one document, and what a
    known sender signed is never refused for its shape.
    """

    def __init__(
        self, app: ASGIApp, max_bytes: int, raw_bodies: Mapping[str, int] | None = None
    ) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._raw_bodies = dict(raw_bodies or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            own = next(
                (n for end, n in self._raw_bodies.items() if scope["path"].endswith(end)), None
            )
            max_bytes = self._max_bytes if own is None else own
            declared = _header(scope, b"content-length")
            if declared is not None and declared.isdigit() and int(declared) > max_bytes:
                raise _too_large(max_bytes)
            limited = _counting(receive, max_bytes)
            if own is None:
                limited = await _read_whole(limited, _header(scope, b"content-type") or "")
            await self._app(scope, limited, send)
        except ProblemError as error:
            # Only refusals of this class get here: those of routes are answered further in.
            metrics.HTTP_REFUSED_TOTAL.labels(error.code).inc()
            await answer_problem(error, request_id=scope.get("ombud_request_id"))(
                scope, receive, send
            )


def _counting(receive: Receive, max_bytes: int) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > max_bytes:
                raise _too_large(max_bytes)
        return message

    return counted


def _too_large(max_bytes: int) -> ProblemError:
    return ProblemError(
        413,
        "body_too_large",
        f"A request body may have {max_bytes} bytes.",
        headers={"Connection": "close"},
    )


async def _read_whole(receive: Receive, content_type: str) -> Receive:
    """Read a body, look at it if it is JSON, hand it on as if nothing had been read."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break  # the client left; the route sees the same message
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            message = {"type": "http.request", "body": b"".join(chunks), "more_body": False}
            break
    if message["type"] == "http.request" and "json" in content_type:
        _refuse_odd(message["body"])
    first: list[Message] = [message]

    async def replayed() -> Message:
        return first.pop() if first else await receive()

    return replayed


def _refuse_odd(body: bytes) -> None:
    if json_depth(body) > MAX_JSON_DEPTH:
        raise ProblemError(
            422, "json_too_deep", f"JSON may be nested {MAX_JSON_DEPTH} levels deep."
        )
    if holds_nul(body):
        raise ProblemError(
            422, "nul_in_text", "A text may not hold the character U+0000; leave it out."
        )


def holds_nul(body: bytes) -> bool:
    r"""Whether a string of a JSON text holds NUL, which JSON can only write as `\u0000`."""
    return b"u0000" in body and _NUL.search(body) is not None


def json_depth(body: bytes) -> int:
    """How deep the brackets of a JSON text are nested; malformed text gives some number."""
    depth = deepest = 0
    for bracket in _STRINGS.sub(b"", body).translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _account(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "OTHER"
    route = route_template(scope)
    # Status 0: the client left before there was an answer (499 in the language of proxies).
    code = str(status or 499)
    metrics.HTTP_REQUESTS_TOTAL.labels(method, route, code).inc()
    metrics.HTTP_REQUEST_SECONDS.labels(method, route).observe(seconds)
    if not route.startswith(_QUIET):
        _log.info(
            "request_answered",
            method=method,
            route=route,
            status=int(code),
            milliseconds=round(seconds * 1000, 1),
        )


def route_template(scope: Scope) -> str:
    """The route as declared (`/cases/{case_id}`), `unmatched` where there is none: few values."""
    context = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    return getattr(context, "path", None) or "unmatched"


def _header(scope: Scope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return None


def _request_id(scope: Scope) -> str:
    """The caller's id if it is a UUID, otherwise a new one: it goes into logs and answers."""
    try:
        return str(UUID(_header(scope, b"x-request-id") or ""))
    except ValueError:
        return str(new_id())
