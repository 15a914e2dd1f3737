"""What ingest really emits satisfies its consumers; its migration goes up and down."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from ingest_builders import found

from common.db import migrations
from common.db.unit_of_work import UnitOfWorkFactory
from common.testing.contracts import assert_satisfies_consumers
from common.testing.postgres import fresh_database
from ingest.domain.posts import Attachment
from ingest.handlers.take_in_posts import Origin, take_in_posts

pytestmark = pytest.mark.postgres
MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
ORIGIN = Origin(source_id=UUID(int=1), network="mastodon", account="@motorrad", reference="r1")


async def test_a_received_mention_satisfies_every_consumer(units: UnitOfWorkFactory) -> None:
    least = found("p1")
    most = found(
        "p2",
        author_name="Karla Kurbel",
        author_followers=3,
        in_reply_to="p1",
        url="https://social.example/p2",
        language="de",
        media=(Attachment(kind="image", url="https://social.example/i.png"),),
        detected_via=("search", "mention"),
        is_private=True,
    )
    async with units.begin() as uow:
        await take_in_posts(uow, ORIGIN, [least, most])
        assert len(uow.messages) == 2
        for message in uow.messages:
            assert_satisfies_consumers(message)


async def test_the_migration_goes_down_and_up_again(postgres_admin_dsn: str) -> None:
    async with fresh_database(postgres_admin_dsn) as dsn:
        await migrations.prepare_database(dsn, "ingest", role_password="for-tests-only")
        await migrations.upgrade(dsn, "ingest", MIGRATIONS)
        await migrations.downgrade(dsn, "ingest", MIGRATIONS)
        await migrations.upgrade(dsn, "ingest", MIGRATIONS)
        head = migrations.head_revision(MIGRATIONS)
        assert await migrations.current_revision(dsn, "ingest") == head
