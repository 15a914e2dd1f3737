"""The API's own description: what every route may answer in common, and which roles it asks for.

Routes declare what is theirs; problem documents, roles and headers of the house are added here so
that nobody repeats them and schemathesis can hold us to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

from common.web import problems
from common.web.auth import roles_of

_PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "A problem document (RFC 9457); `code` is stable for machines.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string", "format": "uuid"},
    },
    "additionalProperties": True,
}
_ABOUT = {
    "400": "The request cannot be read",
    "401": "No valid token",
    "403": "Not with these roles",
    "404": "There is no such thing, or not for you",
    "409": "Not in the present state",
    "412": "Another version than If-Match names",
    "413": "The body is too large",
    "422": "Understood, and wrong",
    "428": "If-Match is missing",
    "429": "Too many requests",
    "500": "Our mistake",
    "503": "Not possible just now",
}


def install(app: FastAPI, *, title: str, version: str) -> None:
    """Replace the app's OpenAPI document by one that tells the whole truth."""

    def build() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=title, version=version, routes=app.routes)
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = _PROBLEM_SCHEMA
            for method, path, dependant in _operations(app):
                operation = document["paths"].get(path, {}).get(method)
                if operation is not None:
                    _complete(operation, dependant, method=method, path=path)
            for leftover in ("HTTPValidationError", "ValidationError"):
                schemas.pop(leftover, None)  # FastAPI's own shape, which we never send
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = build  # type: ignore[method-assign]  # the documented way to replace it


def _operations(app: FastAPI) -> Iterator[tuple[str, str, Dependant]]:
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            for method in context.methods or ():
                yield method.lower(), str(context.path_format), context.dependant


def _complete(operation: dict[str, Any], dependant: Dependant, *, method: str, path: str) -> None:
    answers = operation.setdefault("responses", {})
    expected = {"500", "503"}
    if _reads_input(dependant):
        expected |= {"400", "422"}
    roles = roles_of(dependant)
    if roles is not None:
        expected |= {"401", "403", "422", "429"}  # 422: a query parameter that nobody knows
        operation["x-ombud-roles"] = sorted(roles)
    if "{" in path:
        expected |= {"404"}
    if method != "get":
        expected |= {"409"}
    if "requestBody" in operation:
        expected |= {"413"}
    for parameter in operation.get("parameters", []):
        if parameter["name"] == "cursor":
            expected |= {"404"}
        if parameter["name"].lower() == "if-match":
            expected |= {"412", "428"}
            # Optional for FastAPI only, so that its absence is 428 and not 422.
            parameter["required"] = True
            parameter["schema"] = {"type": "string", "pattern": '^"v[0-9]{1,18}"$'}
    for status in expected:
        own = answers.get(status, {})
        answers[status] = {
            "description": own.get("description") or _ABOUT[status],
            "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    if "422" in answers and "422" not in expected:
        del answers["422"]
    if roles is None:
        operation.pop("security", None)


def _reads_input(dependant: Dependant) -> bool:
    """Whether anything of the request is parsed: path, query, header or body."""
    own = (
        dependant.path_params
        or dependant.query_params
        or dependant.header_params
        or dependant.body_params
        or dependant.cookie_params
    )
    return bool(own) or any(_reads_input(inner) for inner in dependant.dependencies)
