"""Knowledge for those who write: solved cases, references, suggestions; never text (S80)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from common.db.unit_of_work import UnitOfWork
from common.errors import NotFoundError
from common.web.idempotency import Answer
from common.web.problems import ProblemError
from responder.api.access import Lead, OnceOnly, Reader, Writer, visible_teams
from responder.api.shapes import Name, Shape, person_of
from responder.gateways.suggestions import SuggestionError
from responder.handlers import use_knowledge
from responder.handlers.use_knowledge import NewReference as ReferenceOrder
from responder.storage import cases, knowledge
from responder.storage.knowledge import Reference, Suggestion
from responder.storage.teams import require_case_visible, require_draft_visible

router = APIRouter(tags=["knowledge"])

Language = Literal["de", "en"]
Limit = Annotated[int, Query(ge=1, le=50)]
Body = Annotated[
    str, Field(min_length=1, max_length=20_000, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")
]
Link = Annotated[str, Field(max_length=2_000, pattern=r"^https?://[^\s\x00]+$")]
Words = Annotated[str, Query(min_length=2, max_length=1_000, pattern=r"^[^\x00]*$")]


class SimilarCase(BaseModel):
    """A solved case: what was asked and answered in public, without the customer."""

    case_id: UUID
    network: str
    language: str
    question: str
    answer: str
    outcome: str
    cause: str
    closed_at: datetime
    score: float


class NewReference(Shape):
    """A piece of knowledge that drafts may refer to (S113)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "title": "Kettenspannung einstellen",
                    "url": "https://motorrad-ag.example/kette",
                    "text": "Durchhang 30 bis 40 mm, auf dem Seitenständer gemessen.",
                    "language": "de",
                }
            ]
        },
    )

    title: Name
    url: Link | None = None
    text: Body
    language: Language


class ReferenceView(BaseModel):
    reference_id: UUID
    title: str
    url: str | None
    text: str
    language: Language
    is_retired: bool


class Attachment(Shape):
    reference_id: UUID


class SuggestionView(BaseModel):
    """Words of a model; as they stand no draft with them can be handed in."""

    suggestion_id: UUID
    case_id: UUID
    model: str
    text: str
    made_at: datetime


@router.get("/cases/{case_id}/similar", response_model=list[SimilarCase])
async def similar(
    case_id: UUID, request: Request, who: Reader, limit: Limit = 5
) -> list[SimilarCase]:
    """Solved cases like this one, the likest first."""
    teams = visible_teams(who)
    async with request.app.state.units.read() as connection:
        case = await cases.get_case(connection, case_id, teams=teams)
        if case is None:
            raise NotFoundError("no such case")
        found = await knowledge.similar_cases(
            connection,
            "\n".join(case.mention_texts),
            but=case_id,
            teams=None if teams is None else sorted(teams),
            limit=limit,
        )
    return [SimilarCase.model_validate(each, from_attributes=True) for each in found]


@router.post("/knowledge", status_code=201, response_model=ReferenceView)
async def add(body: NewReference, request: Request, who: Writer, once: OnceOnly) -> Response:
    """Keep a reference."""

    async def effect(uow: UnitOfWork) -> Answer:
        reference = await use_knowledge.add_reference(
            uow,
            ReferenceOrder(title=body.title, url=body.url, body=body.text, language=body.language),
            actor=person_of(who),
            ids=request.app.state.ids,
        )
        return Answer(201, _show(reference))

    return await once.run(request.app.state.units, effect)


@router.get("/knowledge", response_model=list[ReferenceView])
async def search(
    request: Request,
    _: Reader,
    query: Words,
    language: Annotated[Language | None, Query()] = None,
    limit: Limit = 10,
) -> list[ReferenceView]:
    """References that fit the words, the best first."""
    async with request.app.state.units.read() as connection:
        found = await knowledge.search_references(connection, query, language=language, limit=limit)
    return [_show(reference) for reference in found]


@router.post("/knowledge/{reference_id}/retire", response_model=ReferenceView)
async def retire(reference_id: UUID, request: Request, who: Lead, once: OnceOnly) -> Response:
    """Take a reference out of use; drafts that have it keep it."""

    async def effect(uow: UnitOfWork) -> Answer:
        reference = await use_knowledge.retire_reference(
            uow, reference_id, actor=person_of(who), ids=request.app.state.ids
        )
        return Answer(200, _show(reference))

    return await once.run(request.app.state.units, effect)


@router.get("/drafts/{draft_id}/references", response_model=list[ReferenceView])
async def of_draft(draft_id: UUID, request: Request, who: Reader) -> list[ReferenceView]:
    """The references beside the draft."""
    async with request.app.state.units.read() as connection:
        await require_draft_visible(connection, draft_id, visible_teams(who))
        found = await knowledge.references_of(connection, draft_id)
    return [_show(reference) for reference in found]


@router.post("/drafts/{draft_id}/references", response_model=list[ReferenceView])
async def attach(
    draft_id: UUID, body: Attachment, request: Request, who: Writer, once: OnceOnly
) -> Response:
    """Put a reference beside the draft; its text stays as it is."""

    async def effect(uow: UnitOfWork) -> Answer:
        await require_draft_visible(uow.connection, draft_id, visible_teams(who))
        found = await use_knowledge.attach_reference(
            uow,
            draft_id,
            reference_id=body.reference_id,
            actor=person_of(who),
            ids=request.app.state.ids,
        )
        return Answer(200, [_show(reference) for reference in found])

    return await once.run(request.app.state.units, effect)


@router.post("/cases/{case_id}/suggestions", status_code=201, response_model=SuggestionView)
async def suggest(case_id: UUID, request: Request, who: Writer) -> SuggestionView:
    """Ask the model for words. 404 `no_suggestions` where the deployment has none."""
    model = request.app.state.suggestions
    if model is None:
        raise NotFoundError("this deployment has no model for suggestions", code="no_suggestions")
    units = request.app.state.units
    async with units.read() as connection:
        await require_case_visible(connection, case_id, visible_teams(who))
    try:
        suggestion = await use_knowledge.suggest_words(
            units, case_id, model=model, actor=person_of(who), ids=request.app.state.ids
        )
    except SuggestionError as error:
        raise ProblemError(502, "no_suggestion", f"{error}.") from error
    return _show_suggestion(suggestion)


@router.get("/cases/{case_id}/suggestions", response_model=list[SuggestionView])
async def suggestions(case_id: UUID, request: Request, who: Reader) -> list[SuggestionView]:
    """What was suggested in the case, the latest first."""
    async with request.app.state.units.read() as connection:
        await require_case_visible(connection, case_id, visible_teams(who))
        found = await knowledge.suggestions_of(connection, case_id)
    return [_show_suggestion(each) for each in found]


def _show(reference: Reference) -> ReferenceView:
    return ReferenceView.model_validate(
        {
            "reference_id": reference.reference_id,
            "title": reference.title,
            "url": reference.url,
            "text": reference.body,
            "language": reference.language,
            "is_retired": reference.is_retired,
        }
    )


def _show_suggestion(suggestion: Suggestion) -> SuggestionView:
    return SuggestionView.model_validate(suggestion, from_attributes=True)
