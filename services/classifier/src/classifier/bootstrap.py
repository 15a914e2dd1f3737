"""The composition root of the classifier: the only place that names concrete classes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import ValidationError

from classifier.api import ROUTERS
from classifier.consumers import handlers
from classifier.domain.crisis import Bounds
from classifier.gateways.http_model import Endpoint, HttpModel
from classifier.gateways.model import ShippedModel
from classifier.gateways.port import Model
from classifier.handlers.classify_mentions import MentionClassifier
from classifier.handlers.deciding import Decider
from classifier.handlers.models import ModelThread
from classifier.handlers.watch_crises import CrisisWatch
from classifier.jobs import Every, measuring, sweeping, watching
from classifier.settings import ClassifierSettings, ModelSettings
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
    return await _run("consumer", "relay", "api", "crises", "drift", "sweep")


async def api() -> int:
    """The HTTP API alone."""
    return await _run("api")


async def worker() -> int:
    """The consumer, with health and metrics over HTTP."""
    return await _run("consumer", "api", "crises", "drift", "sweep")


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


def _jobs(settings: ClassifierSettings, units: UnitOfWorkFactory) -> dict[str, Loop]:
    """What is done by the clock."""
    watch = CrisisWatch(
        bounds=Bounds(
            least_mentions=settings.classifier_crisis_least_mentions,
            least_reach=settings.classifier_crisis_least_reach,
            factor=settings.classifier_crisis_factor,
            history=timedelta(hours=settings.classifier_crisis_history_hours),
        ),
        window=timedelta(minutes=settings.classifier_crisis_window_minutes),
        new_id=new_id,
    )
    sweep = sweeping(
        units,
        mentions=timedelta(days=settings.classifier_mentions_kept_days),
        most_mentions=settings.classifier_mentions_kept,
        corrected=timedelta(days=settings.classifier_corrections_kept_days),
    )
    often = timedelta(seconds=settings.classifier_crisis_check_seconds)
    return {
        "crises": Every("crises", often, watching(units, watch)).run,
        "drift": Every("drift", timedelta(minutes=1), measuring(units)).run,
        "sweep": Every("sweep", timedelta(minutes=5), sweep).run,
    }


def make_decider(settings: ModelSettings, thread: ModelThread, *, poll_s: float = 5.0) -> Decider:
    """What decides, as the settings have it. Raises ConfigurationError for what is not there."""
    endpoint: HttpModel | None = None

    def around(behind: Model) -> Model:
        nonlocal endpoint
        model = endpoint.before(behind) if endpoint else model_around(settings, behind)
        if isinstance(model, HttpModel):
            endpoint = model
        return model

    return Decider(
        thread,
        ShippedModel.load(settings.model_folder),
        around=around,
        load=partial(load_registered, settings.classifier_models),
        poll_s=poll_s,
    )


def model_for_commands(choice: str | None) -> Model:
    """The model of a command line: a folder, `shipped`, `onnx`, `http`; None as the service has it.

    A folder holds an artefact of `make train` or an ONNX model. What `onnx` and `http` need is
    read from the environment. Raises ConfigurationError.
    """
    try:
        settings = ModelSettings()
        if choice in ("shipped", "onnx", "http"):
            settings = ModelSettings(classifier_model=choice)
        elif choice is not None and (Path(choice) / "model.onnx").exists():
            settings = ModelSettings(classifier_model="onnx", classifier_onnx_folder=Path(choice))
        elif choice is not None:
            return ShippedModel.load(Path(choice))
    except ValidationError as error:
        raise ConfigurationError("; ".join(e["msg"] for e in error.errors())) from error
    return model_around(settings, ShippedModel.load(settings.model_folder))


def model_around(settings: ModelSettings, behind: Model) -> Model:
    """The model that the operator chose, with `behind` behind it."""
    if settings.classifier_model == "onnx" and settings.classifier_onnx_folder:
        from classifier.gateways.onnx_model import OnnxModel  # its runtime is large

        return OnnxModel(settings.classifier_onnx_folder, behind)
    if settings.classifier_model == "http":
        key = settings.classifier_http_key
        endpoint = Endpoint(
            url=str(settings.classifier_http_url),
            model=settings.classifier_http_model or "",
            key=key.get_secret_value() if key else None,
            ask=settings.classifier_http_ask,
            timeout_s=settings.classifier_http_timeout_seconds,
            batch_s=settings.classifier_http_batch_seconds,
            per_minute=settings.classifier_http_per_minute,
            per_day=settings.classifier_http_per_day,
            parallel=settings.classifier_http_parallel,
            sure_from=settings.classifier_http_sure_from,
        )
        return HttpModel(endpoint, behind)
    return behind


def load_registered(models: Path | None, version: str) -> Model:
    """A registered model from the models folder. Raises ConfigurationError."""
    if models is None:
        raise ConfigurationError("OMBUD_CLASSIFIER_MODELS names no folder of registered models")
    found = ShippedModel.load(models / version)
    if found.version != version:
        raise ConfigurationError(f"{models / version} holds {found.version}")
    return found


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
    decider = make_decider(settings, thread, poll_s=settings.classifier_poll_seconds)
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
        routers=[*ROUTERS, dead_letter_routes(units, consumer=SERVICE)],
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
        **_jobs(settings, units),
    }
    return await run_service(
        SERVICE,
        {name: loops[name] for name in parts},
        closing=[("model", thread.close), ("database", engine.dispose)],
    )
