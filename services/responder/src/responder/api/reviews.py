"""Reviews: what waits for a second person who wrote none of it, whose turn it is, who reads it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from common.db.unit_of_work import UnitOfWork
from common.web.idempotency import Answer
from common.web.pagination import Page, PageRequest
from common.web.sse import StreamEvent, topic_stream
from responder.api.access import OnceOnly, Writer, visible_teams
from responder.api.review_shapes import OfferView, show_offer
from responder.api.shapes import DraftView, person_of, show_draft
from responder.domain.drafts import Draft
from responder.domain.persons import Person
from responder.handlers.offer_review import claim_review
from responder.handlers.show_reviews import review_notice
from responder.storage import drafts as stored
from responder.storage.reviews import alive_offers
from responder.storage.teams import require_draft_visible

router = APIRouter(tags=["reviews"])


class ReviewView(DraftView):
    """A draft that waits for a reader; `offer` is null for those of before reviews had clocks."""

    offer: OfferView | None


@router.get("/reviews", response_model=Page[ReviewView])
async def waiting(
    request: Request, who: Writer, page: Annotated[PageRequest, Depends()]
) -> Page[ReviewView]:
    """Submitted drafts that I may approve, longest waiting first."""
    after = page.after(datetime, UUID)
    async with request.app.state.units.read() as connection:
        rows = await stored.waiting_for_reader(
            connection,
            who.id,
            teams=visible_teams(who),
            after=(after[0], after[1]) if after else None,
            limit=page.fetch,
        )
        offers = await alive_offers(connection, [draft.draft_id for draft in rows])

    def show(draft: Draft) -> ReviewView:
        offer = offers.get(draft.draft_id)
        return ReviewView(
            **show_draft(draft).model_dump(), offer=show_offer(offer, who.id) if offer else None
        )

    return page.page(
        rows, show, key=lambda draft: (draft.submitted_at or draft.created_at, draft.draft_id)
    )


@router.post("/reviews/{draft_id}/claim", response_model=OfferView)
async def claim(draft_id: UUID, request: Request, who: Writer, once: OnceOnly) -> Response:
    """Read it now: nobody else decides it until `expires_at`. 409 names who has it."""

    async def effect(uow: UnitOfWork) -> Answer:
        await require_draft_visible(uow.connection, draft_id, visible_teams(who))
        offer = await claim_review(
            uow,
            draft_id,
            reader=person_of(who),
            ids=request.app.state.ids,
            budget=request.app.state.review_budget,
        )
        return Answer(200, show_offer(offer, who.id))

    return await once.run(request.app.state.units, effect)


@router.get(
    "/reviews/stream",
    summary="What I am asked to read, as it happens; resumes after Last-Event-ID",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def stream(
    request: Request,
    who: Writer,
    _header: Annotated[
        str | None, Header(alias="Last-Event-ID", description="The last `id` that was seen")
    ] = None,
    _query: Annotated[
        str | None, Query(alias="last_event_id", description="The same, where no header can be set")
    ] = None,
) -> Response:
    """Offers to me and open ones of my teams; and, as an author, that nobody read it in time."""
    # Both are read by `topic_stream`; they stand here so that the description tells of them.
    me, teams = Person(who.id, who.name), visible_teams(who)

    def select(record: Any) -> StreamEvent | None:
        notice = review_notice(record, me, teams)
        return None if notice is None else StreamEvent(*notice)

    return topic_stream(request, request.app.state.open_tail, select=select)
