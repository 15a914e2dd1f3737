"""Fixtures of the classifier's tests: its database and its API."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from classifier.api import ROUTERS
from classifier.gateways.model import ShippedModel
from classifier.handlers.classify_mentions import MentionClassifier
from classifier.handlers.deciding import Decider
from classifier.handlers.models import ModelThread
from common.db import migrations
from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWorkFactory
from common.ids import new_id
from common.outbox.writer import write_outbox
from common.testing.postgres import (
    create_database,
    drop_database,
    ensure_template,
    fingerprint,
    with_user,
)
from common.web.app import create_app
from common.web.dev_issuer import DevIssuer

# Tests are no package: what they share (classifier_builders) is found by this.
sys.path.insert(0, str(Path(__file__).parent))

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"
PASSWORD = "for-tests-only"

ISSUER = DevIssuer("a development secret of more than 32 bytes")


async def _migrate(dsn: str) -> None:
    await migrations.prepare_database(dsn, "classifier", role_password=PASSWORD)
    await migrations.upgrade(dsn, "classifier", MIGRATIONS)


@pytest.fixture(scope="module")
def service_dsn(postgres_admin_dsn):
    """A migrated database of this module's own, as the service's role."""

    async def make() -> str:
        name = f"classifier_{fingerprint(MIGRATIONS)}"
        template = await ensure_template(postgres_admin_dsn, name, _migrate)
        return await create_database(postgres_admin_dsn, template=template)

    dsn = asyncio.run(make())
    yield with_user(dsn, "ombud_classifier", password=PASSWORD)
    asyncio.run(drop_database(dsn))


@pytest.fixture
async def units(service_dsn):
    engine = create_engine(service_dsn, pool_size=4, application_name="classifier-tests")
    yield UnitOfWorkFactory(engine, write_outbox)
    await engine.dispose()


@pytest.fixture(scope="session")
def shipped():
    return ShippedModel.load()


@pytest.fixture
async def thread():
    thread = ModelThread()
    yield thread
    await thread.close()


@pytest.fixture
def decider(thread, shipped):
    return Decider(thread, shipped, poll_s=0.0)


@pytest.fixture
def classify_mentions(decider, units):
    return MentionClassifier(decider, units, repeat_span=timedelta(days=14))


@pytest.fixture
async def client(units, decider, thread):
    """The API; `client.as_(role)` gives the headers of somebody with that role."""
    app = create_app(
        service="classifier",
        version="0",
        routers=ROUTERS,
        state={"units": units, "decider": decider, "thread": thread, "new_id": new_id},
        auth=ISSUER,
        readiness={},
        liveness={},
        max_body_bytes=1_000_000,
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://classifier") as client:
        yield client


@pytest.fixture
def as_role():
    """Headers of Mia with these roles."""

    def headers(*roles: str, **more: str) -> dict[str, str]:
        return {"authorization": f"Bearer {ISSUER.token('mia', 'Mia', roles=roles)}", **more}

    return headers
