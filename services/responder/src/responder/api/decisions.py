"""Other ways to begin and to pause: pairs, no-replies, cool-offs (S60, S61, S94 to S97)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from common.db.unit_of_work import UnitOfWork
from common.web.idempotency import Answer
from responder.api.access import OnceOnly, Writer, visible_teams
from responder.api.review_shapes import HoldView, show_hold
from responder.api.shapes import (
    DraftView,
    Name,
    Reason,
    ReplyText,
    Shape,
    answer_with,
    person_of,
    show_draft,
)
from responder.domain.no_reply import Decision, Disposition
from responder.domain.words import Kind
from responder.handlers.decide_no_reply import NoReply, propose_no_reply
from responder.handlers.hold_draft import CoolOff, end_hold, hold_draft
from responder.handlers.write_pair import NewPair as PairOrder
from responder.handlers.write_pair import write_pair
from responder.storage.teams import require_case_visible, require_draft_visible

router = APIRouter(tags=["drafts"])


class NewPair(Shape):
    """A public lead-in and the private words it announces; the second leaves after the first."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "lead_in": "Hallo Karla, wir schreiben dir gleich eine Direktnachricht dazu.",
                    "private": "Deine Bestellung liegt in Kassel, sie geht heute noch raus.",
                    "kind": "answer",
                }
            ]
        },
    )

    lead_in: ReplyText
    private: ReplyText
    kind: Literal["answer", "question", "progress", "correction", "outcome"] = "answer"
    account: Name | None = None


class PairView(BaseModel):
    """Both halves; each is submitted with the other, and read by itself."""

    lead_in: DraftView
    private: DraftView


class NewNoReply(Shape):
    """Not answering, with the two questions: only "no" and "no" allow `no_reply` (S95)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "disposition": "no_reply",
                    "has_concern": False,
                    "wants_dialogue": False,
                    "reason": "Reine Beschimpfung, kein Anliegen, auch auf Nachfrage nicht.",
                }
            ]
        },
    )

    disposition: Disposition
    has_concern: bool
    wants_dialogue: bool
    reason: Reason


class Pause(Shape):
    """How long a draft rests; `hand_to` is the id of a colleague who takes the case over."""

    minutes: Annotated[int, Field(ge=1, le=1440)]
    reason: Reason
    hand_to: Name | None = None


@router.post("/cases/{case_id}/pairs", status_code=201, response_model=PairView)
async def write_both(
    case_id: UUID, body: NewPair, request: Request, who: Writer, once: OnceOnly
) -> Response:
    """Begin both halves of a move to private at once (S61, S64)."""

    async def effect(uow: UnitOfWork) -> Answer:
        await require_case_visible(uow.connection, case_id, visible_teams(who))
        order = PairOrder(
            case_id=case_id,
            lead_in=body.lead_in,
            private=body.private,
            kind=Kind(body.kind),
            account=body.account,
        )
        pair = await write_pair(
            uow,
            order,
            author=person_of(who),
            channels=request.app.state.channels,
            ids=request.app.state.ids,
            signing=request.app.state.signing,
        )
        for half in (pair.lead_in, pair.private):
            await request.app.state.gate_drafts.check(uow, half)
        both = PairView(lead_in=show_draft(pair.lead_in), private=show_draft(pair.private))
        return Answer(201, both)

    return await once.run(request.app.state.units, effect)


@router.post("/cases/{case_id}/no-reply", status_code=201, response_model=DraftView)
async def not_answer(
    case_id: UUID, body: NewNoReply, request: Request, who: Writer, once: OnceOnly
) -> Response:
    """Propose not to answer; submit and approve it like a reply. 409 `answer_needed`."""

    async def effect(uow: UnitOfWork) -> Answer:
        await require_case_visible(uow.connection, case_id, visible_teams(who))
        decision = Decision(
            disposition=body.disposition,
            has_concern=body.has_concern,
            wants_dialogue=body.wants_dialogue,
        )
        order = NoReply(case_id=case_id, decision=decision, reason=body.reason)
        draft = await propose_no_reply(
            uow,
            order,
            author=person_of(who),
            channels=request.app.state.channels,
            ids=request.app.state.ids,
        )
        return answer_with(draft, status=201)

    return await once.run(request.app.state.units, effect)


@router.post("/drafts/{draft_id}/hold", status_code=201, response_model=HoldView)
async def hold(
    draft_id: UUID, body: Pause, request: Request, who: Writer, once: OnceOnly
) -> Response:
    """Let it rest: nothing of it is handed in, approved or sent until then (S60)."""

    async def effect(uow: UnitOfWork) -> Answer:
        await require_draft_visible(uow.connection, draft_id, visible_teams(who))
        cool_off = CoolOff(
            length=timedelta(minutes=body.minutes),
            reason=body.reason,
            by=person_of(who),
            hand_to=body.hand_to,
        )
        held = await hold_draft(uow, draft_id, cool_off, ids=request.app.state.ids)
        return Answer(201, show_hold(held))

    return await once.run(request.app.state.units, effect)


@router.delete("/drafts/{draft_id}/hold", status_code=204, response_class=Response)
async def release(draft_id: UUID, request: Request, who: Writer) -> Response:
    """End the pause early; for colleagues and leads, not for those who wrote it."""
    async with request.app.state.units.begin() as uow:
        await require_draft_visible(uow.connection, draft_id, visible_teams(who))
        await end_hold(uow, draft_id, by=person_of(who), roles=who.roles, ids=request.app.state.ids)
    return Response(status_code=204)
