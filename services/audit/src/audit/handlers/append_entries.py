"""Append events to the history: every event of every topic, also of types that nobody here knows.

Runs on whole batches; per event there is little more than two hashes. An event that is in the
history is left out, whatever the inbox says: entries outlive inbox rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from audit.domain import chain
from audit.domain.chain import Fact
from audit.handlers.read_filing import read_detected_at, read_filing
from audit.storage import chains
from audit.storage.chains import NewEntry
from common.db.unit_of_work import UnitOfWork
from common.errors import PoisonMessageError
from common.events.catalog import TYPE_OF
from common.events.router import CaseContinued, CaseOpened
from common.inbox.handling import RawEvent
from common.observability import metrics

_PLACED = frozenset({TYPE_OF[CaseOpened], TYPE_OF[CaseContinued]})
"""The last facts of a mention's way that have the mention inside."""


async def append_entries(uow: UnitOfWork, events: Sequence[RawEvent]) -> None:
    """Append `events` in their order, each once, and move the heads of their conversations.

    Idempotent by event id. Raises PoisonMessageError for a record whose key is no conversation.
    """
    conversations = [_conversation(event) for event in events]
    heads = await chains.lock_heads(uow.connection, conversations)
    known = await chains.known_events(uow.connection, [event.head.id for event in events])
    new: list[tuple[UUID, RawEvent]] = []
    for conversation_id, event in zip(conversations, events, strict=True):
        if event.head.id not in known:
            known.add(event.head.id)
            new.append((conversation_id, event))
    if not new:
        return
    facts = [(conversation_id, _fact(event)) for conversation_id, event in new]
    links = chain.append(heads, facts, recorded_at=uow.now)
    entries = [
        NewEntry(conversation_id, fact, link)
        for (conversation_id, fact), link in zip(facts, links, strict=True)
    ]
    await chains.append(uow.connection, entries, recorded_at=uow.now)
    await chains.move_heads(
        uow.connection, {entry.conversation_id: heads[entry.conversation_id] for entry in entries}
    )
    await chains.file(uow.connection, entries)
    await chains.count(uow.connection, Counter((e.topic, e.partition, e.head.type) for _, e in new))
    _measure(uow, facts)


def _conversation(event: RawEvent) -> UUID:
    try:
        return UUID(event.key)
    except ValueError:
        raise PoisonMessageError("the record's key is no conversation id") from None


def _fact(event: RawEvent) -> Fact:
    return Fact(
        event_id=event.head.id,
        topic=event.topic,
        type=event.head.type,
        subject=event.head.subject,
        at=event.head.time,
        body=event.value,
        filing=read_filing(event.value),
    )


def _measure(uow: UnitOfWork, facts: Sequence[tuple[UUID, Fact]]) -> None:
    for topic, number in Counter(fact.topic for _, fact in facts).items():
        metrics.AUDIT_ENTRIES_TOTAL.labels(topic).inc(number)
        # One look per batch: the oldest of it. A look per entry would cost as much as its hash.
        oldest = min(fact.at for _, fact in facts if fact.topic == topic)
        metrics.AUDIT_DELAY_SECONDS.labels(topic).observe(_seconds(uow.now - oldest))
    placed = [fact for _, fact in facts if fact.type in _PLACED]
    if placed and (detected_at := read_detected_at(placed[0].body)):
        metrics.AUDIT_END_TO_END_SECONDS.observe(_seconds(uow.now - detected_at))


def _seconds(span: timedelta) -> float:
    return max(span.total_seconds(), 0.0)
