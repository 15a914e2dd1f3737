"""Which records become events, and what is said about those that cannot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from common.db.unit_of_work import UnitOfWork
from common.errors import ConfigurationError
from common.events.codec import BadEventBodyError, UnknownEventTypeError, encode
from common.events.envelope import Event, new_event
from common.events.router import MentionParked, OwnPostRecorded
from common.inbox.handling import RawHandling, TypedHandling
from common.kafka.port import Record

ID = UUID(int=1)
NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)


async def _handler(uow: UnitOfWork, events: Sequence[Any]) -> None:
    raise AssertionError("nothing is handled here")


def _record(**changes: Any) -> Record:
    data = OwnPostRecorded(mention_id=ID, conversation_id=ID, reason="own")
    message = encode(new_event(data, id=ID, subject=ID, time=NOW))
    headers = [(name, value.encode()) for name, value in message.headers.items()]
    record = Record("t", 0, 5, 0, message.key.encode(), message.payload, headers)
    return record._replace(**changes)


def test_a_wanted_event_is_decoded() -> None:
    handling = TypedHandling({OwnPostRecorded: _handler}, service="audit")
    event = handling.read(_record())
    assert isinstance(event, Event)
    assert (event.id, event.key, event.data.reason) == (ID, str(ID), "own")


def test_an_unwanted_one_is_not_even_looked_at() -> None:
    handling = TypedHandling({MentionParked: _handler}, service="audit")
    assert handling.read(_record(key=None, value=b"\xff")) is None


def test_an_unknown_type_is_not_passed_over_in_silence() -> None:
    handling = TypedHandling({MentionParked: _handler}, service="audit")
    with pytest.raises(UnknownEventTypeError):
        handling.read(_record(headers=[*_record().headers, ("ce_type", b"router.case.new.v1")]))


@pytest.mark.parametrize("key", [None, b"\xff", b"a\x00b"])
@pytest.mark.parametrize(
    "handling",
    [TypedHandling({OwnPostRecorded: _handler}, service="audit"), RawHandling(_handler)],
    ids=["typed", "raw"],
)
def test_keys_that_the_database_could_not_hold_are_bad(handling: Any, key: bytes | None) -> None:
    with pytest.raises(BadEventBodyError):
        handling.read(_record(key=key))


def test_raw_handling_takes_types_that_nobody_knows() -> None:
    headers = [h for h in _record().headers if h[0] != "ce_type"]
    record = _record(headers=[*headers, ("ce_type", b"weather.rain.began.v1")], value=b"\x00")
    raw = RawHandling(_handler).read(record)
    assert (raw.id, raw.head.type) == (ID, "weather.rain.began.v1")
    assert (raw.key, raw.topic, raw.partition, raw.offset) == (str(ID), "t", 0, 5)
    assert raw.value == b"\x00"


def test_a_handler_that_would_never_be_called_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match=r"router\.own_post\.recorded\.v1"):
        TypedHandling({OwnPostRecorded: _handler}, service="responder")
