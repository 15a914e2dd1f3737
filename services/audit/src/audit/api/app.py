"""The app of audit: its routers, and what they fetch from `request.app.state`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

from fastapi import FastAPI

from audit.api import history, stats, verification
from audit.storage import reachability
from common.db.migrations import SchemaCheck
from common.db.unit_of_work import UnitOfWorkFactory
from common.web.app import create_app
from common.web.auth import Authenticator
from common.web.dead_letters import dead_letter_routes


@dataclass(frozen=True, slots=True, kw_only=True)
class AppParts:
    """What the app is made of; `is_joined` and `is_live` speak for the consumer."""

    units: UnitOfWorkFactory
    auth: Authenticator
    max_body_bytes: int
    is_joined: Callable[[], bool]
    is_live: Callable[[], bool]


def build_app(parts: AppParts) -> FastAPI:
    """The API of audit; ready while the database answers, migrated, and the consumer is joined."""

    async def database() -> bool:
        async with parts.units.read() as connection:
            return await reachability.answers(connection)

    async def consumer() -> bool:
        return parts.is_joined()

    return create_app(
        service="audit",
        version=version("ombud-audit"),
        routers=[
            history.router,
            stats.router,
            verification.router,
            dead_letter_routes(parts.units, consumer="audit"),
        ],
        state={"units": parts.units},
        auth=parts.auth,
        readiness={
            "database": database,
            "schema": SchemaCheck(parts.units, "audit"),
            "consumer": consumer,
        },
        liveness={"consumer": parts.is_live},
        max_body_bytes=parts.max_body_bytes,
    )
