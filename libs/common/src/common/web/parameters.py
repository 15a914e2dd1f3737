"""Query parameters: moments that the database can hold, and none that a route does not know.

A parameter that a route does not know is refused: a misspelt filter would show everything.

Asked by `require(...)` once the caller is known, so public routes are left alone: who calls them (a
network with a webhook) adds what it likes. Unknown members of a body stay allowed, so that an older
service understands a newer client.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Request
from fastapi.dependencies.models import Dependant
from pydantic import AfterValidator, AwareDatetime

from common.errors import InvalidInputError


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("in UTC it lies outside the years 1 to 9999") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time with a zone, in UTC: the database's driver fails on one that has no name there."""


def refuse_unknown_parameters(request: Request) -> None:
    """Raise InvalidInputError `unknown_parameter` with the names that the route does not know."""
    dependant = getattr(request.scope.get("route"), "dependant", None)
    if dependant is None or not request.query_params:
        return
    unknown = sorted(set(request.query_params) - set(_names(dependant)))
    if unknown:
        raise InvalidInputError(
            f"This route knows no query parameter {', '.join(unknown)}.",
            code="unknown_parameter",
            details={"parameters": unknown},
        )


def _names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for inner in dependant.dependencies:
        yield from _names(inner)
