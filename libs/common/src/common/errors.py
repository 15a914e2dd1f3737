"""The error words of the house: each is named by what happens next, not by what went wrong.

Two families. The loop's words (HOUSE section 3) decide what becomes of a record; the domain's
words decide what an API answers. Nothing here knows Kafka, HTTP or the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class OmbudError(Exception):
    """Base of every error that we raise on purpose."""


class PoisonMessageError(OmbudError):
    """The record can never be handled: to the dead letters at once, then on with the next."""


class RetryableError(OmbudError):
    """The world is at fault and may recover: back off with the partition paused, offset kept."""


class StaleAssignmentError(OmbudError):
    """Another consumer moved the partition's offsets (we are the zombie): drop the batch."""


class TooManyDeadLettersError(OmbudError):
    """N dead letters in a row are our own bug: stop and exit non-zero, swallow nothing more."""


class ConfigurationError(OmbudError):
    """A setting or configuration document is wrong; the text says what would be right."""


class DomainError(OmbudError):
    """A request that the domain refuses. `code` is stable for machines, the text is for people.

    `details` (JSON types only) become members of the problem document (RFC 9457).
    """

    code: str = "refused"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.details: Mapping[str, Any] = details or {}


class NotFoundError(DomainError):
    """There is no such thing, or the asker may not know that there is (404)."""

    code = "not_found"


class InvalidInputError(DomainError):
    """The request is understood and wrong (422)."""

    code = "invalid_input"


class ForbiddenError(DomainError):
    """This person may not do that (403); for four eyes also: not with this text."""

    code = "forbidden"


class ConflictError(DomainError):
    """The state does not allow it now (409), for instance because somebody else holds the case."""

    code = "conflict"


class PreconditionFailedError(DomainError):
    """If-Match names another version than the current one (412)."""

    code = "precondition_failed"
