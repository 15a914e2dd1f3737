"""How cases end: settled, closed, closed in bulk (S15, S105, S107)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from common.db.unit_of_work import UnitOfWork
from common.web.idempotency import Answer
from common.web.parameters import Moment
from router.api.access import RequiredVersion, Writer, person, visible_teams
from router.api.case_models import CASE_RESPONSES, KindWord, case_answer
from router.api.commands import Command
from router.domain.closing import CAUSE_LENGTH, SUMMARY_LENGTH, Closing, Fault, closing
from router.handlers.close_case import close_case, close_many, settle_case
from router.storage import bulk
from router.storage.bulk import BulkFilter

router = APIRouter(tags=["closing"])

MOST_AT_ONCE = 200
Cause = Annotated[str, Field(min_length=1, max_length=CAUSE_LENGTH, pattern=r"\S")]
Summary = Annotated[str, Field(min_length=1, max_length=SUMMARY_LENGTH, pattern=r"\S")]
OutcomeByHand = Literal[
    "solved",
    "answered",
    "unsolvable",
    "offer_unanswered",
    "settled_itself",
    "no_action",
    "duplicate",
    "spam",
]


def _example(**members: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [members]})


class ClosingRequest(BaseModel):
    """How the matter ended and whose doing it was; all four are required (S105, S107)."""

    model_config = _example(
        outcome="solved",
        cause="spare part late",
        summary="The chain came today; fitted on Friday in Kassel.",
        fault="partner",
    )

    outcome: OutcomeByHand
    cause: Cause
    summary: Summary
    fault: Fault

    def account(self) -> Closing:
        """The account, checked by the domain."""
        return closing(self.outcome, cause=self.cause, summary=self.summary, fault=self.fault)


class SettlingRequest(ClosingRequest):
    """The same, with an outcome that the customer may still disagree with."""

    outcome: Literal["solved", "answered", "unsolvable"]


class BulkCloseFilter(BaseModel):
    """Which open non-service cases: all that is given must hold.

    A member that is not known is refused, and so is a filter that asks nothing: a misspelt one
    would close everything.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"team": "community_management", "kind": "praise"}],
            "anyOf": [
                {"required": [name], "properties": {name: {"type": "string"}}}
                for name in ("team", "kind", "network", "detected_before")
            ],
        },
    )

    team: Annotated[str | None, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")] = None
    kind: KindWord | None = None
    network: Annotated[str | None, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")] = None
    detected_before: Moment | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if all(value is None for _, value in self):
            raise ValueError("a filter names at least one of team, kind, network, detected_before")
        return self


class BulkCloseRequest(BaseModel):
    """Exactly one of `case_ids` and `filter` says which; one account for all of them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "filter": {"team": "community_management", "kind": "praise"},
                    "outcome": "no_action",
                    "cause": "praise",
                    "summary": "Thanked by a like; nothing to answer.",
                    "fault": "nobody",
                }
            ],
            "oneOf": [
                {
                    "required": ["case_ids"],
                    "properties": {"case_ids": {"type": "array"}, "filter": {"type": "null"}},
                },
                {
                    "required": ["filter"],
                    "properties": {"filter": {"type": "object"}, "case_ids": {"type": "null"}},
                },
            ],
        }
    )

    case_ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_AT_ONCE)] | None = None
    filter: BulkCloseFilter | None = None
    outcome: Literal["settled_itself", "no_action", "duplicate", "spam", "answered"]
    cause: Cause
    summary: Summary
    fault: Fault

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.case_ids is None) is (self.filter is None):
            raise ValueError("exactly one of case_ids and filter is needed")
        return self


class BulkItem(BaseModel):
    """What became of one case; `code` and `detail` say why it was left as it is."""

    model_config = ConfigDict(from_attributes=True)

    case_id: UUID
    is_closed: bool
    code: str | None
    detail: str | None


class BulkClosed(BaseModel):
    """What became of each; `may_be_more` says that the filter still holds for others."""

    closed: int
    left: int
    may_be_more: bool
    items: list[BulkItem]


@router.post(
    "/cases/bulk-close",
    summary="Close up to 200 non-service cases with one account, by ids or by filter",
    response_model=BulkClosed,
)
async def bulk_close(
    body: BulkCloseRequest, principal: Writer, command: Annotated[Command, Depends()]
) -> Response:
    account = closing(body.outcome, cause=body.cause, summary=body.summary, fault=body.fault)
    by, teams = person(principal), visible_teams(principal)

    async def effect(uow: UnitOfWork) -> Answer:
        wanted = body.case_ids or []
        if body.filter is not None:
            asked = BulkFilter(**body.filter.model_dump())
            wanted = await bulk.matching(uow.connection, teams, asked, limit=MOST_AT_ONCE)
        results = await close_many(uow, wanted, account, by=by, teams=teams, new_id=command.new_id)
        closed = sum(result.is_closed for result in results)
        return Answer(
            200,
            BulkClosed(
                closed=closed,
                left=len(results) - closed,
                may_be_more=body.filter is not None and len(wanted) == MOST_AT_ONCE,
                items=[BulkItem.model_validate(result) for result in results],
            ),
        )

    return await command.run(effect)


@router.post(
    "/cases/{case_id}/resolve",
    summary="Say how it ended; it closes by itself unless the customer disagrees",
    responses=CASE_RESPONSES,
)
async def resolve(
    case_id: UUID,
    body: SettlingRequest,
    principal: Writer,
    command: Annotated[Command, Depends()],
    seen: RequiredVersion,
) -> Response:
    account = body.account()
    wish = command.by(principal, case_id, seen)

    async def effect(uow: UnitOfWork) -> Answer:
        policy = (await command.configurations.in_force(uow.connection)).cases
        await settle_case(policy, uow, wish, account, new_id=command.new_id)
        return await case_answer(uow, case_id, wish.teams)

    return await command.run(effect)


@router.post(
    "/cases/{case_id}/close",
    summary="Close it with outcome, cause, summary and fault",
    responses=CASE_RESPONSES,
)
async def close(
    case_id: UUID,
    body: ClosingRequest,
    principal: Writer,
    command: Annotated[Command, Depends()],
    seen: RequiredVersion,
) -> Response:
    account = body.account()
    wish = command.by(principal, case_id, seen)

    async def effect(uow: UnitOfWork) -> Answer:
        await close_case(uow, wish, account, new_id=command.new_id)
        return await case_answer(uow, case_id, wish.teams)

    return await command.run(effect)
