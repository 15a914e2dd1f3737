"""What every log line inside an event or a request carries: ids, never content.

Bound with context variables, so that concurrent requests and loops do not mix. It knows events
only by the attributes it reads, because `common.events` stands above this room.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol
from uuid import UUID

from structlog.contextvars import bound_contextvars

from common.observability import tracing


class EventHead(Protocol):
    """The attributes of an envelope that logs may show (`codec.Head` and `Event` have them)."""

    @property
    def id(self) -> UUID: ...
    @property
    def type(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def correlation_id(self) -> UUID: ...
    @property
    def traceparent(self) -> str | None: ...


@contextmanager
def bind_event(head: EventHead, *, key: str | None = None) -> Iterator[None]:
    """Log lines inside name this event; `key` is the conversation id where it is known."""
    fields: dict[str, str] = {
        "event_id": str(head.id),
        "event_type": head.type,
        "subject": head.subject,
        "correlation_id": str(head.correlation_id),
    }
    if key is not None:
        fields["conversation_id"] = key
    if parent := tracing.parse(head.traceparent):
        fields["trace_id"] = parent.trace_id
    with tracing.use(head.traceparent if parent else None), bound_contextvars(**fields):
        yield


@contextmanager
def bind_request(*, request_id: str, traceparent: str | None = None) -> Iterator[str]:
    """Log lines inside name this request. Yields the traceparent in use: a child or a new one."""
    own = tracing.child_of(traceparent)
    trace = tracing.parse(own)
    fields = {"request_id": request_id, "trace_id": trace.trace_id if trace else ""}
    with tracing.use(own), bound_contextvars(**fields):
        yield own


@contextmanager
def bind(**fields: object) -> Iterator[None]:
    """Log lines inside carry these fields too (ids, states, counts; see logging.py's rules)."""
    with bound_contextvars(**fields):
        yield
