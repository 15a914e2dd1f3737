"""The writes that put a record away: behind a parked key, or among the dead letters.

All run in the caller's transaction, so that a record is put away together with its offset or not
at all. Records are kept byte for byte. Deciding what goes where is not done here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db.unit_of_work import UnitOfWork
from common.errors import PoisonMessageError
from common.events.codec import read_head
from common.inbox.handling import Item
from common.kafka.dead_letter import dead_letter, error_hash
from common.kafka.policies import Failure
from common.kafka.port import Record
from common.observability.scrubbing import describe_error

_PACK = msgspec.msgpack.Encoder()
_UNPACK = msgspec.msgpack.Decoder(list[tuple[str, bytes]])

_OPEN_KEY = text(
    "insert into parked_key (consumer, key, attempts, first_failed_at, next_try_at) "
    "values (:consumer, :key, :attempts, now(), now() + cast(:delay as interval)) "
    "on conflict do nothing"
)
_APPEND = text(
    'insert into parked_event (consumer, key, event_id, topic, part, "offset", timestamp_ms,'
    " raw_key, payload, headers, dead_letter_id) "
    'select :consumer, key, event_id, topic, part, "offset", timestamp_ms, raw_key, payload,'
    " headers, cast(:dead_letter_id as bigint) from unnest("
    "cast(:keys as text[]), cast(:event_ids as uuid[]), cast(:topics as text[]),"
    " cast(:parts as int[]), cast(:offsets as bigint[]), cast(:timestamps as bigint[]),"
    " cast(:raw_keys as bytea[]), cast(:payloads as bytea[]), cast(:headers as bytea[])"
    ') with ordinality as e (key, event_id, topic, part, "offset", timestamp_ms, raw_key,'
    " payload, headers, place) order by place on conflict (consumer, event_id) do update"
    " set dead_letter_id = coalesce(excluded.dead_letter_id, parked_event.dead_letter_id)"
)
_BURY = text(
    'insert into dead_letter (consumer, topic, part, "offset", timestamp_ms, event_id, type,'
    " key, payload, headers, error_class, error_hash, problem, attempts, first_failed_at,"
    " parked_key) "
    "values (:consumer, :topic, :part, :offset, :timestamp_ms, :event_id, :type, :key, :payload,"
    " :headers, :error_class, :error_hash, :problem, :attempts, :first_failed_at, :parked_key) "
    "on conflict (consumer, topic, part, \"offset\") do update set state = 'open',"
    " error_class = excluded.error_class, error_hash = excluded.error_hash,"
    " problem = excluded.problem, attempts = dead_letter.attempts + excluded.attempts,"
    " failed_at = now(), parked_key = excluded.parked_key returning id"
)


async def open_parked_key(
    connection: AsyncConnection, key: str, *, consumer: str, attempts: int, delay: timedelta
) -> None:
    """Park the key, to be tried after `delay`; without effect if it is parked already."""
    await connection.execute(
        _OPEN_KEY, {"consumer": consumer, "key": key, "attempts": attempts, "delay": delay}
    )


async def append_parked(
    connection: AsyncConnection,
    events: Sequence[tuple[UUID, str, Record]],
    *,
    consumer: str,
    dead_letter_id: int | None = None,
) -> None:
    """Append (event id, key, record) behind their parked keys; one that is there already stays."""
    records = [record for _, _, record in events]
    await connection.execute(
        _APPEND,
        {
            "consumer": consumer,
            "dead_letter_id": dead_letter_id,
            "event_ids": [event_id for event_id, _, _ in events],
            "keys": [key for _, key, _ in events],
            "topics": [record.topic for record in records],
            "parts": [record.partition for record in records],
            "offsets": [record.offset for record in records],
            "timestamps": [record.timestamp_ms for record in records],
            "raw_keys": [record.key for record in records],
            "payloads": [record.value for record in records],
            "headers": [pack_headers(record) for record in records],
        },
    )


async def write_dead_letter(
    uow: UnitOfWork,
    record: Record,
    failure: Failure,
    *,
    consumer: str,
    parked_key: str | None = None,
) -> int:
    """Row of the mirror and message for the dead-letter topic; the row's id.

    A record that is buried again (its replay failed) keeps its row, open once more.
    """
    event_id, type_ = _identity(record)
    found = await uow.connection.execute(
        _BURY,
        {
            "consumer": consumer,
            "topic": record.topic,
            "part": record.partition,
            "offset": record.offset,
            "timestamp_ms": record.timestamp_ms,
            "event_id": event_id,
            "type": type_,
            "key": record.key,
            "payload": record.value,
            "headers": pack_headers(record),
            "error_class": type(failure.error).__name__,
            "error_hash": error_hash(failure.error),
            "problem": describe_error(failure.error),
            "attempts": failure.attempts,
            "first_failed_at": failure.failed_at,
            "parked_key": parked_key,
        },
    )
    uow.publish_messages(
        dead_letter(
            record,
            consumer=consumer,
            error=failure.error,
            attempts=failure.attempts,
            first_failed_at=failure.failed_at,
        )
    )
    letter_id: int = found.scalar_one()
    return letter_id


def pack_headers(record: Record) -> bytes:
    """All headers in order, doubles and odd bytes included."""
    return _PACK.encode([(name, value or b"") for name, value in record.headers])


def unpack_headers(packed: bytes) -> list[tuple[str, bytes]]:
    """The headers that `pack_headers` packed."""
    return _UNPACK.decode(packed)


def record_of(row: Any) -> Record:
    """The record from a row with columns topic, part, offset, timestamp_ms, raw_key, ..."""
    return Record(
        row.topic,
        row.part,
        row.offset,
        row.timestamp_ms,
        row.raw_key,
        row.payload,
        unpack_headers(row.headers),
    )


def identified(item: Item, record: Record) -> tuple[UUID, str, Record]:
    """An event as `append_parked` takes it."""
    return item.id, item.key, record


def _identity(record: Record) -> tuple[UUID | None, str | None]:
    """Event id and type as far as the headers tell."""
    try:
        head = read_head(record.headers)
    except PoisonMessageError:
        for name, value in record.headers:
            if name == "ce_type" and value:
                return None, value.decode("utf-8", "replace").replace("\x00", "")[:200]
        return None, None
    return head.id, head.type.replace("\x00", "")[:200]
