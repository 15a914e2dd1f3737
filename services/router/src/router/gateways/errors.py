"""How a far side says no: for ever, or for now. The texts are codes, never what it said."""

from __future__ import annotations

from common.errors import OmbudError


class NotTakenError(OmbudError):
    """Not taken this time; `code` is short and free of personal data (http_503, smtp_451)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class RefusedError(NotTakenError):
    """It will never be taken as it is: a person must look."""
