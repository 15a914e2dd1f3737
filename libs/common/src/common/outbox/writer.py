"""Writing to the outbox: one set-based insert per unit of work, in the order of publishing.

Order per key needs the writers of one key to be serialised by a row lock taken before
(RELIABILITY 9.1); this module cannot see to that.
"""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.errors import OmbudError
from common.events.envelope import Message
from common.observability import metrics, tracing
from common.outbox.table import LANES

MAX_PAYLOAD_BYTES = 1_000_000
"""Above this the broker would refuse it for ever and its lane would stand still."""

_INSERT = text(
    "insert into outbox (lane, topic, key, event_id, type, headers, payload) "
    "select lane, topic, key, event_id, type, cast(headers as jsonb), payload from unnest("
    "cast(:lanes as smallint[]), cast(:topics as text[]), cast(:keys as bytea[]), "
    "cast(:event_ids as uuid[]), cast(:types as text[]), cast(:headers as text[]), "
    "cast(:payloads as bytea[])) with ordinality "
    "as m (lane, topic, key, event_id, type, headers, payload, place) order by place "
    # The same event twice is one event: its id is derived from the fact (common.ids).
    "on conflict (event_id) do nothing"
)


class MessageTooLargeError(OmbudError):
    """The event can never be published; larger contents travel by reference (RELIABILITY 9.8)."""


async def write_outbox(connection: AsyncConnection, messages: Sequence[Message]) -> None:
    """Store the messages in the connection's open transaction, ids rising in the order given.

    A message whose event id waits in the outbox already is left out. Events without a
    traceparent get the current one. Raises MessageTooLargeError.
    """
    if not messages:
        return
    for message in messages:
        if len(message.payload) > MAX_PAYLOAD_BYTES:
            raise MessageTooLargeError(f"{message.type}: {len(message.payload)} bytes")
    trace = tracing.current()
    keys = [message.key.encode("utf-8", "surrogateescape") for message in messages]
    await connection.execute(
        _INSERT,
        {
            "lanes": [lane_of(key) for key in keys],
            "topics": [message.topic for message in messages],
            "keys": keys,
            "event_ids": [message.event_id for message in messages],
            "types": [message.type for message in messages],
            "headers": [_headers(message, trace) for message in messages],
            "payloads": [message.payload for message in messages],
        },
    )
    for topic in {message.topic for message in messages}:
        count = sum(message.topic == topic for message in messages)
        metrics.OUTBOX_WRITTEN_TOTAL.labels(topic).inc(count)


def lane_of(key: bytes) -> int:
    """The lane of a key, the same in every version and language (pitfall 18)."""
    return crc32(key) % LANES


def _headers(message: Message, trace: str | None) -> str:
    headers = message.headers
    if trace and "traceparent" not in headers:
        headers = {**headers, "traceparent": trace}
    return orjson.dumps(headers).decode()
