"""Fixtures of the responder's tests: its database, a lying network, people, and its API."""

from __future__ import annotations

import asyncio
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from msgspec.structs import replace

from common.db import migrations
from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWorkFactory
from common.events.envelope import Event, new_event
from common.events.parts import Author, Classification, Mention
from common.events.router import CaseOpened
from common.events.vocabulary import Decision, Label, MentionKind, Visibility
from common.ids import conversation_id, mention_id, new_id
from common.outbox.writer import write_outbox
from common.settings import AuthSettings, DatabaseSettings, HttpSettings, KafkaSettings, LogSettings
from common.testing.postgres import (
    create_database,
    drop_database,
    ensure_template,
    fingerprint,
    with_user,
)
from common.web.auth import DevIssuer
from platforms.simulator.faults import FaultPlan
from platforms.simulator.posts import PostLog
from platforms.simulator.server import Simulator
from responder.bootstrap import Responder
from responder.domain.private_words import DEFAULT_RETENTION
from responder.handlers.record_cases import RecordMentions
from responder.settings import PrivateSettings, ResponderSettings, SendingSettings
from responder.storage.private_store import PrivateStore
from responder.storage.sealing import Sealing

# Tests are no package: what they share (responder_bridge) is found by this.
sys.path.insert(0, str(Path(__file__).parent))

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"
STORE_KEY = b"a key of thirty-two bytes, for us"[:32]
DEV_SECRET = "a development secret of more than 32 bytes"
PASSWORD = "for-tests-only"
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

SERVICE_MATTER = Classification(
    label=Label.SERVICE,
    decision=Decision.SERVICE,
    confidence=0.97,
    kind=MentionKind.PROBLEM,
    abusive=False,
    urgent=False,
    own_post=False,
    language="de",
    model="test",
)

OpenCase = Callable[..., Awaitable[UUID]]
CaseEvent = Callable[..., Event[CaseOpened]]


async def _migrate(dsn: str) -> None:
    await migrations.prepare_database(dsn, "responder", role_password=PASSWORD)
    await migrations.upgrade(dsn, "responder", MIGRATIONS)


@pytest.fixture(scope="module")
def admin_dsn(postgres_admin_dsn: str) -> Iterator[str]:
    """A migrated database of this module's own (superuser); tests make drafts of their own."""

    async def create() -> str:
        template = await ensure_template(
            postgres_admin_dsn, f"responder_{fingerprint(MIGRATIONS)}", _migrate
        )
        return await create_database(postgres_admin_dsn, template=template)

    dsn = asyncio.run(create())
    yield dsn
    asyncio.run(drop_database(dsn))


@pytest.fixture
def service_dsn(admin_dsn: str) -> str:
    """The same database as the service's own role."""
    return with_user(admin_dsn, "ombud_responder", password=PASSWORD)


@pytest.fixture
async def units(service_dsn: str) -> AsyncIterator[UnitOfWorkFactory]:
    engine = create_engine(service_dsn, pool_size=10, application_name="responder-tests")
    yield UnitOfWorkFactory(engine, write_outbox)
    await engine.dispose()


@pytest.fixture
def case_opened() -> CaseEvent:
    """An event as the router publishes it, for the post with this native id."""

    def build(
        native_id: str, *, visibility: Visibility = Visibility.PUBLIC, **classified: Any
    ) -> Event[CaseOpened]:
        conversation = conversation_id("simulated", native_id)
        mention = Mention(
            mention_id=mention_id("simulated", native_id),
            conversation_id=conversation,
            network="simulated",
            native_id=native_id,
            author=Author(id="a1", handle="@karla", name="Karla Kurbel"),
            text="Mein Motorrad springt nicht an, wer hilft?",
            posted_at=NOW,
            detected_at=NOW,
            detected_via=("mention",),
            source_id=new_id(),
            account="motorrad_ag",
            visibility=visibility,
        )
        fact = CaseOpened(
            case_id=new_id(),
            conversation_id=conversation,
            mention=mention,
            classification=replace(SERVICE_MATTER, **classified),
            team="social_support",
            reason="service",
            rule="default",
            configuration_version=1,
            clocks=(),
        )
        return new_event(fact, id=new_id(), subject=fact.case_id, time=NOW)

    return build


@pytest.fixture
def record_mentions() -> RecordMentions:
    """The use case behind `cases.events`, with a restricted store of its own key."""
    store = PrivateStore(Sealing([STORE_KEY]), retention=DEFAULT_RETENTION)
    return RecordMentions(store, ids=new_id)


@pytest.fixture
def open_case(
    units: UnitOfWorkFactory, case_opened: CaseEvent, record_mentions: RecordMentions
) -> OpenCase:
    """Open a case for the post with this native id; its case id."""

    async def open_(native_id: str, **changes: Any) -> UUID:
        event = case_opened(native_id, **changes)
        async with units.begin() as uow:
            await record_mentions(uow, [event])
        return event.data.case_id

    return open_


@pytest.fixture
def plan() -> FaultPlan:
    """A network that does not lie; tests override it, or ask per request."""
    return FaultPlan({}, seed=1)


@pytest.fixture
async def simulator(tmp_path: Path, plan: FaultPlan) -> AsyncIterator[Simulator]:
    network = Simulator(PostLog(tmp_path / "posts.jsonl"), plan)
    await network.start("127.0.0.1", 0)
    yield network
    await network.aclose()


@pytest.fixture
async def responder(service_dsn: str, simulator: Simulator) -> AsyncIterator[Responder]:
    """The service as bootstrap builds it, without its loops."""
    settings = ResponderSettings(
        database=DatabaseSettings(database_url=service_dsn),
        kafka=KafkaSettings(kafka_bootstrap="127.0.0.1:1"),
        http=HttpSettings(),
        auth=AuthSettings(auth="dev", dev_token_secret=DEV_SECRET),
        log=LogSettings(),
        private=PrivateSettings(private_store_keys=(b64encode(STORE_KEY).decode(),)),
        sending=SendingSettings(
            simulator_url=simulator.address, dispatch_timeout_s=0.5, dispatch_lease_s=3.0
        ),
    )
    built = Responder(settings)
    yield built
    await built.channels.aclose()
    await built.engine.dispose()


@pytest.fixture
async def client(responder: Responder) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=responder.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://responder") as client:
        yield client


@pytest.fixture
def token() -> Callable[..., dict[str, str]]:
    """Headers of a person: `token("anna")` is an agent, `token("lea", "lead")` a lead."""
    issuer = DevIssuer(DEV_SECRET)

    def headers(
        subject: str,
        *roles: str,
        kind: str = "person",
        teams: tuple[str, ...] = ("social_support",),
    ) -> dict[str, str]:
        granted = roles or ("agent",)
        text = issuer.token(subject, subject.title(), roles=granted, teams=teams, kind=kind)
        return {"Authorization": f"Bearer {text}"}

    return headers
