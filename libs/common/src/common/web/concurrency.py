"""Two people at one thing: strong ETags `"v<version>"` and If-Match (RFC 9110, 13.1.1).

A route that changes a versioned thing takes `version: Annotated[int, Depends(if_match)]` and hands
it to its use case, which compares under the row's lock and raises PreconditionFailedError.
"""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Header

from common.errors import PreconditionFailedError
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

    Answers 428 (RFC 6585) where the header is missing, 412 where it names no version of ours: a
    weak tag, a list and `*` cannot say which version the caller has seen.
    """
    if if_match is None:
        raise ProblemError(
            428, "precondition_required", "Send If-Match with the ETag that you have seen."
        )
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise PreconditionFailedError("If-Match names no version of this thing.")
    return int(match[1])


def check_version(expected: int, current: int) -> None:
    """Raise PreconditionFailedError where the caller has seen another version than the current."""
    if expected != current:
        raise PreconditionFailedError(
            "It has changed since you looked.", details={"current_version": current}
        )
