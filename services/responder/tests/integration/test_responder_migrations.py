"""The schema goes up, down and up again, and leaves nothing behind on the way down."""

from __future__ import annotations

import asyncpg
import pytest

from common.db import migrations
from common.testing.postgres import fresh_database

pytestmark = pytest.mark.postgres


async def test_the_migrations_go_there_and_back(postgres_admin_dsn: str) -> None:
    folder = migrations.versions_dir("responder")
    async with fresh_database(postgres_admin_dsn) as dsn:
        await migrations.prepare_database(dsn, "responder", role_password="for-tests-only")
        await migrations.upgrade(dsn, "responder", folder)
        assert await migrations.current_revision(dsn, "responder") == migrations.head_revision(
            folder
        )
        await migrations.downgrade(dsn, "responder", folder)
        connection = await asyncpg.connect(dsn)
        left = await connection.fetch(
            "select relname as name from pg_class where relnamespace = 'responder'::regnamespace"
            " and relkind in ('r', 'v') union select proname from pg_proc"
            " where pronamespace = 'responder'::regnamespace"
        )
        await connection.close()
        assert [row["name"] for row in left] == ["alembic_version"]
        await migrations.upgrade(dsn, "responder", folder)
