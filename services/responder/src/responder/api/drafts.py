"""Drafts: write, rewrite, hand in, approve, send back, take back; and read them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import ConfigDict, Field

from common.db.unit_of_work import UnitOfWork
from common.errors import NotFoundError
from common.web.concurrency import etag, if_match
from common.web.idempotency import Answer
from common.web.pagination import Page, PageRequest
from responder.api.access import OnceOnly, Reader, Writer, visible_teams
from responder.api.draft_context import ContextView, context_of
from responder.api.review_shapes import HoldView, OfferView, show_hold, show_offer
from responder.api.shapes import (
    DraftView,
    Name,
    Reason,
    ReplyText,
    RevisionView,
    Shape,
    WrittenKind,
    answer_with,
    person_of,
    show_draft,
    show_revision,
)
from responder.domain.drafts import Review
from responder.domain.words import Audience, DraftState, Kind
from responder.handlers import review_draft, write_draft
from responder.handlers.review_draft import Reading, Refused
from responder.handlers.submit_draft import SubmitDraft
from responder.storage import drafts as stored
from responder.storage.draft_surroundings import surroundings_of
from responder.storage.holds import alive_hold
from responder.storage.reviews import alive_offer
from responder.storage.teams import require_case_visible, require_draft_visible

router = APIRouter(tags=["drafts"])


class NewDraft(Shape):
    """A first wording. Without `account` the one that the customer wrote to, or our usual one."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "kind": "holding",
                    "visibility": "public",
                    "text": "Hallo Karla, die fehlende Kette suchen wir gerade im Lager.",
                }
            ]
        },
    )

    kind: WrittenKind
    visibility: Audience
    text: ReplyText
    account: Name | None = None


class NewWording(Shape):
    """A new wording; what is left out stays as it was."""

    text: ReplyText
    kind: WrittenKind | None = None
    visibility: Audience | None = None
    account: Name | None = None
    in_reply_to: Name | None = None


class Handing(Shape):
    """`review: required` asks for a reader where none is needed, as for private replies (S59)."""

    review: Review = Review.OPTIONAL


class WhatWasRead(Shape):
    """Exactly the wording that the reader saw; any other is refused (S58)."""

    revision: Annotated[int, Field(ge=1, le=1_000_000)]
    content_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class WithReason(Shape):
    reason: Reason


class WithReasons(Shape):
    """Each thing that is to be changed by itself."""

    reasons: Annotated[list[Reason], Field(min_length=1, max_length=20)]


class DraftWithHistory(DraftView):
    """A draft with every wording it ever had, and what to know of its case."""

    revisions: list[RevisionView]
    offer: OfferView | None
    hold: HoldView | None
    context: ContextView


@router.post("/cases/{case_id}/drafts", status_code=201, response_model=DraftView)
async def write(
    case_id: UUID, body: NewDraft, request: Request, who: Writer, once: OnceOnly
) -> Response:
    """Begin a draft; its writer becomes its first author."""

    async def effect(uow: UnitOfWork) -> Answer:
        await require_case_visible(uow.connection, case_id, visible_teams(who))
        order = write_draft.NewDraft(
            case_id=case_id, **{**body.model_dump(), "kind": Kind(body.kind)}
        )
        draft = await write_draft.write_draft(
            uow,
            order,
            author=person_of(who),
            channels=request.app.state.channels,
            ids=request.app.state.ids,
            signing=request.app.state.signing,
        )
        await request.app.state.gate_drafts.check(uow, draft)
        return answer_with(draft, status=201)

    return await once.run(request.app.state.units, effect)


@router.get("/drafts/{draft_id}", response_model=DraftWithHistory)
async def read(
    draft_id: UUID, request: Request, response: Response, who: Reader
) -> DraftWithHistory:
    """The draft with all its wordings."""
    async with request.app.state.units.read() as connection:
        await require_draft_visible(connection, draft_id, visible_teams(who))
        draft = await stored.get_draft(connection, draft_id)
        if draft is None:
            raise NotFoundError("no such draft")
        revisions = await stored.revisions_of(connection, draft_id)
        offer = await alive_offer(connection, draft_id)
        hold = await alive_hold(connection, draft_id)
        around = await surroundings_of(connection, draft_id, draft.case_id)
    response.headers["ETag"] = etag(draft.version)
    return DraftWithHistory(
        **show_draft(draft).model_dump(),
        revisions=[show_revision(revision) for revision in revisions],
        offer=show_offer(offer, who.id) if offer else None,
        hold=show_hold(hold) if hold else None,
        context=context_of(around, draft),
    )


@router.get("/drafts", response_model=Page[DraftView])
async def find(
    request: Request,
    who: Reader,
    page: Annotated[PageRequest, Depends()],
    state: Annotated[DraftState | None, Query()] = None,
    case_id: Annotated[UUID | None, Query()] = None,
) -> Page[DraftView]:
    """Drafts in order of creation."""
    after = page.after(datetime, UUID)
    async with request.app.state.units.read() as connection:
        rows = await stored.find_drafts(
            connection,
            state=state,
            case_id=case_id,
            teams=visible_teams(who),
            after=(after[0], after[1]) if after else None,
            limit=page.fetch,
        )
    return page.page(rows, show_draft, key=lambda draft: (draft.created_at, draft.draft_id))


@router.post("/drafts/{draft_id}/revisions", status_code=201, response_model=DraftView)
async def revise(
    draft_id: UUID,
    body: NewWording,
    request: Request,
    who: Writer,
    version: Annotated[int, Depends(if_match)],
    once: OnceOnly,
) -> Response:
    """Add a wording: an approval so far is void, and the writer joins the authors (S58)."""

    async def effect(uow: UnitOfWork) -> Answer:
        await require_draft_visible(uow.connection, draft_id, visible_teams(who))
        said = {**body.model_dump(), "kind": Kind(body.kind) if body.kind else None}
        wording = write_draft.NewWording(draft_id=draft_id, version=version, **said)
        draft = await write_draft.revise_draft(
            uow,
            wording,
            author=person_of(who),
            ids=request.app.state.ids,
            signing=request.app.state.signing,
        )
        await request.app.state.gate_drafts.check(uow, draft)
        return answer_with(draft, status=201)

    return await once.run(request.app.state.units, effect)


@router.post("/drafts/{draft_id}/submit", response_model=DraftView)
async def submit(
    draft_id: UUID,
    request: Request,
    who: Writer,
    once: OnceOnly,
    body: Handing | None = None,
    if_match_header: Annotated[str | None, Header(alias="If-Match")] = None,
) -> Response:
    """Hand the latest wording in. If-Match is optional and protects against a wording not seen."""
    version = await if_match(if_match_header) if if_match_header is not None else None
    submit_draft: SubmitDraft = request.app.state.submit_draft

    async def effect(uow: UnitOfWork) -> Answer:
        await require_draft_visible(uow.connection, draft_id, visible_teams(who))
        asked = body.review if body else Review.OPTIONAL
        draft = await submit_draft(
            uow, draft_id, actor=person_of(who), asked=asked, version=version
        )
        return answer_with(draft)

    return await once.run(request.app.state.units, effect)


@router.post("/drafts/{draft_id}/approve", response_model=DraftView)
async def approve(
    draft_id: UUID, body: WhatWasRead, request: Request, who: Writer, once: OnceOnly
) -> Response:
    """Approve what was read; it is sent at once. 403 `own_text` for every author of the draft.

    A refusal is recorded although the request fails (S58).
    """

    async def effect(uow: UnitOfWork) -> Answer:
        await require_draft_visible(uow.connection, draft_id, visible_teams(who))
        reading = Reading(
            draft_id=draft_id,
            revision=body.revision,
            content_hash=bytes.fromhex(body.content_hash),
        )
        result = await review_draft.approve_draft(
            uow,
            reading,
            reader=person_of(who),
            ids=request.app.state.ids,
            roles=who.roles,
            gates=request.app.state.gate_drafts,
        )
        return Answer.refused(result.error) if isinstance(result, Refused) else answer_with(result)

    return await once.run(request.app.state.units, effect)


@router.post("/drafts/{draft_id}/reject", response_model=DraftView)
async def reject(
    draft_id: UUID,
    body: WithReasons | WithReason,
    request: Request,
    who: Writer,
    once: OnceOnly,
) -> Response:
    """Send it back to its authors with reasons."""
    reasons = body.reasons if isinstance(body, WithReasons) else [body.reason]

    async def effect(uow: UnitOfWork) -> Answer:
        await require_draft_visible(uow.connection, draft_id, visible_teams(who))
        return answer_with(
            await review_draft.reject_draft(
                uow,
                draft_id,
                reasons=reasons,
                reader=person_of(who),
                ids=request.app.state.ids,
            )
        )

    return await once.run(request.app.state.units, effect)


@router.post("/drafts/{draft_id}/withdraw", response_model=DraftView)
async def withdraw(
    draft_id: UUID, body: WithReason, request: Request, who: Writer, once: OnceOnly
) -> Response:
    """Take it back for good, as long as sending has not begun. For authors and leads."""

    async def effect(uow: UnitOfWork) -> Answer:
        await require_draft_visible(uow.connection, draft_id, visible_teams(who))
        return answer_with(
            await review_draft.withdraw_draft(
                uow,
                draft_id,
                reason=body.reason,
                actor=person_of(who),
                roles=who.roles,
                ids=request.app.state.ids,
            )
        )

    return await once.run(request.app.state.units, effect)
