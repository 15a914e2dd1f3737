"""The router put together: the only module that names concrete classes and sees settings."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from common.clock import SystemClock
from common.db import migrations
from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWorkFactory, is_transient
from common.errors import ConfigurationError
from common.events.topics import CASES_EVENTS
from common.ids import new_id
from common.inbox.pipeline import build_consumer
from common.kafka.consumer import ConsumerLoop
from common.kafka.tail import TopicTail
from common.observability import logging
from common.outbox.relay import build_relay
from common.outbox.writer import write_outbox
from common.runtime.service import Loop, run_service
from common.timers.loop import TimerLoop
from common.web.app import create_app, serve
from common.web.auth import authenticator_for
from common.web.dead_letters import dead_letter_routes
from platforms.mail.mailbox import Mailbox
from router import consumers, jobs
from router.api import ROUTERS
from router.domain import drawing
from router.gateways.customers import CustomerData, HttpCustomerData, NoCustomerData
from router.gateways.department_inbox import DepartmentInbox
from router.gateways.department_mail import DepartmentMail
from router.gateways.department_webhook import DepartmentSignatures, DepartmentWebhook
from router.gateways.mail_servers import imap_server, smtp_server
from router.gateways.reply_token import new_reply_token
from router.gateways.zammad import Zammad
from router.handlers.apply_configuration import ensure_default
from router.handlers.read_department_answers import ReadDepartmentAnswers
from router.handlers.send_department_messages import Send, SendDepartmentMessages
from router.handlers.transfer_case import MakeTickets
from router.handlers.withdraw_department_query import undelivered
from router.jobs import RoundLoop
from router.settings import RouterSettings
from router.storage.configurations import Configurations
from router.storage.readiness import is_reachable

SERVICE = "router"
_RETRY_S = 0.5
_log = logging.get_logger("router")


async def run() -> int:
    """Everything in one process: API, consumer, timers, relay."""
    return await _run({"api", "consumer", "timers", "relay"})


async def api() -> int:
    """The HTTP API alone."""
    return await _run({"api"})


async def worker() -> int:
    """Consumer and timers."""
    return await _run({"consumer", "timers"})


async def relay() -> int:
    """The outbox relay alone."""
    return await _run({"relay"})


async def migrate() -> int:
    """Bring the schema to its head; needs OMBUD_ADMIN_DATABASE_URL."""
    settings = RouterSettings()
    logging.configure(settings, SERVICE)
    if settings.admin_database_url is None:
        raise ConfigurationError("migrate needs OMBUD_ADMIN_DATABASE_URL")
    admin_url = settings.admin_database_url.get_secret_value()
    password = unquote(urlsplit(settings.database_url.get_secret_value()).password or "")
    await migrations.prepare_database(admin_url, SERVICE, role_password=password)
    await migrations.upgrade(admin_url, SERVICE, migrations.versions_dir(SERVICE))
    return 0


def customer_data(settings: RouterSettings) -> CustomerData:
    """The CRM, where one is named."""
    if settings.crm_url is None:
        return NoCustomerData()
    token = settings.crm_token.get_secret_value() if settings.crm_token else None
    return HttpCustomerData(settings.crm_url, token=token, timeout_s=settings.crm_timeout_s)


async def states() -> int:
    """Print docs/case-life.md: the life of a case as the running table has it (S120)."""
    sys.stdout.write(drawing.page())
    return 0


def app_state(settings: RouterSettings, units: UnitOfWorkFactory) -> dict[str, Any]:
    """What the routes fetch from the app."""
    return {
        "units": units,
        "configurations": Configurations(),
        "new_id": new_id,
        "open_tail": partial(
            TopicTail, settings, [CASES_EVENTS.name], client_id=f"ombud-{SERVICE}-stream"
        ),
    }


async def _run(parts: Collection[str]) -> int:
    settings = RouterSettings()
    logging.configure(settings, SERVICE)
    engine = create_engine(
        settings.database_url.get_secret_value(),
        pool_size=settings.database_pool_size,
        application_name=f"ombud-{SERVICE}",
    )
    wake = asyncio.Event()
    units = UnitOfWorkFactory(engine, write_outbox, on_commit=wake.set)
    await _ensure_configuration(units)
    far_sides, customers = _FarSides(settings), customer_data(settings)
    loops: dict[str, Loop] = {}
    consumer: ConsumerLoop | None = None
    if "consumer" in parts:
        table = consumers.handlers(Configurations(), new_token=new_reply_token)
        consumer = build_consumer(settings, units, service=SERVICE, handlers=table)
        loops["consumer"] = consumer.run
    if "timers" in parts:
        loops["timers"] = TimerLoop(units, jobs.timers(Configurations())).run
        loops["sweep"] = jobs.SweepLoop(Configurations(), units).run
        loops |= far_sides.loops(units)
    if "relay" in parts:
        loops["relay"] = build_relay(settings, engine, service=SERVICE, wake=wake).run
    routers = (*ROUTERS, dead_letter_routes(units, consumer=SERVICE))
    app = create_app(
        service=SERVICE,
        version=version("ombud-router"),
        # A process without the API still shows its health and its metrics.
        routers=routers if "api" in parts else (),
        state=app_state(settings, units) | far_sides.state() | {"customers": customers},
        auth=authenticator_for(settings, clock=SystemClock()),
        max_body_bytes=settings.http_max_body_bytes,
        **_probes(units, consumer),
    )
    loops["http"] = partial(serve, app, settings)
    closing = [
        ("far_sides", far_sides.aclose),
        ("customers", customers.close),
        ("database", engine.dispose),
    ]
    return await run_service(SERVICE, loops, closing=closing)


class _FarSides:
    """Departments and the helpdesk, as far as the environment names them."""

    def __init__(self, settings: RouterSettings) -> None:
        self._settings = settings
        timeout = timedelta(seconds=settings.department_timeout_s)
        self._http = httpx.AsyncClient(timeout=settings.department_timeout_s)
        self._secrets = {
            name: secret.get_secret_value() for name, secret in settings.department_secrets.items()
        }
        self._mail: DepartmentMail | None = None
        self._inbox: DepartmentInbox | None = None
        if settings.department_smtp_url is not None:
            if not settings.department_sender:
                raise ConfigurationError("OMBUD_DEPARTMENT_SMTP_URL needs OMBUD_DEPARTMENT_SENDER")
            self._mail = DepartmentMail(
                smtp_server(settings.department_smtp_url.get_secret_value(), timeout=timeout),
                sender=settings.department_sender,
                zone=settings.department_zone,
            )
        if settings.department_imap_url is not None:
            server = imap_server(settings.department_imap_url.get_secret_value(), timeout=timeout)
            self._inbox = DepartmentInbox(Mailbox(server))
        self._helpdesk = self._make_helpdesk()

    def state(self) -> dict[str, Any]:
        """What the routes need of them."""
        return {
            "new_token": new_reply_token,
            "department_signatures": DepartmentSignatures(self._secrets, clock=SystemClock()),
            "helpdesk": None if self._helpdesk is None else self._helpdesk.name,
        }

    def loops(self, units: UnitOfWorkFactory) -> dict[str, Loop]:
        """Sending, reading and transferring, each only where there is somebody at the far side."""
        configurations = Configurations()
        webhook = DepartmentWebhook(self._http, self._secrets, clock=SystemClock())
        senders: dict[str, Send] = {"webhook": webhook.send}
        if self._mail is not None:
            senders["mail"] = self._mail.send
        send = SendDepartmentMessages(units, senders, give_up=partial(undelivered, configurations))
        loops: dict[str, Loop] = {"departments": RoundLoop(send, name="departments", pause_s=1).run}
        if self._inbox is not None:
            read = ReadDepartmentAnswers(units, configurations, self._inbox.fetch, new_id=new_id)
            loops["answers"] = RoundLoop(read, name="answers", pause_s=5).run
        if self._helpdesk is not None:
            make = MakeTickets(units, self._helpdesk)
            loops["tickets"] = RoundLoop(make, name="tickets", pause_s=1).run
        return loops

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._http.aclose()
        if self._inbox is not None:
            await self._inbox.aclose()

    def _make_helpdesk(self) -> Zammad | None:
        settings = self._settings
        if settings.helpdesk_url is None:
            return None
        if settings.helpdesk_token is None or not settings.helpdesk_customer:
            raise ConfigurationError(
                "OMBUD_HELPDESK_URL needs OMBUD_HELPDESK_TOKEN and OMBUD_HELPDESK_CUSTOMER"
            )
        return Zammad(
            self._http,
            url=settings.helpdesk_url,
            token=settings.helpdesk_token.get_secret_value(),
            group=settings.helpdesk_group,
            customer=settings.helpdesk_customer,
        )


def _probes(units: UnitOfWorkFactory, consumer: ConsumerLoop | None) -> Mapping[str, Any]:
    """Ready: the database answers, migrated, and the group gave us our share. Alive: it moves."""
    readiness: dict[str, Any] = {
        "database": partial(is_reachable, units),
        "schema": migrations.SchemaCheck(units, SERVICE),
    }
    liveness: dict[str, Any] = {}
    if consumer is not None:

        async def is_joined() -> bool:
            return consumer.is_joined

        readiness["consumer"] = is_joined
        liveness["consumer"] = consumer.health.is_live
    return {"readiness": readiness, "liveness": liveness}


async def _ensure_configuration(units: UnitOfWorkFactory) -> None:
    """A new deployment gets the packaged default; waits while the database is away."""
    while True:
        try:
            async with units.begin() as uow:
                await ensure_default(uow)
        except Exception as error:
            if not is_transient(error):
                raise
            _log.warning("waiting_for_database", error=error)
            await asyncio.sleep(_RETRY_S)
        else:
            return
