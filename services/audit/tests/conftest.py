"""Fixtures of audit's tests: its database, migrated, and its API over an ASGI client."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from audit.api.app import AppParts, build_app
from common.db import migrations
from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWorkFactory
from common.outbox.writer import write_outbox
from common.testing.postgres import ensure_template, fingerprint, fresh_database, with_user
from common.web.auth import DevIssuer

# Tests are no package: what they share (audit_builders) is found by this.
sys.path.insert(0, str(Path(__file__).parent))

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"
DEV_SECRET = "a development secret of more than 32 bytes"
PASSWORD = "for-tests-only"


async def _migrate(dsn: str) -> None:
    await migrations.prepare_database(dsn, "audit", role_password=PASSWORD)
    await migrations.upgrade(dsn, "audit", MIGRATIONS)


@pytest.fixture
async def admin_dsn(postgres_admin_dsn: str) -> AsyncIterator[str]:
    """A migrated database of this test's own (superuser)."""
    template = await ensure_template(
        postgres_admin_dsn, f"audit_{fingerprint(MIGRATIONS)}", _migrate
    )
    async with fresh_database(postgres_admin_dsn, template=template) as dsn:
        yield dsn


@pytest.fixture
def service_dsn(admin_dsn: str) -> str:
    """The same database as the service's own role."""
    return with_user(admin_dsn, "ombud_audit", password=PASSWORD)


@pytest.fixture
async def units(service_dsn: str) -> AsyncIterator[UnitOfWorkFactory]:
    engine = create_engine(service_dsn, pool_size=5, application_name="audit-tests")
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
            auth=issuer,
            max_body_bytes=1_048_576,
            is_joined=lambda: True,
            is_live=lambda: True,
        )
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://audit") as http:
        yield http


@pytest.fixture
def lead(issuer: DevIssuer) -> dict[str, str]:
    """Headers of a lead."""
    return {"Authorization": f"Bearer {issuer.token('lea', 'Lea Lead', roles=['lead'])}"}


@pytest.fixture
def observer(issuer: DevIssuer) -> dict[str, str]:
    """Headers of an observer."""
    return {"Authorization": f"Bearer {issuer.token('otto', 'Otto Observer', roles=['observer'])}"}
