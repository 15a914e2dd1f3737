"""Moderation: hide, delete, block; proposed with a reason, decided by somebody else (S106)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from common.db.unit_of_work import UnitOfWork
from common.web.concurrency import etag, if_match
from common.web.idempotency import Answer
from common.web.pagination import Page, PageRequest
from responder.api.access import OnceOnly, Reader, Writer, visible_teams
from responder.api.shapes import Name, PersonView, Reason, Shape, person_of
from responder.domain.moderation import Moderation, ModerationAction, ModerationState
from responder.domain.persons import Person
from responder.handlers.moderate import (
    Proposal,
    Verdict,
    confirm_by_hand,
    decide_moderation,
    propose_moderation,
)
from responder.storage.moderations import find_moderations
from responder.storage.teams import require_case_visible, require_moderation_visible

router = APIRouter(tags=["moderation"])
SeenVersion = Annotated[int, Depends(if_match)]


class NewModeration(Shape):
    """Without `target` the customer's latest post, or for a block its author."""

    action: ModerationAction
    reason: Reason
    target: Name | None = None


class Decision(Shape):
    """What the second person says, and why."""

    is_approved: bool
    reason: Reason


class ModerationView(BaseModel):
    """`by_hand`: approved, and to be done by a person on the network; `last_error` says why."""

    moderation_id: UUID
    case_id: UUID
    network: str
    account: str
    target: str
    action: ModerationAction
    reason: str
    proposed_by: PersonView
    state: ModerationState
    version: int
    decision: str | None
    decided_by: PersonView | None
    proposed_at: datetime
    decided_at: datetime | None
    done_at: datetime | None
    last_error: str | None


@router.post("/cases/{case_id}/moderations", status_code=201, response_model=ModerationView)
async def propose(
    case_id: UUID, body: NewModeration, request: Request, who: Writer, once: OnceOnly
) -> Response:
    """Propose it; nothing happens before somebody else has agreed."""

    async def effect(uow: UnitOfWork) -> Answer:
        await require_case_visible(uow.connection, case_id, visible_teams(who))
        proposal = Proposal(case_id=case_id, **body.model_dump())
        moderation = await propose_moderation(
            uow,
            proposal,
            by=person_of(who),
            channels=request.app.state.channels,
            ids=request.app.state.ids,
        )
        return _answer(moderation, status=201)

    return await once.run(request.app.state.units, effect)


@router.get("/moderations", response_model=Page[ModerationView])
async def find(
    request: Request,
    who: Reader,
    page: Annotated[PageRequest, Depends()],
    state: Annotated[ModerationState | None, Query()] = None,
    case_id: Annotated[UUID | None, Query()] = None,
) -> Page[ModerationView]:
    """Moderations, the oldest first."""
    async with request.app.state.units.read() as connection:
        rows = await find_moderations(
            connection,
            state=state,
            case_id=case_id,
            teams=visible_teams(who),
            after=page.after(datetime, UUID),
            limit=page.fetch,
        )
    return page.page(rows, _show, key=lambda row: (row.proposed_at, row.moderation_id))


@router.post("/moderations/{moderation_id}/decide", response_model=ModerationView)
async def decide(
    moderation_id: UUID,
    body: Decision,
    request: Request,
    who: Writer,
    version: SeenVersion,
    once: OnceOnly,
) -> Response:
    """Agree or not. 403 `own_proposal` for whoever proposed it, whatever their role."""

    async def effect(uow: UnitOfWork) -> Answer:
        await require_moderation_visible(uow.connection, moderation_id, visible_teams(who))
        verdict = Verdict(
            moderation_id=moderation_id,
            version=version,
            is_approved=body.is_approved,
            reason=body.reason,
        )
        decided = await decide_moderation(
            uow, verdict, by=person_of(who), ids=request.app.state.ids
        )
        return _answer(decided)

    return await once.run(request.app.state.units, effect)


@router.post("/moderations/{moderation_id}/done", response_model=ModerationView)
async def done(moderation_id: UUID, request: Request, who: Writer, once: OnceOnly) -> Response:
    """Say that it was done by hand on the network."""

    async def effect(uow: UnitOfWork) -> Answer:
        await require_moderation_visible(uow.connection, moderation_id, visible_teams(who))
        return _answer(
            await confirm_by_hand(uow, moderation_id, by=person_of(who), ids=request.app.state.ids)
        )

    return await once.run(request.app.state.units, effect)


def _answer(moderation: Moderation, *, status: int = 200) -> Answer:
    return Answer(status, _show(moderation), {"ETag": etag(moderation.version)})


def _show(moderation: Moderation) -> ModerationView:
    by = moderation.decided_by
    return ModerationView(
        moderation_id=moderation.moderation_id,
        case_id=moderation.case_id,
        network=moderation.network,
        account=moderation.account,
        target=moderation.target,
        action=moderation.action,
        reason=moderation.reason,
        proposed_by=_person(moderation.proposed_by),
        state=moderation.state,
        version=moderation.version,
        decision=moderation.decision,
        decided_by=_person(by) if by else None,
        proposed_at=moderation.proposed_at,
        decided_at=moderation.decided_at,
        done_at=moderation.done_at,
        last_error=moderation.last_error,
    )


def _person(person: Person) -> PersonView:
    return PersonView(id=person.id, name=person.name)
