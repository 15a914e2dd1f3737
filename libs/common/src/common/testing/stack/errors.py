"""The errors of the stack; their text says what is missing and how to get it."""

from common.errors import OmbudError


class StackError(OmbudError):
    """A part cannot be had, or not be handled that way; the text says what to do about it."""


class BrokerUnavailableError(StackError):
    """No JVM broker on this machine; the embedded one may stand in, except in CI."""
