"""Fixtures of ingest's tests: its database, migrated, and its API over an ASGI client."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from common.db import migrations
from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWorkFactory
from common.ids import new_id
from common.outbox.writer import write_outbox
from common.testing.postgres import ensure_template, fingerprint, fresh_database, with_user
from common.web.auth import DevIssuer
from ingest.api.app import AppParts, build_app
from ingest.handlers.take_in_delivery import DeliveryTakeIn
from ingest.handlers.take_in_upload import UploadTakeIn

# Tests are no package: what they share (ingest_builders) is found by this.
sys.path.insert(0, str(Path(__file__).parent))

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"
DEV_SECRET = "a development secret of more than 32 bytes"
PASSWORD = "for-tests-only"


async def _migrate(dsn: str) -> None:
    await migrations.prepare_database(dsn, "ingest", role_password=PASSWORD)
    await migrations.upgrade(dsn, "ingest", MIGRATIONS)


@pytest.fixture
async def admin_dsn(postgres_admin_dsn: str) -> AsyncIterator[str]:
    """A migrated database of this test's own (superuser)."""
    template = await ensure_template(
        postgres_admin_dsn, f"ingest_{fingerprint(MIGRATIONS)}", _migrate
    )
    async with fresh_database(postgres_admin_dsn, template=template) as dsn:
        yield dsn


@pytest.fixture
def service_dsn(admin_dsn: str) -> str:
    """The same database as the service's own role."""
    return with_user(admin_dsn, "ombud_ingest", password=PASSWORD)


@pytest.fixture
async def units(service_dsn: str) -> AsyncIterator[UnitOfWorkFactory]:
    engine = create_engine(service_dsn, pool_size=5, application_name="ingest-tests")
    yield UnitOfWorkFactory(engine, write_outbox)
    await engine.dispose()


@pytest.fixture
def issuer() -> DevIssuer:
    return DevIssuer(DEV_SECRET)


@pytest.fixture
async def client(units: UnitOfWorkFactory, issuer: DevIssuer) -> AsyncIterator[httpx.AsyncClient]:
    """The API without a network."""
    app = build_app(
        AppParts(
            units=units,
            ids=new_id,
            auth=issuer,
            take_in_delivery=DeliveryTakeIn(units, within=timedelta(seconds=3)),
            take_in_upload=UploadTakeIn(units),
            max_body_bytes=1_048_576,
            max_upload_bytes=16_777_216,
        )
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as http:
        yield http


@pytest.fixture
def operator(issuer: DevIssuer) -> dict[str, str]:
    """Headers of an operator."""
    return {"Authorization": f"Bearer {issuer.token('olga', 'Olga Ops', roles=['operator'])}"}


@pytest.fixture
def agent(issuer: DevIssuer) -> dict[str, str]:
    """Headers of an agent."""
    return {"Authorization": f"Bearer {issuer.token('anton', 'Anton Agent', roles=['agent'])}"}


@pytest.fixture
def observer(issuer: DevIssuer) -> dict[str, str]:
    """Headers of an observer."""
    return {"Authorization": f"Bearer {issuer.token('otto', 'Otto Observer', roles=['observer'])}"}
