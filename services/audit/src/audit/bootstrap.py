"""The composition root of audit: the only place that names concrete classes and sees settings."""

from __future__ import annotations

import asyncio
import json
import sys
from functools import partial
from urllib.parse import unquote, urlsplit

from audit.api.app import AppParts, build_app
from audit.consumers import EVERYTHING
from audit.handlers.verify_history import Report, verify_all
from audit.settings import AuditSettings
from common.clock import SystemClock
from common.db import migrations
from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWorkFactory
from common.errors import ConfigurationError
from common.inbox.pipeline import build_consumer
from common.observability import logging
from common.outbox.relay import build_relay
from common.outbox.writer import write_outbox
from common.runtime.service import Loop, run_service
from common.web.app import serve
from common.web.auth import authenticator_for

SERVICE = "audit"
EXIT_BROKEN = 1


async def run() -> int:
    """API, consumer and relay in one process."""
    return await _run("api", "worker", "relay")


async def api() -> int:
    """The HTTP API alone."""
    return await _run("api")


async def worker() -> int:
    """The consumer alone."""
    return await _run("worker")


async def relay() -> int:
    """The outbox relay alone: audit publishes dead letters only."""
    return await _run("relay")


async def migrate() -> int:
    """Bring the schema to its head; needs OMBUD_ADMIN_DATABASE_URL."""
    settings = _settings()
    if settings.admin_database_url is None:
        raise ConfigurationError("migrate needs OMBUD_ADMIN_DATABASE_URL")
    admin_url = settings.admin_database_url.get_secret_value()
    password = unquote(urlsplit(settings.database_url.get_secret_value()).password or "")
    await migrations.prepare_database(admin_url, SERVICE, role_password=password)
    await migrations.upgrade(admin_url, SERVICE, migrations.versions_dir(SERVICE))
    return 0


async def verify() -> int:
    """Verify the whole history for people; exit code 1 if anything is broken."""
    report = await _verified()
    if report.is_intact:
        print(f"verified: {report.entries} entries in {report.chains} chains")
    else:
        print(f"BROKEN: {report.broken_chains} of {report.chains} chains")
        for finding in report.findings:
            where = finding.conversation_id or finding.about
            print(f"  {finding.kind.value}: {where}, entry {finding.seq or '-'}")
    return 0 if report.is_intact else EXIT_BROKEN


async def verify_json() -> int:
    """The same as one JSON object."""
    report = await _verified()
    breaks = [
        {
            "kind": finding.kind.value,
            "conversation_id": str(finding.conversation_id) if finding.conversation_id else None,
            "seq": finding.seq,
            "about": finding.about,
        }
        for finding in report.findings
    ]
    answer = {
        "verified": report.is_intact,
        "chains": report.chains,
        "entries": report.entries,
        "broken_chains": report.broken_chains,
        "breaks": breaks,
    }
    print(json.dumps(answer))
    return 0 if report.is_intact else EXIT_BROKEN


async def _verified() -> Report:
    settings = _settings()
    engine = create_engine(
        settings.database_url.get_secret_value(), pool_size=2, application_name="ombud-audit-verify"
    )
    try:
        units = UnitOfWorkFactory(engine, write_outbox)
        return await verify_all(units, on_progress=_say)
    finally:
        await engine.dispose()


def _say(report: Report) -> None:
    print(f"{report.entries} entries in {report.chains} chains", file=sys.stderr)


def _settings() -> AuditSettings:
    settings = AuditSettings()
    logging.configure(settings, SERVICE)
    return settings


async def _run(*parts: str) -> int:
    settings = _settings()
    engine = create_engine(
        settings.database_url.get_secret_value(),
        pool_size=settings.database_pool_size,
        application_name=f"ombud-{SERVICE}",
    )
    wake = asyncio.Event()
    units = UnitOfWorkFactory(engine, write_outbox, on_commit=wake.set)
    consumer = build_consumer(settings, units, service=SERVICE, raw_handler=EVERYTHING)
    has_worker = "worker" in parts
    app = build_app(
        AppParts(
            units=units,
            auth=authenticator_for(settings, clock=SystemClock()),
            max_body_bytes=settings.http_max_body_bytes,
            is_joined=lambda: consumer.is_joined or not has_worker,
            is_live=consumer.health.is_live,
        )
    )
    loops: dict[str, Loop] = {
        "api": partial(serve, app, settings),
        "worker": consumer.run,
        "relay": build_relay(settings, engine, service=SERVICE, wake=wake).run,
    }
    return await run_service(
        SERVICE, {name: loops[name] for name in parts}, closing=[("database", engine.dispose)]
    )
