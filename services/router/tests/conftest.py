"""Fixtures of the router's tests: its database, migrated and configured, and its API."""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

import common
from common.clock import SystemClock
from common.db import migrations
from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWorkFactory
from common.events.envelope import Message
from common.ids import new_id
from common.outbox.writer import write_outbox
from common.testing.contracts import assert_satisfies_consumers
from common.testing.postgres import (
    create_database,
    drop_database,
    ensure_template,
    fingerprint,
    with_user,
)
from common.web.app import create_app
from common.web.auth import DevIssuer
from router.api import ROUTERS
from router.gateways.customers import NoCustomerData
from router.gateways.department_webhook import DepartmentSignatures
from router.gateways.reply_token import new_reply_token
from router.handlers.apply_configuration import ensure_default
from router.storage.configurations import Configurations

# Tests are no package: what they share (router_builders) is found by this.
sys.path.insert(0, str(Path(__file__).parent))

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"
COMMON = Path(next(iter(common.__path__)))
FILLED = (
    *("duty_offer", "action", "customer_access", "customer_link"),
    *("issue", "presence", "crisis"),
    *("department_answer_seen", "department_message", "department_query", "department_mailbox"),
    *("transfer", "sent_reply"),
    *("clock_entry", "escalation", "follow_up", "sweep_progress"),
    *("clock", "disposition", "cases", "rota", "configuration"),
    *("timer", "outbox", "inbox", "consumer_offset", "idempotent_answer"),
)
TABLES = tuple(COMMON / room for room in ("db", "inbox", "outbox", "timers"))
DEV_SECRET = "a development secret of more than 32 bytes"
PASSWORD = "for-tests-only"
DEPARTMENT_SECRET = "whsec_" + base64.b64encode(b"a department secret of 32 bytes!").decode()

Headers = dict[str, str]
Login = Callable[..., Headers]


async def _migrate(dsn: str) -> None:
    await migrations.prepare_database(dsn, "router", role_password=PASSWORD)
    await migrations.upgrade(dsn, "router", MIGRATIONS)


@pytest.fixture(scope="module")
def admin_dsn(postgres_admin_dsn: str) -> Iterator[str]:
    """A migrated database of this module's own (superuser)."""
    name = f"router_{fingerprint(MIGRATIONS, *TABLES)}"

    async def make() -> str:
        template = await ensure_template(postgres_admin_dsn, name, _migrate)
        return await create_database(postgres_admin_dsn, template=template)

    dsn = asyncio.run(make())
    yield dsn
    asyncio.run(drop_database(dsn))


@pytest.fixture(scope="module")
def service_dsn(admin_dsn: str) -> str:
    """The same database as the service's own role."""
    return with_user(admin_dsn, "ombud_router", password=PASSWORD)


async def write_checked(connection: AsyncConnection, messages: Sequence[Message]) -> None:
    """The outbox as it is, and whatever any test lets us emit suits those who consume it."""
    for message in messages:
        assert_satisfies_consumers(message)
    await write_outbox(connection, messages)


@pytest.fixture
async def units(admin_dsn: str, service_dsn: str) -> AsyncIterator[UnitOfWorkFactory]:
    """Units of work on empty tables with the packaged configuration."""
    await _empty(admin_dsn)  # the service itself may delete no line of a ledger
    engine = create_engine(service_dsn, pool_size=12, application_name="router-tests")
    units = UnitOfWorkFactory(engine, write_checked)
    async with units.begin() as uow:
        await ensure_default(uow)
    await _empty(admin_dsn, "outbox")  # tests look for what they caused themselves
    yield units
    await engine.dispose()


async def _empty(dsn: str, *tables: str) -> None:
    """Rows are few: deleting them is much quicker than truncating, or than another database."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("set search_path = router")
    await connection.execute("".join(f"delete from {table};" for table in tables or FILLED))
    await connection.close()


@pytest.fixture
async def database(service_dsn: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A plain connection as the service's role, to look at rows."""
    connection = await asyncpg.connect(service_dsn)
    yield connection
    await connection.close()


@pytest.fixture
def configurations() -> Configurations:
    return Configurations()


@pytest.fixture
def issuer() -> DevIssuer:
    return DevIssuer(DEV_SECRET)


@pytest.fixture
def login(issuer: DevIssuer) -> Login:
    """`login("mia", "agent", teams=[...])` gives the headers of that person's requests."""

    def headers(subject: str, *roles: str, teams: tuple[str, ...] = ()) -> Headers:
        token = issuer.token(subject, subject.title(), roles=roles, teams=teams)
        return {"Authorization": f"Bearer {token}"}

    return headers


@pytest.fixture
async def client(
    units: UnitOfWorkFactory, configurations: Configurations, issuer: DevIssuer
) -> AsyncIterator[httpx.AsyncClient]:
    """The API without a network."""
    app = create_app(
        service="router",
        version="test",
        routers=ROUTERS,
        state={
            "units": units,
            "configurations": configurations,
            "new_id": new_id,
            "customers": NoCustomerData(),
            "new_token": new_reply_token,
            "department_signatures": DepartmentSignatures(
                {"workshop": DEPARTMENT_SECRET}, clock=SystemClock()
            ),
            "helpdesk": "zammad",
        },
        auth=issuer,
        readiness={},
        liveness={},
        max_body_bytes=1_048_576,
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://router") as http:
        yield http
