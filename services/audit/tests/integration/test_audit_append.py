"""Appending on a real database: once, in order, from several sides at once."""

from __future__ import annotations

import asyncio
import random
from uuid import uuid4

import asyncpg
import pytest
from audit_builders import append, life_of, mention

from audit.handlers.append_entries import append_entries
from audit.handlers.verify_history import verify_all
from common.db.unit_of_work import UnitOfWorkFactory
from common.errors import PoisonMessageError
from common.inbox.handling import RawEvent

pytestmark = pytest.mark.postgres


async def rows(dsn: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


async def test_the_life_of_a_mention_is_four_linked_entries(
    units: UnitOfWorkFactory, admin_dsn: str
) -> None:
    events = life_of(mention())
    await append(units, events[:1])
    await append(units, events[1:])
    entries = await rows(admin_dsn, "select * from audit.entry order by seq")
    assert [entry["seq"] for entry in entries] == [1, 2, 3, 4]
    assert [entry["event_id"] for entry in entries] == [event.id for event in events]
    assert [bytes(entry["body"]) for entry in entries] == [event.value for event in events]
    assert entries[0]["prev"] == bytes(32)
    assert [entry["prev"] for entry in entries[1:]] == [entry["hash"] for entry in entries[:-1]]
    (head,) = await rows(admin_dsn, "select * from audit.chain_head")
    assert (head["seq"], head["hash"]) == (4, entries[-1]["hash"])
    report = await verify_all(units)
    assert report.is_intact
    assert (report.chains, report.entries) == (1, 4)


async def test_what_is_known_is_left_out(units: UnitOfWorkFactory, admin_dsn: str) -> None:
    events = life_of(mention())
    await append(units, [events[0], events[0], events[1]])
    await append(units, events)
    await append(units, events)
    found = await rows(admin_dsn, "select event_id from audit.entry order by seq")
    assert [row["event_id"] for row in found] == [event.id for event in events]
    counted = await rows(admin_dsn, "select sum(entries) as n from audit.type_count")
    assert counted[0]["n"] == 4
    assert (await verify_all(units)).is_intact


async def test_a_type_that_nobody_knows_is_kept_with_its_bytes(
    units: UnitOfWorkFactory, admin_dsn: str
) -> None:
    (event, *_) = life_of(mention())
    head = event.head
    stranger = RawEvent(
        head=type(head)(
            id=uuid4(),
            type="shop.order.shipped.v1",
            source="/shop",
            subject="Bestellung 7 – Größe L",
            time=head.time,
            correlation_id=head.id,
            causation_id=None,
            traceparent=None,
        ),
        key=event.key,
        topic="shop.events",
        partition=2,
        offset=0,
        value=b"\x00\xff no json",
    )
    await append(units, [stranger])
    (entry,) = await rows(admin_dsn, "select * from audit.entry")
    assert bytes(entry["body"]) == b"\x00\xff no json"
    assert entry["subject"] == "Bestellung 7 – Größe L"
    assert (await verify_all(units)).is_intact


async def test_a_key_that_is_no_conversation_is_poison(units: UnitOfWorkFactory) -> None:
    event = life_of(mention())[0]
    lost = RawEvent(
        head=event.head, key="nowhere", topic="t", partition=0, offset=0, value=event.value
    )
    with pytest.raises(PoisonMessageError):
        await append(units, [lost])
    assert (await verify_all(units)).entries == 0


async def test_a_failed_unit_leaves_nothing(units: UnitOfWorkFactory) -> None:
    async def fail() -> None:
        async with units.begin() as uow:
            await append_entries(uow, life_of(mention()))
            raise RuntimeError("after the handler")

    with pytest.raises(RuntimeError):
        await fail()
    report = await verify_all(units)
    assert (report.chains, report.entries) == (0, 0)


async def test_replicas_that_append_to_the_same_chains_neither_lose_nor_deadlock(
    units: UnitOfWorkFactory, admin_dsn: str
) -> None:
    """Four appenders, the same conversations in different orders, each batch overlapping others."""
    luck = random.Random(7)
    lives = [life_of(mention(f"p{n}")) for n in range(40)]
    by_stage: list[list[RawEvent]] = [[life[stage] for life in lives] for stage in range(4)]

    async def appender(events: list[RawEvent]) -> None:
        for start in range(0, len(events), 10):
            await append(units, events[start : start + 10])

    for stage in by_stage:
        luck.shuffle(stage)
    await asyncio.gather(*(appender(stage) for stage in by_stage))
    report = await verify_all(units)
    assert report.is_intact, report.findings
    assert (report.chains, report.entries) == (40, 160)
    found = await rows(
        admin_dsn, "select max(seq) as last from audit.entry group by conversation_id"
    )
    assert {row["last"] for row in found} == {4}
