"""The composition root of ingest: the only place that names concrete classes and sees settings."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from urllib.parse import unquote, urlsplit

from common.clock import SystemClock
from common.db import migrations
from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWorkFactory
from common.errors import ConfigurationError
from common.ids import new_id
from common.observability import logging
from common.outbox.relay import build_relay
from common.outbox.writer import write_outbox
from common.runtime.service import Loop, run_service
from common.web.app import serve
from common.web.auth import authenticator_for
from ingest.api.app import AppParts, build_app
from ingest.gateways.readers import Readers
from ingest.handlers.read_sources import ReadSources
from ingest.handlers.take_in_delivery import DeliveryTakeIn
from ingest.handlers.take_in_upload import UploadTakeIn
from ingest.jobs import SourceLoop
from ingest.settings import IngestSettings

SERVICE = "ingest"


async def run() -> int:
    """API, relay and reader in one process."""
    return await _run("api", "relay", "reader")


async def api() -> int:
    """The HTTP API alone."""
    return await _run("api")


async def relay() -> int:
    """The outbox relay alone."""
    return await _run("relay")


async def reader() -> int:
    """The reader of sources alone."""
    return await _run("reader")


async def migrate() -> int:
    """Bring the schema to its head; needs OMBUD_ADMIN_DATABASE_URL."""
    settings = IngestSettings()
    logging.configure(settings, SERVICE)
    if settings.admin_database_url is None:
        raise ConfigurationError("migrate needs OMBUD_ADMIN_DATABASE_URL")
    admin_url = settings.admin_database_url.get_secret_value()
    password = unquote(urlsplit(settings.database_url.get_secret_value()).password or "")
    await migrations.prepare_database(admin_url, SERVICE, role_password=password)
    await migrations.upgrade(admin_url, SERVICE, migrations.versions_dir(SERVICE))
    return 0


def app_parts(settings: IngestSettings, units: UnitOfWorkFactory) -> AppParts:
    """What the API is made of."""
    return AppParts(
        units=units,
        ids=new_id,
        auth=authenticator_for(settings, clock=SystemClock()),
        take_in_delivery=DeliveryTakeIn(units, within=timedelta(seconds=settings.intake_timeout)),
        take_in_upload=UploadTakeIn(units),
        max_body_bytes=settings.http_max_body_bytes,
        max_upload_bytes=settings.upload_max_bytes,
    )


def _readers(settings: IngestSettings) -> Readers:
    return Readers(
        settings.channels,
        timeout=timedelta(seconds=settings.source_timeout),
        interval=timedelta(seconds=settings.source_poll),
        proxy=settings.proxy,
    )


async def _run(*parts: str) -> int:
    settings = IngestSettings()
    logging.configure(settings, SERVICE)
    engine = create_engine(
        settings.database_url.get_secret_value(),
        pool_size=settings.database_pool_size,
        application_name=f"ombud-{SERVICE}",
    )
    wake = asyncio.Event()
    units = UnitOfWorkFactory(engine, write_outbox, on_commit=wake.set)
    loops: dict[str, Loop] = {
        "api": partial(serve, build_app(app_parts(settings, units)), settings),
        "relay": build_relay(settings, engine, service=SERVICE, wake=wake).run,
        "reader": SourceLoop(ReadSources(units), _readers(settings)).run,
    }
    return await run_service(
        SERVICE, {name: loops[name] for name in parts}, closing=[("database", engine.dispose)]
    )
