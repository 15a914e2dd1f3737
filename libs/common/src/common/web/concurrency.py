"""Two people at one thing: strong ETags `"v<version>"` and If-Match (RFC 9110, 13.1.1).

A route that changes a versioned thing takes `version: Annotated[int, Depends(if_match)]` and hands
it to its use case, which compares under the row's lock and raises PreconditionFailedError.
"""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Header

from common.errors import InvalidInputError, PreconditionFailedError
from common.web.problems import ProblemError

_ETAG = re.compile(r'"v(\d{1,18})"')


def etag(version: int) -> str:
    """The value of the ETag header for this version."""
    return f'"v{version}"'


async def if_match(
    if_match: Annotated[
        str | None,
        Header(description='The ETag that you have seen, as in `"v7"`; required'),
    ] = None,
) -> int:
    """Dependency: the version that If-Match names.

    Answers 428 (RFC 6585) where the header is missing, 412 for a weak tag, which never matches,
    and 422 for a list, `*` and anything else that cannot say which version the caller has seen.
    """
    if if_match is None:
        raise ProblemError(
            428, "precondition_required", "Send If-Match with the ETag that you have seen."
        )
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        if if_match.startswith("W/"):
            raise PreconditionFailedError("A weak ETag never matches.")
        raise InvalidInputError('If-Match must be one ETag like "v7".', code="bad_if_match")
    return int(match[1])


def check_version(expected: int, current: int) -> None:
    """Raise PreconditionFailedError where the caller has seen another version than the current."""
    if expected != current:
        raise PreconditionFailedError(
            "It has changed since you looked.", details={"current_version": current}
        )
