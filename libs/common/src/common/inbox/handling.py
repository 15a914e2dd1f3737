"""From a record to the handler that wants it: the table event -> use case, put to work.

Two ways: `TypedHandling` decodes events of the types in its table and leaves others unread;
`RawHandling` hands over every record with its envelope, for the audit service. No database here
but the unit of work that is passed through.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import ConfigurationError
from common.events.catalog import CATALOG, TYPE_OF
from common.events.codec import BadEventBodyError, Head, decode, read_head
from common.events.envelope import Event
from common.events.parts import Part
from common.inbox.staging import stages
from common.kafka.port import Record

Handler = Callable[[UnitOfWork, Sequence[Event[Any]]], Awaitable[None]]
HandlerTable = Mapping[type[Part], Handler]
Prepare = Callable[[Sequence[Event[Any]]], Awaitable[Mapping[UUID, Any]]]
_NOTHING: Mapping[UUID, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEvent:
    """A record with its envelope and its bytes as they are."""

    head: Head
    key: str
    topic: str
    partition: int
    offset: int
    value: bytes

    @property
    def id(self) -> UUID:
        return self.head.id


RawHandler = Callable[[UnitOfWork, Sequence[RawEvent]], Awaitable[None]]


class Item(Protocol):
    """What the guard needs to know about an event."""

    @property
    def id(self) -> UUID: ...
    @property
    def key(self) -> str: ...


class Handling(Protocol):
    """How records become events and events take effect."""

    def read(self, record: Record) -> Item | None:
        """The event, or None where nobody here wants it. Raises PoisonMessageError."""
        ...

    async def prepare(self, items: Sequence[Any]) -> Mapping[UUID, Any]:
        """What can be computed before the transaction, by event id."""
        ...

    async def run(self, uow: UnitOfWork, items: Sequence[Any]) -> None:
        """Let the events take effect, in order per key. Raises whatever a handler raises."""
        ...


class TypedHandling:
    """Handlers by the shape of the event's data."""

    def __init__(
        self, handlers: HandlerTable, *, service: str, prepare: Prepare | None = None
    ) -> None:
        """Raises ConfigurationError for a handler that the catalogue would never give work."""
        for data in handlers:
            if service not in CATALOG[TYPE_OF[data]].consumers:
                raise ConfigurationError(
                    f"{service} handles {TYPE_OF[data]}, but the catalogue does not name it as a "
                    "consumer of that event"
                )
        self._handlers = dict(handlers)
        self._prepare = prepare
        wanted = {TYPE_OF[data] for data in handlers}
        # A known type that nobody here handles is left unread; an unknown one is read, to fail.
        self._unwanted = frozenset(type_.encode() for type_ in CATALOG if type_ not in wanted)

    def read(self, record: Record) -> Event[Any] | None:
        type_ = None
        for name, value in record.headers:
            if name == "ce_type":
                type_ = value  # of two the last counts, as in the codec
        if type_ in self._unwanted:
            return None
        event = decode(read_head(record.headers), record.key, record.value)
        _check_key(event.key)
        return event

    async def prepare(self, items: Sequence[Event[Any]]) -> Mapping[UUID, Any]:
        return await self._prepare(items) if self._prepare and items else _NOTHING

    async def run(self, uow: UnitOfWork, items: Sequence[Event[Any]]) -> None:
        calls = stages(items, key=_key, handler=_data_type)
        for data, events in calls:
            await self._handlers[data](uow, events)


class RawHandling:
    """One handler for everything, known or not."""

    def __init__(self, handler: RawHandler) -> None:
        self._handler = handler

    def read(self, record: Record) -> RawEvent:
        head = read_head(record.headers)
        if record.key is None or record.value is None:
            raise BadEventBodyError("the record has no key or no body")
        try:
            key = record.key.decode()
        except ValueError as error:
            raise BadEventBodyError("the key is not UTF-8") from error
        _check_key(key)
        return RawEvent(
            head=head,
            key=key,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            value=record.value,
        )

    async def prepare(self, items: Sequence[RawEvent]) -> Mapping[UUID, Any]:
        return _NOTHING

    async def run(self, uow: UnitOfWork, items: Sequence[RawEvent]) -> None:
        await self._handler(uow, items)


def _key(event: Event[Any]) -> str:
    return event.key


def _data_type(event: Event[Any]) -> type[Part]:
    return type(event.data)


def _check_key(key: str) -> None:
    if "\x00" in key:
        raise BadEventBodyError("the key holds a NUL, which PostgreSQL's text cannot")
