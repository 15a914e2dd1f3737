"""What the router needs of others is enough for it, and what it emits is enough for others."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from router_builders import Mentions, reply
from router_steps import case_of

from common.db import migrations
from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.events.catalog import CATALOG, TYPE_OF
from common.events.codec import decode, read_head
from common.events.envelope import Event, Message
from common.ids import new_id
from common.outbox.writer import write_outbox
from common.testing.contracts import assert_satisfies_consumers, examples, least_message
from common.testing.postgres import fresh_database
from common.timers.loop import TimerLoop
from router.consumers import handlers
from router.domain.claims import Person
from router.domain.closing import closing
from router.gateways.reply_token import new_reply_token
from router.handlers.claim_case import CaseCommand, claim_case, release_case
from router.handlers.close_case import close_case
from router.jobs import timers
from router.storage.configurations import Configurations

pytestmark = pytest.mark.postgres
MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
CONSUMED = sorted(type_ for type_, spec in CATALOG.items() if "router" in spec.consumers)
MIA = Person("dev|mia", "Mia")


async def hear(units: UnitOfWorkFactory, *events: Event[Any]) -> None:
    table = handlers(Configurations(), new_token=new_reply_token)
    for event in events:
        async with units.begin() as uow:
            await table[type(event.data)](uow, [event])


def test_every_event_the_catalogue_gives_us_has_its_use_case() -> None:
    table = handlers(Configurations(), new_token=new_reply_token)
    assert sorted(TYPE_OF[data] for data in table) == CONSUMED


@pytest.mark.parametrize("type_", CONSUMED)
async def test_every_example_and_the_least_message_are_enough(
    units: UnitOfWorkFactory, type_: str
) -> None:
    known = list(examples(type_))
    assert known
    for example in known:
        head = read_head(example.headers)
        least = json.dumps(least_message("router", type_)).encode()
        for value in (example.value, least):
            await hear(units, decode(head, example.key, value))


async def test_everything_we_emit_satisfies_its_consumers(units: UnitOfWorkFactory) -> None:
    emitted: list[Message] = []

    async def remember(connection: Any, messages: Any) -> None:
        emitted.extend(messages)
        await write_outbox(connection, messages)

    spied = UnitOfWorkFactory(units._engine, remember)
    hour = UnitOfWorkFactory(units._engine, remember, offset=timedelta(hours=1))
    make = Mentions(detected_at=datetime.now(UTC) - timedelta(minutes=8))
    first, silent = make("service", thread="t"), make("triage")
    talk, own = make("non_service", kind="talk"), make("service", own_post=True)
    await hear(spied, first, make("service", thread="t"), silent, talk, own)
    await TimerLoop(spied, timers(Configurations())).fire_due()
    case_id, conversation = case_of(first), first.data.mention.conversation_id
    await hear(spied, reply(case_id, conversation, sent_at=datetime.now(UTC)))
    await TimerLoop(hour, timers(Configurations())).fire_due()
    command = CaseCommand(case_id=case_id, by=MIA, teams=None)

    async def act(step: Any) -> None:
        async with spied.begin() as uow:
            await step(uow)

    async def claim(uow: UnitOfWork) -> None:
        configuration = await Configurations().in_force(uow.connection)
        await claim_case(configuration, uow, command, lease=None, new_id=new_id)

    account = closing("solved", cause="chain", summary="Tightened.", fault="product")
    await act(claim)
    await act(lambda uow: release_case(uow, command, new_id=new_id))
    await act(lambda uow: close_case(uow, command, account, new_id=new_id))
    for message in emitted:
        assert_satisfies_consumers(message)
    # The rest of the router's events is held to the same by the outbox of every test (conftest).
    assert {message.type for message in emitted} >= {
        f"router.{name}.v1"
        for name in (
            *("case.opened", "case.continued", "mention.parked", "own_post.recorded"),
            *("clock.warned", "clock.stopped", "clock.breached"),
            *("case.claimed", "case.released", "case.state_changed", "case.closed"),
        )
    }
    assert {CATALOG[message.type].producer for message in emitted} == {"router"}


def test_the_migration_goes_down_and_up_again(postgres_admin_dsn: str) -> None:
    async def down_and_up() -> None:
        async with fresh_database(postgres_admin_dsn) as dsn:
            await migrations.prepare_database(dsn, "router", role_password="for-tests-only")
            await migrations.upgrade(dsn, "router", MIGRATIONS)
            await migrations.downgrade(dsn, "router", MIGRATIONS)
            assert await migrations.current_revision(dsn, "router") is None
            await migrations.upgrade(dsn, "router", MIGRATIONS)
            head = migrations.head_revision(MIGRATIONS)
            assert await migrations.current_revision(dsn, "router") == head

    asyncio.run(down_and_up())
