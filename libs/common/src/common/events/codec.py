"""Events to bytes and back. A reader can pick its handler from headers without parsing a body.

Three errors, because three different people have to act: an unknown type means a producer that is
newer than we are, an unknown version means that we missed an upgrade, a bad body is a defect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from common.errors import PoisonMessageError
from common.events.catalog import CATALOG, EventSpec
from common.events.envelope import Event, Message
from common.events.parts import Part

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/json"
_KNOWN_NAMES = frozenset(spec.name for spec in CATALOG.values())
_ENCODER = msgspec.json.Encoder()
_DECODERS: Mapping[str, msgspec.json.Decoder[Part]] = {
    type_: msgspec.json.Decoder(spec.data) for type_, spec in CATALOG.items()
}


class UnknownEventTypeError(PoisonMessageError):
    """No event of that name is in the catalogue (or the record is no CloudEvent at all)."""


class UnknownEventVersionError(PoisonMessageError):
    """The event is known, this version of it is not."""


class BadEventBodyError(PoisonMessageError):
    """Headers or body do not have the shape that the catalogue promises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the headers alone tell about a record."""

    id: UUID
    type: str
    source: str
    subject: str
    time: datetime
    correlation_id: UUID
    causation_id: UUID | None
    traceparent: str | None


def encode(event: Event[Any]) -> Message:
    """The event as a message for its topic. The body is UTF-8 JSON, times are RFC 3339 UTC."""
    spec = event.spec
    headers = {
        "ce_specversion": SPEC_VERSION,
        "ce_id": str(event.id),
        "ce_type": spec.type,
        "ce_source": f"/ombud/{spec.producer}",
        "ce_subject": event.subject,
        "ce_time": event.time.isoformat(),
        "ce_dataschema": f"schemas/{spec.type}.json",
        "ce_correlationid": str(event.correlation_id),
        "content-type": CONTENT_TYPE,
    }
    if event.causation_id:
        headers["ce_causationid"] = str(event.causation_id)
    if event.traceparent:
        headers["traceparent"] = event.traceparent
    return Message(
        topic=spec.topic.name,
        key=event.key,
        event_id=event.id,
        type=spec.type,
        payload=_ENCODER.encode(event.data),
        headers=headers,
    )


def read_head(headers: Iterable[tuple[str, bytes]]) -> Head:
    """The envelope from Kafka headers.

    Raises BadEventBodyError where a required attribute is missing or malformed, and
    UnknownEventTypeError where the record names no type.
    """
    raw = dict(headers)
    if "ce_type" not in raw:
        raise UnknownEventTypeError("the record has no ce_type header")
    try:
        return Head(
            id=UUID(raw["ce_id"].decode("ascii")),
            type=raw["ce_type"].decode("ascii"),
            source=raw["ce_source"].decode(),
            subject=raw["ce_subject"].decode(),
            time=datetime.fromisoformat(raw["ce_time"].decode("ascii")),
            correlation_id=UUID(raw["ce_correlationid"].decode("ascii")),
            causation_id=_optional_id(raw.get("ce_causationid")),
            traceparent=_optional_text(raw.get("traceparent")),
        )
    except (KeyError, ValueError, AttributeError) as error:  # a header without a value is None
        raise BadEventBodyError(f"bad envelope: {type(error).__name__}") from error


def spec_of(type_: str) -> EventSpec:
    """The catalogue's line for a type; raises UnknownEventTypeError or UnknownEventVersionError."""
    if spec := CATALOG.get(type_):
        return spec
    if type_.rpartition(".v")[0] in _KNOWN_NAMES:
        raise UnknownEventVersionError(f"unknown version: {type_}")
    raise UnknownEventTypeError(f"unknown event type: {type_}")


def decode(head: Head, key: bytes | None, value: bytes | None) -> Event[Any]:
    """The whole event. Raises one of this module's three errors; never another for bad input."""
    spec = spec_of(head.type)
    if key is None or value is None:
        raise BadEventBodyError("the record has no key or no body")
    try:
        data = _DECODERS[spec.type].decode(value)
        text_key = key.decode()
    except (msgspec.DecodeError, ValueError) as error:
        # The text of a msgspec error names the field, never its content: safe to keep.
        raise BadEventBodyError(f"bad body of {spec.type}: {error}") from error
    return Event(
        id=head.id,
        key=text_key,
        subject=head.subject,
        time=head.time,
        data=data,
        correlation_id=head.correlation_id,
        causation_id=head.causation_id,
        traceparent=head.traceparent,
    )


def _optional_id(value: bytes | None) -> UUID | None:
    return UUID(value.decode("ascii")) if value else None


def _optional_text(value: bytes | None) -> str | None:
    return value.decode("ascii") if value else None
