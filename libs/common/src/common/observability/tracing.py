"""W3C Trace Context: one `traceparent` follows a mention through HTTP, outbox, Kafka and logs.

Source: W3C Trace Context (level 1), section 3.2. No spans are recorded here and no exporter runs:
the header is carried so that any tracing tool can be put in later. Bad input never raises: a
wrong header from outside must not cost a mention.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_PATTERN = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_LONGEST = 512
_CURRENT: ContextVar[str | None] = ContextVar("ombud_traceparent", default=None)


@dataclass(frozen=True, slots=True)
class TraceParent:
    """A parsed header. `trace_id` (32 hex) names the whole chain, `span_id` (16 hex) one step."""

    trace_id: str
    span_id: str
    is_sampled: bool

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.is_sampled else '00'}"


def parse(header: str | None) -> TraceParent | None:
    """The header's parts, or None where it is missing or not valid. Never raises."""
    if not header or len(header) > _LONGEST:
        return None
    match = _PATTERN.fullmatch(header)
    if match is None:
        return None
    version, trace_id, span_id, flags, rest = match.groups()
    # Version ff is forbidden; version 00 has exactly four parts; later ones may add some.
    if version == "ff" or (version == "00" and rest):
        return None
    if not int(trace_id, 16) or not int(span_id, 16):
        return None
    return TraceParent(trace_id, span_id, bool(int(flags, 16) & 1))


def new_traceparent() -> str:
    """A header that begins a new trace."""
    return str(TraceParent(_random_hex(16), _random_hex(8), is_sampled=True))


def child_of(traceparent: str | None) -> str:
    """A header for the next step of the same trace; of a new one where the given one is bad."""
    parent = parse(traceparent)
    if parent is None:
        return new_traceparent()
    return str(TraceParent(parent.trace_id, _random_hex(8), parent.is_sampled))


def current() -> str | None:
    """The header of the request or event being worked on, None outside of any."""
    return _CURRENT.get()


@contextmanager
def use(traceparent: str | None) -> Iterator[None]:
    """Make `traceparent` the current one inside the block."""
    token = _CURRENT.set(traceparent)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def _random_hex(length: int) -> str:
    # All zeros are invalid (section 3.2.2.3); the odds are those of a meteor, the check is cheap.
    while not any(value := os.urandom(length)):
        pass
    return value.hex()
