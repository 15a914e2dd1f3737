"""The live stream of the queue: what has changed, as it happens; and who is where (S36, S124)."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query, Request, Response

from common.db.unit_of_work import UnitOfWorkFactory
from common.web.sse import StreamEvent, topic_stream
from router.api.access import Reader, Units, visible_teams
from router.handlers.show_live import live_notice
from router.storage import presence

router = APIRouter(tags=["cases"])

_PRESENCE_S = 2.0


class PresenceWatch:
    """Tells who is at which case whenever that has changed; looks every two seconds at most."""

    def __init__(self, units: UnitOfWorkFactory, teams: Collection[str] | None) -> None:
        self._units = units
        self._teams = teams
        self._told = b"[]"
        self._looks_at = 0.0

    async def __call__(self) -> StreamEvent | None:
        """Everybody who is there now, by case; None where nothing has changed."""
        if time.monotonic() < self._looks_at:
            return None
        self._looks_at = time.monotonic() + _PRESENCE_S
        async with self._units.read() as connection:
            rows = await presence.everywhere(connection, self._teams)
        # Without the time: a lease that goes on is no news.
        there = [
            {"case_id": str(row.case_id), "name": row.name, "activity": row.activity}
            for row in rows
        ]
        now = orjson.dumps(there)
        if now == self._told:
            return None
        self._told = now
        return StreamEvent("presence", now)


@router.get(
    "/cases/stream",
    summary="Changes as server-sent events; resumes after Last-Event-ID",
    description="Every event is a fact of `cases.events`; `presence` lists who looks at which case "
    "or types in it, anew whenever that changes.",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def stream_cases(
    request: Request,
    principal: Reader,
    units: Units,
    _header: Annotated[
        str | None, Header(alias="Last-Event-ID", description="The last `id` that was seen")
    ] = None,
    _query: Annotated[
        str | None, Query(alias="last_event_id", description="The same, where no header can be set")
    ] = None,
) -> Response:
    # Both are read by `topic_stream`; they stand here so that the description tells of them.
    teams = visible_teams(principal)

    def select(record: Any) -> StreamEvent | None:
        notice = live_notice(record, teams)
        return None if notice is None else StreamEvent(*notice)

    return topic_stream(
        request,
        request.app.state.open_tail,
        select=select,
        beside=PresenceWatch(units, teams),
    )
