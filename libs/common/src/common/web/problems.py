"""Every error of an API as a problem document (RFC 9457), and none with our insides in it.

`code` is stable for machines, `detail` is for people. A DomainError gets its status by its class;
the database being away is 503 with Retry-After; everything unknown is 500 and tells nothing but
the request id, under which the log has the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from common.db.unit_of_work import is_transient
from common.errors import (
    ConflictError,
    DomainError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    OmbudError,
    PreconditionFailedError,
    RetryableError,
)
from common.observability.logging import get_logger

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
_RESERVED = frozenset({"type", "title", "status", "detail", "code", "instance", "request_id"})
_STATUS: tuple[tuple[type[DomainError], int], ...] = (
    (NotFoundError, 404),
    (InvalidInputError, 422),
    (ForbiddenError, 403),
    (PreconditionFailedError, 412),
    (ConflictError, 409),
)
_UNREADABLE = "The body cannot be read: send JSON in UTF-8, without numbers of thousands of digits."
_log = get_logger("common.web")


class ProblemError(OmbudError):
    """A request refused by the web room itself: by token, size, rate or a missing header."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers: Mapping[str, str] = headers or {}


def status_of(error: DomainError) -> int:
    """The HTTP status of a refusal; a refusal of no special class is a conflict (409)."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 409)


def document(
    status: int,
    code: str,
    detail: str,
    *,
    request_id: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The problem as JSON members. `details` never replace a member of the standard's."""
    extra = {key: value for key, value in (details or {}).items() if key not in _RESERVED}
    own = {
        "type": f"urn:ombud:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    return {**extra, **own, **({"request_id": request_id} if request_id else {})}


def of_domain(error: DomainError, *, request_id: str | None = None) -> dict[str, Any]:
    """A domain refusal as a document, for routes that store their answer."""
    return document(
        status_of(error), error.code, error.message, request_id=request_id, details=error.details
    )


def install(app: FastAPI) -> None:
    """Make `app` answer every error that reaches it as a problem document.

    Errors that pass these handlers end in `answer_unhandled` (the outermost middleware).
    """
    app.add_exception_handler(DomainError, _on_domain_error)
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)


def answer_unhandled(error: Exception, *, request_id: str) -> JSONResponse:
    """The answer to an error nobody expected: 503 where waiting helps, otherwise a bare 500."""
    if isinstance(error, RetryableError) or is_transient(error):
        _log.warning("request_failed_for_now", error=error)
        return _response(
            document(
                503, "unavailable", "Not possible just now; try again.", request_id=request_id
            ),
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )
    _log.error("request_failed", error=error, exc_info=error)
    return _response(
        document(500, "internal_error", "Our mistake; it has been noted.", request_id=request_id)
    )


def answer_problem(error: ProblemError, *, request_id: str | None) -> JSONResponse:
    """The answer to a refusal by the web room."""
    return _response(
        document(error.status, error.code, error.detail, request_id=request_id),
        headers=error.headers,
    )


async def _on_domain_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DomainError)
    return _response(of_domain(error, request_id=_request_id(request)))


async def _on_problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)
    return answer_problem(error, request_id=_request_id(request))


async def _on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    """Which fields are wrong and why; never what was in them, which may be a person's words."""
    assert isinstance(error, RequestValidationError)
    wrong = [
        {"where": [str(part) for part in item["loc"]], "problem": item["msg"], "kind": item["type"]}
        for item in error.errors()
    ]
    return _response(
        document(
            422,
            "invalid_request",
            "The request does not have the documented shape.",
            request_id=_request_id(request),
            details={"errors": wrong},
        )
    )


async def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    return _response(
        document(
            error.status_code,
            phrase.lower().replace(" ", "_").replace("-", "_"),
            _UNREADABLE if error.status_code == HTTPStatus.BAD_REQUEST else f"{phrase}.",
            request_id=_request_id(request),
        ),
        headers=error.headers,
    )


def _response(body: dict[str, Any], *, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        body, status_code=body["status"], media_type=MEDIA_TYPE, headers=dict(headers or {})
    )


def _request_id(request: Request) -> str | None:
    found: str | None = request.scope.get("ombud_request_id")
    return found
