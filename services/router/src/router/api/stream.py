"""The live stream of the queue: what has changed, as it happens (S124)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from common.web.sse import StreamEvent, topic_stream
from router.api.access import Reader, visible_teams
from router.handlers.show_live import live_notice

router = APIRouter(tags=["cases"])


@router.get(
    "/cases/stream",
    summary="Changes as server-sent events; resumes after Last-Event-ID",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def stream_cases(
    request: Request,
    principal: Reader,
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

    return topic_stream(request, request.app.state.open_tail, select=select)
