"""Forward the matter for the customer: one call, one confirming draft (S83)."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict

from common.db.unit_of_work import UnitOfWork
from common.web.idempotency import Answer
from responder.api.access import OnceOnly, Writer, visible_teams
from responder.api.shapes import (
    DraftView,
    Name,
    Reason,
    ReplyText,
    Shape,
    person_of,
    show_draft,
)
from responder.domain.words import Audience
from responder.handlers.forward_matter import Forward, forward_matter
from responder.storage.teams import require_case_visible

router = APIRouter(tags=["drafts"])


class NewForward(Shape):
    """Where we take it, what we say there, and what we tell the customer."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "department": "spare_parts",
                    "matter": "Die Kette der Tourer 700 fehlt seit drei Wochen.",
                    "text": "Hallo Karla, ich habe das Ersatzteillager nach deiner Kette gefragt.",
                }
            ]
        },
    )

    department: Name
    matter: Reason
    text: ReplyText
    visibility: Audience = Audience.PUBLIC


class ForwardView(BaseModel):
    forward_id: UUID
    draft: DraftView


@router.post("/cases/{case_id}/forwards", status_code=201, response_model=ForwardView)
async def forward(
    case_id: UUID, body: NewForward, request: Request, who: Writer, once: OnceOnly
) -> Response:
    """Ask the department ourselves and draft the confirmation; the customer need not go there."""

    async def effect(uow: UnitOfWork) -> Answer:
        await require_case_visible(uow.connection, case_id, visible_teams(who))
        order = Forward(case_id=case_id, **body.model_dump())
        forwarded = await forward_matter(
            uow,
            order,
            actor=person_of(who),
            channels=request.app.state.channels,
            ids=request.app.state.ids,
            signing=request.app.state.signing,
        )
        view = ForwardView(forward_id=forwarded.forward_id, draft=show_draft(forwarded.draft))
        return Answer(201, view)

    return await once.run(request.app.state.units, effect)
