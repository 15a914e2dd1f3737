"""Dispatches: the ledger, and a person's decision on what nobody else can know."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import model_validator

from common.db.unit_of_work import UnitOfWork
from common.errors import NotFoundError
from common.web.auth import Principal, require
from common.web.idempotency import Answer, Once
from common.web.pagination import Page, PageRequest
from responder.api.access import visible_teams
from responder.api.dispatch_views import DispatchView, show_dispatch
from responder.api.shapes import READERS, Name, Reason, Shape, person_of
from responder.domain.dispatches import Ending, Outcome
from responder.domain.words import DispatchState
from responder.handlers.settle_unknown import decide_outcome
from responder.storage import dispatches as stored
from responder.storage.teams import require_case_visible

router = APIRouter(tags=["dispatches"])
Reader = Annotated[Principal, Depends(require(*READERS, "operator"))]


class Decision(Shape):
    """What a person found out: `sent` with the network's id of the post, or `failed`."""

    outcome: Literal["sent", "failed"]
    reason: Reason
    platform_id: Name | None = None

    @model_validator(mode="after")
    def _names_the_post(self) -> Decision:
        if (self.outcome == "sent") != (self.platform_id is not None):
            raise ValueError("platform_id belongs to sent, and only to it")
        return self


@router.get("/dispatches", response_model=Page[DispatchView])
async def find(
    request: Request,
    who: Reader,
    page: Annotated[PageRequest, Depends()],
    state: Annotated[DispatchState | None, Query()] = None,
    case_id: Annotated[UUID | None, Query()] = None,
) -> Page[DispatchView]:
    """The ledger in order of creation."""
    after = page.after(datetime, UUID)
    async with request.app.state.units.read() as connection:
        rows = await stored.find_dispatches(
            connection,
            state=state,
            case_id=case_id,
            teams=visible_teams(who),
            after=(after[0], after[1]) if after else None,
            limit=page.fetch,
        )
    undo = request.app.state.undo_window
    return page.page(
        rows,
        lambda line: show_dispatch(line, undo=undo),
        key=lambda line: (line.created_at, line.dispatch_id),
    )


@router.get("/dispatches/{dispatch_id}", response_model=DispatchView)
async def read(dispatch_id: UUID, request: Request, who: Reader) -> DispatchView:
    """One line of the ledger."""
    async with request.app.state.units.read() as connection:
        found = await stored.get_dispatches(connection, [dispatch_id])
        if not found:
            raise NotFoundError("no such dispatch")
        await require_case_visible(connection, found[0].case_id, visible_teams(who))
    return show_dispatch(found[0], undo=request.app.state.undo_window)


@router.post("/dispatches/{dispatch_id}/resolve", response_model=DispatchView)
async def resolve(
    dispatch_id: UUID,
    body: Decision,
    request: Request,
    who: Annotated[Principal, Depends(require("lead"))],
    once: Annotated[Once, Depends()],
) -> Response:
    """Settle an unknown outcome after having looked; nothing is sent by it, whatever it says."""
    outcome = Outcome(
        ending=Ending.SENT if body.platform_id else Ending.REFUSED,
        platform_id=body.platform_id,
        error="" if body.platform_id else "decided_by_person",
    )

    async def effect(uow: UnitOfWork) -> Answer:
        settled = await decide_outcome(
            uow,
            dispatch_id,
            outcome=outcome,
            by=person_of(who),
            reason=body.reason,
            ids=request.app.state.ids,
        )
        return Answer(200, show_dispatch(settled))

    return await once.run(request.app.state.units, effect)
