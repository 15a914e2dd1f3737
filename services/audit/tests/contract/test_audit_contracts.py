"""Every example ever committed goes into the history, verifies and reads; migration up and down."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from audit_builders import append

from audit.handlers.verify_history import verify_all
from common.db import migrations
from common.db.unit_of_work import UnitOfWorkFactory
from common.events.catalog import CATALOG
from common.events.codec import read_head
from common.inbox.handling import RawEvent
from common.testing.contracts import Example, examples, least_message
from common.testing.postgres import fresh_database

pytestmark = pytest.mark.postgres
MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def raw_of(example: Example, *, value: bytes | None = None) -> RawEvent:
    head = read_head(example.headers)
    return RawEvent(
        head=head,
        key=example.key.decode(),
        topic=CATALOG[head.type].topic.name,
        partition=0,
        offset=0,
        value=example.value if value is None else value,
    )


async def test_every_example_is_kept_and_told(
    units: UnitOfWorkFactory, client: httpx.AsyncClient, lead: dict[str, str]
) -> None:
    events = [raw_of(example) for example in examples()]
    assert {event.head.type for event in events} >= CATALOG.keys()
    await append(units, events)
    report = await verify_all(units)
    assert report.is_intact
    assert report.entries == len({event.id for event in events})
    for event in events:
        answer = await client.get(f"/conversations/{event.key}/history?limit=200", headers=lead)
        told = {entry["event_id"]: entry for entry in answer.json()["items"]}[str(event.id)]
        assert told["data"] == json.loads(event.value)
        assert "{" not in told["what"]


async def test_the_least_message_is_enough(units: UnitOfWorkFactory) -> None:
    for number, type_ in enumerate(sorted(CATALOG), 1):
        least = json.dumps(least_message("audit", type_)).encode()
        await append(units, [raw_of(next(examples(type_)), value=least)])
        assert (await verify_all(units)).entries == number, type_


async def test_the_migration_goes_down_and_up_again(postgres_admin_dsn: str) -> None:
    async with fresh_database(postgres_admin_dsn) as dsn:
        await migrations.prepare_database(dsn, "audit", role_password="for-tests-only")
        await migrations.upgrade(dsn, "audit", MIGRATIONS)
        await migrations.downgrade(dsn, "audit", MIGRATIONS)
        await migrations.upgrade(dsn, "audit", MIGRATIONS)
        assert await migrations.current_revision(dsn, "audit") == migrations.head_revision(
            MIGRATIONS
        )
