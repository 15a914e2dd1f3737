"""Where the responder is put together: the only module that names concrete classes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property, partial
from importlib.metadata import version
from urllib.parse import unquote, urlsplit

from common.clock import SystemClock
from common.db import migrations
from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWorkFactory
from common.errors import ConfigurationError
from common.events.topics import REPLIES_EVENTS
from common.ids import new_id
from common.inbox.pipeline import build_consumer
from common.kafka.consumer import ConsumerLoop
from common.kafka.tail import TopicTail
from common.observability import logging
from common.outbox.relay import build_relay
from common.outbox.writer import write_outbox
from common.runtime.service import ClosingStep, Loop, run_service
from common.timers.loop import TimerLoop
from common.web.app import serve
from common.web.auth import authenticator_for
from responder import jobs
from responder.api.app import App, AppParts, build_app
from responder.consumers import handlers
from responder.domain.drafts import Review
from responder.domain.gates.promise import HOUSE_ZONE
from responder.domain.signature import Signing
from responder.gateways.channel import Channels
from responder.gateways.linking import open_channels, paces_of
from responder.gateways.suggestions import SuggestionModel
from responder.handlers.gate_drafts import GateDrafts
from responder.handlers.hold_draft import COOL_OFF_TIMER, end_cool_offs
from responder.handlers.let_go import release_pairs
from responder.handlers.moderate import CarryOut
from responder.handlers.offer_review import REVIEW_TIMER, expire_reviews
from responder.handlers.private_words import RETENTION_TIMER, delete_what_is_due
from responder.handlers.record_cases import RecordMentions
from responder.handlers.send_replies import SendingRules, SendReplies
from responder.handlers.settle_unknown import ReadBackReplies
from responder.handlers.submit_draft import SubmitDraft
from responder.settings import GateSettings, ResponderSettings
from responder.storage.deployment_policy import DeploymentPolicy, write_policy
from responder.storage.health import is_reachable
from responder.storage.private_store import PrivateStore
from responder.storage.sealing import Sealing

SERVICE = "responder"
_SWEEP = timedelta(seconds=1)
_PROOF = timedelta(seconds=30)


class Responder:
    """The service's parts; a process takes from it the loops that it is to run."""

    def __init__(self, settings: ResponderSettings) -> None:
        self.settings = settings
        self.wake_relay = asyncio.Event()
        self.consumer: ConsumerLoop | None = None
        self.engine = create_engine(
            settings.database.database_url.get_secret_value(),
            pool_size=settings.database.database_pool_size,
            application_name=SERVICE,
        )
        self.units = UnitOfWorkFactory(self.engine, write_outbox, on_commit=self.wake_relay.set)
        self.private_store = PrivateStore(
            Sealing(settings.private.keys()), retention=settings.private.retention
        )
        sending = settings.sending
        if sending.dispatch_lease_s < 3 * sending.dispatch_timeout_s:
            raise ConfigurationError(
                "OMBUD_DISPATCH_LEASE_S must be at least three times OMBUD_DISPATCH_TIMEOUT_S"
            )
        self.channels = Channels(
            open_channels(sending.all_channels(), timeout=sending.timeout, proxy=sending.proxy)
        )

        self.suggestions = _suggestions(settings.gates)
        self.gate_drafts = GateDrafts(
            self.channels,
            ids=new_id,
            zone=HOUSE_ZONE,
            known_values=lambda uow, case_id: self.private_store.known_values(
                uow.connection, case_id, now=uow.now
            ),
        )

    @cached_property
    def app(self) -> App:
        """The HTTP API; built only where it is served, because only there tokens are checked."""
        policy = Review(self.settings.sending.private_replies_review)
        budget = self.settings.review.budget
        return build_app(
            AppParts(
                units=self.units,
                channels=self.channels,
                submit_draft=SubmitDraft(
                    self.channels,
                    policy_for_private=policy,
                    ids=new_id,
                    budget=budget,
                    gates=self.gate_drafts,
                ),
                gate_drafts=self.gate_drafts,
                suggestions=self.suggestions,
                zone=HOUSE_ZONE,
                open_tail=partial(
                    TopicTail,
                    self.settings.kafka,
                    [REPLIES_EVENTS.name],
                    client_id=f"ombud-{SERVICE}-stream",
                ),
                review_budget=budget,
                undo_window=self.settings.sending.undo_window,
                private_store=self.private_store,
                signing=Signing(self.settings.review.reply_signature),
                ids=new_id,
                auth=authenticator_for(self.settings.auth, clock=SystemClock()),
                readiness={
                    "database": lambda: is_reachable(self.engine),
                    "schema": migrations.SchemaCheck(self.units, SERVICE),
                    "consumer": self._has_joined,
                },
                liveness={"consumer": self._is_live},
                max_body_bytes=self.settings.http.http_max_body_bytes,
                version=version("ombud-responder"),
            )
        )

    def api_loop(self) -> Loop:
        return lambda stop: serve(self.app, self.settings.http, stop)

    def consumer_loop(self) -> Loop:
        """Consumes the router's events; readiness waits for it in the same process."""
        record_mentions = RecordMentions(self.private_store, ids=new_id)
        self.consumer = build_consumer(
            self.settings.kafka, self.units, service=SERVICE, handlers=handlers(record_mentions)
        )
        return self.consumer.run

    def relay_loop(self) -> Loop:
        relay = build_relay(self.settings.kafka, self.engine, service=SERVICE, wake=self.wake_relay)
        return relay.run

    def sending_loops(self) -> dict[str, Loop]:
        """The loops that send and settle; any number of processes may run them."""
        sending = self.settings.sending
        rules = SendingRules(
            lease=sending.lease,
            undo=sending.undo_window,
            paces=paces_of(sending.all_channels()),
        )
        send = SendReplies(self.units, self.channels, ids=new_id, rules=rules)
        look = ReadBackReplies(self.units, self.channels, ids=new_id)
        return {
            "dispatch": jobs.DispatchLoop(send, parallel=sending.dispatch_parallel).run,
            "leases": jobs.every(
                _SWEEP,
                jobs.expire(self.units, new_id, repeatable=self.channels.repeatable()),
                name="leases",
            ),
            "read_back": jobs.every(_SWEEP, look, name="read_back"),
            "moderation": jobs.every(
                _SWEEP, CarryOut(self.units, self.channels, ids=new_id), name="moderation"
            ),
            "pairs": jobs.every(
                _SWEEP, lambda: release_pairs(self.units, ids=new_id), name="pairs"
            ),
            "four_eyes": jobs.every(_PROOF, jobs.FourEyesWatch(self.units), name="four_eyes"),
        }

    def timer_loop(self) -> Loop:
        """What rings by the clock; any number of processes may run it."""
        budget = self.settings.review.budget
        handlers = {
            REVIEW_TIMER: expire_reviews(ids=new_id, budget=budget),
            COOL_OFF_TIMER: end_cool_offs(ids=new_id),
            RETENTION_TIMER: delete_what_is_due(ids=new_id),
        }
        return TimerLoop(self.units, handlers).run

    async def run(self, loops: Mapping[str, Loop]) -> int:
        """Run the loops until a signal, then close what was opened; the exit code."""
        closing: list[ClosingStep] = [
            ("channels", self.channels.aclose),
            ("engine", self.engine.dispose),
        ]
        if self.suggestions is not None:
            closing.insert(0, ("suggestions", self.suggestions.aclose))
        return await run_service(SERVICE, loops, closing=closing)

    async def _has_joined(self) -> bool:
        return self.consumer is None or self.consumer.is_joined

    def _is_live(self) -> bool:
        return self.consumer is None or self.consumer.health.is_live()


def _suggestions(settings: GateSettings) -> SuggestionModel | None:
    if settings.suggestions_url is None:
        return None
    key = settings.suggestions_key
    return SuggestionModel(
        str(settings.suggestions_url),
        model=settings.suggestions_model,
        key=key.get_secret_value() if key else None,
        timeout=timedelta(seconds=settings.suggestions_timeout_s),
    )


def start() -> Responder:
    """The responder with its settings read and its log configured."""
    settings = ResponderSettings()
    logging.configure(settings.log, SERVICE)
    return Responder(settings)


async def migrate() -> int:
    """Create role, schema and tables, or bring them up to date."""
    settings = ResponderSettings()
    logging.configure(settings.log, SERVICE)
    if settings.database.admin_database_url is None:
        raise ConfigurationError("migrate needs OMBUD_ADMIN_DATABASE_URL")
    admin = settings.database.admin_database_url.get_secret_value()
    password = unquote(urlsplit(settings.database.database_url.get_secret_value()).password or "")
    if not password:
        raise ConfigurationError("OMBUD_DATABASE_URL names no password for the service's role")
    await migrations.prepare_database(admin, SERVICE, role_password=password)
    await migrations.upgrade(admin, SERVICE, migrations.versions_dir(SERVICE))
    owner = create_engine(admin, pool_size=1, application_name=f"{SERVICE}-migrate")
    try:
        review = settings.review
        policy = DeploymentPolicy(
            break_glass=review.break_glass,
            certificates=review.certificates,
            lead_in=review.lead_in,
        )
        await write_policy(owner, policy)
    finally:
        await owner.dispose()
    return 0
