"""The composition root of the classifier: the only place that names concrete classes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from urllib.parse import unquote, urlsplit

from classifier.api import classifications
from classifier.consumers import handlers
from classifier.gateways.model import ShippedModel
from classifier.handlers.classify_mentions import MentionClassifier
from classifier.handlers.deciding import Decider
from classifier.handlers.models import ModelThread
from classifier.settings import ClassifierSettings
from classifier.storage import is_reachable
from common.clock import SystemClock
from common.db import migrations
from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWorkFactory
from common.errors import ConfigurationError
from common.ids import new_id
from common.inbox.pipeline import build_consumer
from common.observability import logging
from common.outbox.relay import build_relay
from common.outbox.writer import write_outbox
from common.runtime.service import Loop, run_service
from common.web.app import create_app, serve
from common.web.auth import authenticator_for
from common.web.dead_letters import dead_letter_routes

SERVICE = "classifier"


async def run() -> int:
    """Consumer, relay and API in one process."""
    return await _run("consumer", "relay", "api")


async def api() -> int:
    """The HTTP API alone."""
    return await _run("api")


async def worker() -> int:
    """The consumer, with health and metrics over HTTP."""
    return await _run("consumer", "api")


async def relay() -> int:
    """The outbox relay alone."""
    return await _run("relay")


async def migrate() -> int:
    """Create role, schema and tables, or bring them up to date."""
    settings = ClassifierSettings()
    logging.configure(settings, SERVICE)
    if settings.admin_database_url is None:
        raise ConfigurationError("migrate needs OMBUD_ADMIN_DATABASE_URL")
    admin_url = settings.admin_database_url.get_secret_value()
    password = unquote(urlsplit(settings.database_url.get_secret_value()).password or "")
    await migrations.prepare_database(admin_url, SERVICE, role_password=password)
    await migrations.upgrade(admin_url, SERVICE, migrations.versions_dir(SERVICE))
    return 0


async def _run(*parts: str) -> int:
    settings = ClassifierSettings()
    logging.configure(settings, SERVICE)
    engine = create_engine(
        settings.database_url.get_secret_value(),
        pool_size=settings.database_pool_size,
        application_name=f"ombud-{SERVICE}",
    )
    wake = asyncio.Event()
    units = UnitOfWorkFactory(engine, write_outbox, on_commit=wake.set)
    thread = ModelThread()
    decider = Decider(
        thread, ShippedModel.load(settings.model_folder), poll_s=settings.classifier_poll_seconds
    )
    classify_mentions = MentionClassifier(
        decider, units, repeat_span=timedelta(days=settings.classifier_repeat_days)
    )
    consumer = build_consumer(
        settings,
        units,
        service=SERVICE,
        handlers=handlers(classify_mentions),
        prepare=classify_mentions.prepare,
    )

    async def has_joined() -> bool:
        return consumer.is_joined

    consumes = "consumer" in parts
    app = create_app(
        service=SERVICE,
        version=version("ombud-classifier"),
        routers=[classifications.router, dead_letter_routes(units, consumer=SERVICE)],
        state={"units": units, "decider": decider, "thread": thread, "new_id": new_id},
        auth=authenticator_for(settings, clock=SystemClock()),
        readiness={
            "database": lambda: is_reachable(engine),
            "schema": migrations.SchemaCheck(units, SERVICE),
            **({"consumer": has_joined} if consumes else {}),
        },
        liveness={"consumer": consumer.health.is_live} if consumes else {},
        max_body_bytes=settings.http_max_body_bytes,
    )
    loops: dict[str, Loop] = {
        "consumer": consumer.run,
        "relay": build_relay(settings, engine, service=SERVICE, wake=wake).run,
        "api": partial(serve, app, settings),
    }
    return await run_service(
        SERVICE,
        {name: loops[name] for name in parts},
        closing=[("model", thread.close), ("database", engine.dispose)],
    )
