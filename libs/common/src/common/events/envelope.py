"""The envelope of an event: CloudEvents 1.0 attributes, carried as Kafka headers (binary mode).

Source: CloudEvents 1.0.2 and its Kafka protocol binding, section 3.2. Extension attributes:
`correlationid` (the first event of the chain), `causationid` (the event that led to this one);
`traceparent` (W3C Trace Context) stands under its own name for tracing tools.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from common.events.catalog import CATALOG, TYPE_OF, EventSpec
from common.events.parts import Mention, Part

D = TypeVar("D", bound=Part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Generic[D]):
    """One fact with its envelope.

    `key` is the conversation id as text: Kafka key, outbox lane and lock agree on it.
    `subject` is the id of the thing the fact is about (case, mention, draft).
    """

    id: UUID
    key: str
    subject: str
    time: datetime
    data: D
    correlation_id: UUID
    causation_id: UUID | None = None
    traceparent: str | None = None

    @property
    def type(self) -> str:
        return TYPE_OF[type(self.data)]

    @property
    def spec(self) -> EventSpec:
        return CATALOG[self.type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An event as bytes, ready for a topic: what the outbox stores and the relay publishes."""

    topic: str
    key: str
    event_id: UUID
    type: str
    payload: bytes
    headers: dict[str, str] = field(default_factory=dict)


def new_event(
    data: D, *, id: UUID, subject: object, time: datetime, cause: Event[Any] | None = None
) -> Event[D]:
    """An event that continues the chain of `cause`, or begins one.

    The key is the data's conversation id, so `data` must carry one (or a mention that does). A
    fact about no conversation carries a `stream_id` instead: what must stay in one order shares it.
    """
    return Event(
        id=id,
        key=str(_key(data)),
        subject=str(subject),
        time=time,
        data=data,
        correlation_id=cause.correlation_id if cause else id,
        causation_id=cause.id if cause else None,
        traceparent=cause.traceparent if cause else None,
    )


def _key(data: Any) -> UUID:
    for name in ("conversation_id", "stream_id"):
        key: UUID | None = getattr(data, name, None)
        if key is not None:
            return key
    mention: Mention = data.mention
    return mention.conversation_id
