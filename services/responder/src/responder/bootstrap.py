"""Where the responder is put together: the only module that names concrete classes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import cached_property
from importlib.metadata import version
from urllib.parse import unquote, urlsplit

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from common.clock import SystemClock
from common.db import migrations
from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWorkFactory
from common.errors import ConfigurationError
from common.ids import new_id
from common.inbox.pipeline import build_consumer
from common.kafka.consumer import ConsumerLoop
from common.observability import logging
from common.outbox.relay import build_relay
from common.outbox.writer import write_outbox
from common.runtime.service import ClosingStep, Loop, run_service
from common.web.app import create_app, serve
from common.web.auth import authenticator_for
from responder import jobs
from responder.api import channels as channel_routes
from responder.api import dispatches, drafts, four_eyes, reviews
from responder.consumers import HANDLERS
from responder.domain.channels import Capabilities
from responder.gateways.channel import Channels
from responder.gateways.http_channel import HttpChannel
from responder.handlers.send_replies import SendReplies
from responder.handlers.settle_unknown import ReadBackReplies
from responder.handlers.submit_draft import SubmitDraft
from responder.settings import ChannelSettings, ResponderSettings, SendingSettings
from responder.storage.health import is_reachable

SERVICE = "responder"
_SWEEP = timedelta(seconds=1)
_PROOF = timedelta(seconds=30)


class Responder:
    """The service's parts, each built when a process first needs it."""

    def __init__(self, settings: ResponderSettings) -> None:
        self.settings = settings
        self.wake_relay = asyncio.Event()

    @cached_property
    def engine(self) -> AsyncEngine:
        database = self.settings.database
        return create_engine(
            database.database_url.get_secret_value(),
            pool_size=database.database_pool_size,
            application_name=SERVICE,
        )

    @cached_property
    def units(self) -> UnitOfWorkFactory:
        return UnitOfWorkFactory(self.engine, write_outbox, on_commit=self.wake_relay.set)

    @cached_property
    def http_channels(self) -> Mapping[str, HttpChannel]:
        sending = self.settings.sending
        return {channel.network: _channel(channel, sending) for channel in sending.all_channels()}

    @cached_property
    def channels(self) -> Channels:
        return Channels(self.http_channels)

    @cached_property
    def consumer(self) -> ConsumerLoop:
        return build_consumer(self.settings.kafka, self.units, service=SERVICE, handlers=HANDLERS)

    @cached_property
    def app(self) -> FastAPI:
        submit = SubmitDraft(
            self.channels,
            policy_for_private=self.settings.sending.private_replies_review,
            ids=new_id,
        )
        return create_app(
            service=SERVICE,
            version=version("ombud-responder"),
            routers=[
                drafts.router,
                reviews.router,
                dispatches.router,
                channel_routes.router,
                four_eyes.router,
            ],
            state={
                "units": self.units,
                "channels": self.channels,
                "submit_draft": submit,
                "ids": new_id,
            },
            auth=authenticator_for(self.settings.auth, clock=SystemClock()),
            readiness={"database": lambda: is_reachable(self.engine), **self._joined()},
            liveness=self._alive(),
            max_body_bytes=self.settings.http.http_max_body_bytes,
        )

    def sending_loops(self) -> dict[str, Loop]:
        """The loops that send and settle; any number of processes may run them."""
        sending = self.settings.sending
        send = SendReplies(self.units, self.channels, ids=new_id, lease=sending.lease)
        look = ReadBackReplies(self.units, self.channels, ids=new_id)
        return {
            "dispatch": jobs.DispatchLoop(send, parallel=sending.dispatch_parallel).run,
            "leases": jobs.every(_SWEEP, jobs.expire(self.units, new_id), name="leases"),
            "read_back": jobs.every(_SWEEP, jobs.read_back(look), name="read_back"),
            "four_eyes": jobs.every(_PROOF, jobs.watch_four_eyes(self.units), name="four_eyes"),
        }

    def api_loop(self) -> Loop:
        return lambda stop: serve(self.app, self.settings.http, stop)

    def relay_loop(self) -> Loop:
        relay = build_relay(self.settings.kafka, self.engine, service=SERVICE, wake=self.wake_relay)
        return relay.run

    async def run(self, loops: Mapping[str, Loop]) -> int:
        """Run the loops until a signal, then close what was opened; the exit code."""
        closing: list[ClosingStep] = [
            (f"channel_{network}", channel.aclose)
            for network, channel in self.http_channels.items()
        ]
        return await run_service(SERVICE, loops, closing=[*closing, ("engine", self._dispose)])

    def _joined(self) -> dict[str, Callable[[], Awaitable[bool]]]:
        # Only a process that consumes waits for its share of the topics.
        async def joined() -> bool:
            return self.consumer.is_joined

        return {"consumer": joined} if "consumer" in self.__dict__ else {}

    def _alive(self) -> dict[str, Callable[[], bool]]:
        return {"consumer": self.consumer.health.is_live} if "consumer" in self.__dict__ else {}

    async def _dispose(self) -> None:
        await self.engine.dispose()


def start() -> Responder:
    """The responder with its settings read and its log configured."""
    settings = ResponderSettings()
    logging.configure(settings.log, SERVICE)
    return Responder(settings)


async def migrate() -> int:
    """Create role, schema and tables, or bring them up to date."""
    responder = start()
    database = responder.settings.database
    if database.admin_database_url is None:
        raise ConfigurationError("migrate needs OMBUD_ADMIN_DATABASE_URL")
    admin = database.admin_database_url.get_secret_value()
    password = unquote(urlsplit(database.database_url.get_secret_value()).password or "")
    if not password:
        raise ConfigurationError("OMBUD_DATABASE_URL names no password for the service's role")
    await migrations.prepare_database(admin, SERVICE, role_password=password)
    await migrations.upgrade(admin, SERVICE, migrations.versions_dir(SERVICE))
    return 0


def _channel(channel: ChannelSettings, sending: SendingSettings) -> HttpChannel:
    if sending.dispatch_lease_s < 3 * sending.dispatch_timeout_s:
        raise ConfigurationError(
            "OMBUD_DISPATCH_LEASE_S must be at least three times OMBUD_DISPATCH_TIMEOUT_S"
        )
    capabilities = Capabilities(
        network=channel.network,
        accounts=channel.accounts,
        max_length=channel.max_length,
        counting=channel.counting,
        audiences=channel.audiences,
        read_back=channel.read_back,
    )
    return HttpChannel(str(channel.url).rstrip("/"), capabilities, timeout=sending.timeout)
