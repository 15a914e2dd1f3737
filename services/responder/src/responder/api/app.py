"""The responder's API as one app: its routes, and what they fetch from `app.state`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from fastapi import FastAPI

from common.db.unit_of_work import UnitOfWorkFactory
from common.ids import IdFactory
from common.web.app import create_app
from common.web.auth import Authenticator
from common.web.dead_letters import dead_letter_routes
from common.web.health import LivenessCheck, ReadinessCheck
from common.web.sse import OpenTail
from responder.api import (
    broken_glass,
    decisions,
    dispatches,
    drafts,
    forwards,
    four_eyes,
    gates,
    knowledge,
    moderations,
    private_words,
    reviews,
)
from responder.api import channels as channel_routes
from responder.domain.signature import Signing
from responder.gateways.channel import Channels
from responder.gateways.suggestions import SuggestionModel
from responder.handlers.gate_drafts import GateDrafts
from responder.handlers.submit_draft import SubmitDraft
from responder.storage.private_store import PrivateStore

App = FastAPI


@dataclass(frozen=True, slots=True, kw_only=True)
class AppParts:
    """What the API needs of the rest of the service."""

    units: UnitOfWorkFactory
    channels: Channels
    submit_draft: SubmitDraft
    gate_drafts: GateDrafts
    suggestions: SuggestionModel | None
    zone: str
    ids: IdFactory
    open_tail: OpenTail
    review_budget: timedelta
    undo_window: timedelta
    signing: Signing
    private_store: PrivateStore
    auth: Authenticator
    readiness: Mapping[str, ReadinessCheck]
    liveness: Mapping[str, LivenessCheck]
    max_body_bytes: int
    version: str


def build_app(parts: AppParts) -> App:
    """The app, ready to be served."""
    return create_app(
        service="responder",
        version=parts.version,
        routers=[
            drafts.router,
            gates.router,
            knowledge.router,
            reviews.router,
            dispatches.router,
            channel_routes.router,
            four_eyes.router,
            broken_glass.router,
            decisions.router,
            forwards.router,
            private_words.router,
            moderations.router,
            dead_letter_routes(parts.units, consumer="responder"),
        ],
        state={
            "units": parts.units,
            "channels": parts.channels,
            "submit_draft": parts.submit_draft,
            "gate_drafts": parts.gate_drafts,
            "suggestions": parts.suggestions,
            "zone": parts.zone,
            "ids": parts.ids,
            "open_tail": parts.open_tail,
            "review_budget": parts.review_budget,
            "undo_window": parts.undo_window,
            "signing": parts.signing,
            "private_store": parts.private_store,
        },
        auth=parts.auth,
        readiness=parts.readiness,
        liveness=parts.liveness,
        max_body_bytes=parts.max_body_bytes,
    )
