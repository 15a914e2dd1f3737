"""The app of ingest: its routers, and what they fetch from `request.app.state`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

from fastapi import FastAPI

from common.db.migrations import SchemaCheck
from common.db.unit_of_work import UnitOfWorkFactory
from common.ids import IdFactory
from common.web.app import create_app
from common.web.auth import Authenticator
from ingest.api import dead_letters, mentions, reconciliation, sources, uploads, webhook
from ingest.handlers.take_in_delivery import DeliveryTakeIn
from ingest.handlers.take_in_upload import UploadTakeIn
from ingest.storage import reachability


@dataclass(frozen=True, slots=True, kw_only=True)
class AppParts:
    """What the app is made of. The two limits are in bytes."""

    units: UnitOfWorkFactory
    ids: IdFactory
    auth: Authenticator
    take_in_delivery: DeliveryTakeIn
    take_in_upload: UploadTakeIn
    max_body_bytes: int
    max_upload_bytes: int


def build_app(parts: AppParts) -> FastAPI:
    """The API of ingest; alive as long as it answers, ready while the database does,
    on a schema that has every migration."""

    async def database() -> bool:
        async with parts.units.read() as connection:
            return await reachability.answers(connection)

    return create_app(
        service="ingest",
        version=version("ombud-ingest"),
        routers=[
            sources.router,
            webhook.router,
            uploads.router,
            mentions.router,
            dead_letters.router,
            reconciliation.router,
        ],
        state={
            "units": parts.units,
            "ids": parts.ids,
            "take_in_delivery": parts.take_in_delivery,
            "take_in_upload": parts.take_in_upload,
        },
        auth=parts.auth,
        readiness={"database": database, "schema": SchemaCheck(parts.units, "ingest")},
        liveness={},
        max_body_bytes=parts.max_body_bytes,
        raw_bodies={"/webhook": parts.max_body_bytes, "/uploads": parts.max_upload_bytes},
    )
