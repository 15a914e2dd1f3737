"""Private words: ask for named details, write answers down, read them with a reason (S62, S66)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from common.db.unit_of_work import UnitOfWork
from common.web.idempotency import Answer
from common.web.pagination import Page, PageRequest
from responder.api.access import OnceOnly, Overseer, Reader, Writer, visible_teams
from responder.api.shapes import (
    DraftView,
    Name,
    PersonView,
    Reason,
    ReplyText,
    Shape,
    person_of,
    show_draft,
)
from responder.domain import private_words as words
from responder.domain.private_words import HIDDEN, PrivateValue
from responder.handlers import private_words as use_cases
from responder.storage.private_store import Look, looks_at
from responder.storage.teams import require_case_visible

router = APIRouter(tags=["private words"])
_MAY_READ = ("agent", "lead", "triage")


class RequestedField(Shape):
    """One detail and what it is needed for."""

    name: Name
    purpose: Reason


class NewRequest(Shape):
    """What is asked for in private. `lead_in` is needed where no private thread is open yet."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "fields": [{"name": "order_number", "purpose": "Um die Bestellung zu finden"}],
                    "text": "Schickst du mir bitte die Bestellnummer? Dann sehe ich nach.",
                    "lead_in": "Hallo Karla, ich frage dich dazu kurz etwas per Nachricht.",
                }
            ]
        },
    )

    fields: Annotated[list[RequestedField], Field(min_length=1, max_length=20)]
    text: ReplyText
    lead_in: ReplyText | None = None


class RequestView(BaseModel):
    """The request and its drafts; submit the private one, its lead-in goes with it."""

    request_id: UUID
    private: DraftView
    lead_in: DraftView | None


class NewValues(Shape):
    """Answers by name, as a person wrote them down; of a request only what it asked for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"values": {"order_number": "B-2210-77"}}]},
    )

    values: Annotated[dict[Name, Reason], Field(min_length=1, max_length=20)]
    request_id: UUID | None = None


class ValueView(BaseModel):
    """A private value; `***` for those who only watch. It is deleted at `delete_after`."""

    value_id: UUID
    name: str
    value: str
    recorded_at: datetime
    delete_after: datetime
    request_id: UUID | None


class ValuesView(BaseModel):
    items: list[ValueView]


class LookView(BaseModel):
    """Somebody read private values of the case."""

    access_id: int
    names: list[str]
    purpose: str
    actor: PersonView
    read_at: datetime


@router.post("/cases/{case_id}/private-requests", status_code=201, response_model=RequestView)
async def ask(
    case_id: UUID, body: NewRequest, request: Request, who: Writer, once: OnceOnly
) -> Response:
    """Draft a private question for named details; the customer is waited for once it is sent."""

    async def effect(uow: UnitOfWork) -> Answer:
        await require_case_visible(uow.connection, case_id, visible_teams(who))
        order = use_cases.Asking(
            case_id=case_id,
            fields=tuple(words.Field(name=f.name, purpose=f.purpose) for f in body.fields),
            text=body.text,
            lead_in=body.lead_in,
        )
        asked = await use_cases.ask_in_private(
            uow,
            order,
            actor=person_of(who),
            channels=request.app.state.channels,
            ids=request.app.state.ids,
            signing=request.app.state.signing,
        )
        view = RequestView(
            request_id=asked.request_id,
            private=show_draft(asked.private),
            lead_in=show_draft(asked.lead_in) if asked.lead_in else None,
        )
        return Answer(201, view)

    return await once.run(request.app.state.units, effect)


@router.post("/cases/{case_id}/private-values", status_code=201, response_model=ValuesView)
async def record(
    case_id: UUID, body: NewValues, request: Request, who: Writer, once: OnceOnly
) -> Response:
    """Put answers into the restricted store; they are sealed, and deleted after a while."""

    async def effect(uow: UnitOfWork) -> Answer:
        await require_case_visible(uow.connection, case_id, visible_teams(who))
        answers = use_cases.Answers(case_id=case_id, values=body.values, request_id=body.request_id)
        values = await use_cases.record_answers(
            uow,
            answers,
            actor=person_of(who),
            store=request.app.state.private_store,
            ids=request.app.state.ids,
        )
        # The answer is kept for repetitions of the request: it must not hold the values.
        return Answer(201, ValuesView(items=[_show(value, is_clear=False) for value in values]))

    return await once.run(request.app.state.units, effect)


@router.get("/cases/{case_id}/private-values", response_model=ValuesView)
async def read(
    case_id: UUID,
    request: Request,
    who: Reader,
    purpose: Annotated[
        str,
        Query(
            min_length=3,
            max_length=500,
            pattern=r"^[^\x00]*[^\s\x00][^\x00]*$",
            description="What they are needed for; it is written down with the look",
        ),
    ],
) -> ValuesView:
    """The case's private values. Each look is logged; who only watches sees `***`."""
    async with request.app.state.units.begin() as uow:
        await require_case_visible(uow.connection, case_id, visible_teams(who))
        store = request.app.state.private_store
        if not who.has_any(*_MAY_READ):
            values = await store.values_of(uow.connection, case_id, now=uow.now)
            return ValuesView(items=[_show(value, is_clear=False) for value in values])
        values = await use_cases.read_values(
            uow,
            case_id,
            purpose=purpose,
            actor=person_of(who),
            store=store,
            ids=request.app.state.ids,
        )
    return ValuesView(items=[_show(value, is_clear=True) for value in values])


@router.get("/cases/{case_id}/private-access", response_model=Page[LookView])
async def looks(
    case_id: UUID, request: Request, _: Overseer, page: Annotated[PageRequest, Depends()]
) -> Page[LookView]:
    """Who looked at the case's private values, when and what for."""
    after = page.after(int)
    async with request.app.state.units.read() as connection:
        rows = await looks_at(
            connection, case_id, after=after[0] if after else None, limit=page.fetch
        )
    return page.page(rows, _show_look, key=lambda row: (row.access_id,))


def _show(value: PrivateValue, *, is_clear: bool) -> ValueView:
    return ValueView(
        value_id=value.value_id,
        name=value.name,
        value=value.value if is_clear else HIDDEN,
        recorded_at=value.recorded_at,
        delete_after=value.delete_after,
        request_id=value.request_id,
    )


def _show_look(look: Look) -> LookView:
    return LookView(
        access_id=look.access_id,
        names=list(look.names),
        purpose=look.purpose,
        actor=PersonView(id=look.actor.id, name=look.actor.name),
        read_at=look.read_at,
    )
