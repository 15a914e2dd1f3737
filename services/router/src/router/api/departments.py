"""Departments: directory, questions to them, their answers, and what comes next (S38, S67, S68).

Writers ask; a department sees and answers only what was asked of it (the departments in the
`teams` claim of its token). Its own system may answer with a signed webhook instead of a token.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ValidationError

from common.db.unit_of_work import UnitOfWork
from common.errors import InvalidInputError, NotFoundError
from common.web.auth import public, require
from common.web.idempotency import Answer
from common.web.pagination import Page, PageRequest
from common.web.principal import Principal
from common.web.problems import ProblemError
from router.api.access import READERS, Reader, SeenVersion, Units, Writer, person, visible_teams
from router.api.commands import Command
from router.api.department_models import (
    AnswerRequest,
    AskRequest,
    Directory,
    MessageShown,
    NextStepRequest,
    QueryDetail,
    QueryShown,
    SignedAnswer,
    WithdrawRequest,
    department_shown,
)
from router.domain.departments import QueryState, may_see
from router.handlers.answer_department_query import (
    Received,
    answer_department_query,
    choose_next_step,
)
from router.handlers.ask_department import Wish, ask_department
from router.handlers.withdraw_department_query import Withdrawal, withdraw_department_query
from router.storage import department_messages, department_queries, queue

router = APIRouter(tags=["departments"])

Anybody = Annotated[Principal, Depends(require(*READERS, "department"))]
Answerer = Annotated[Principal, Depends(require("department", "agent", "triage", "lead"))]


@router.get("/departments", summary="The directory of departments")
async def directory(_: Anybody, command: Annotated[Command, Depends()], units: Units) -> Directory:
    async with units.read() as connection:
        configuration = await command.configurations.in_force(connection)
    return Directory(
        configuration_version=configuration.version,
        items=[department_shown(one) for one in configuration.departments.values()],
    )


@router.post(
    "/cases/{case_id}/department-queries",
    status_code=201,
    response_model=QueryShown,
    summary="Ask a department; its clock starts",
)
async def ask(
    case_id: UUID,
    body: AskRequest,
    principal: Writer,
    command: Annotated[Command, Depends()],
    seen: SeenVersion,
    request: Request,
) -> Response:
    wish = Wish(
        department=body.department,
        text=body.question,
        link=body.link,
        reach=body.reach,
        priority=body.priority,
        deadline_hours=body.deadline_hours,
        is_free_wording_allowed=body.free_wording_allowed,
        issue_id=body.issue_id,
    )

    async def effect(uow: UnitOfWork) -> Answer:
        query_id = await ask_department(
            command.configurations,
            uow,
            command.by(principal, case_id, seen),
            wish,
            new_id=command.new_id,
            new_token=request.app.state.new_token,
        )
        return await _answer(uow, query_id, status=201)

    return await command.run(effect)


@router.get("/cases/{case_id}/department-queries", summary="The questions of a case")
async def of_case(case_id: UUID, principal: Reader, units: Units) -> list[QueryShown]:
    async with units.read() as connection:
        if await queue.one(connection, case_id, visible_teams(principal)) is None:
            raise NotFoundError("no such case")
        rows = await department_queries.of_case(connection, case_id)
    return [QueryShown.model_validate(row) for row in rows]


@router.get("/department-queries", summary="Questions to departments, the latest first")
async def list_queries(
    principal: Anybody,
    units: Units,
    page: Annotated[PageRequest, Depends()],
    state: Annotated[QueryState | None, Query()] = None,
    department: Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9_]{0,62}$")] = None,
) -> Page[QueryShown]:
    theirs = _departments(principal)
    if department is not None:
        theirs = {department} if theirs is None else set(theirs) & {department}
    async with units.read() as connection:
        rows = await department_queries.listed(
            connection,
            departments=theirs,
            teams=visible_teams(principal) if _departments(principal) is None else None,
            state=state,
            after=page.after(datetime, UUID),
            limit=page.fetch,
        )
    return page.page(rows, QueryShown.model_validate, key=lambda row: row.key)


@router.get("/department-queries/{query_id}", summary="One question and what was said about it")
async def show(query_id: UUID, principal: Anybody, units: Units) -> QueryDetail:
    departments = _departments(principal)
    teams = visible_teams(principal) if departments is None else None
    async with units.read() as connection:
        row = await department_queries.one(connection, query_id, teams=teams)
        if row is None or not may_see(row.department, departments=departments):
            raise NotFoundError("no such department query")
        messages = await department_messages.of_query(connection, query_id)
    return QueryDetail(
        **QueryShown.model_validate(row).model_dump(),
        messages=[MessageShown.model_validate(one) for one in messages],
    )


@router.post(
    "/department-queries/{query_id}/answer",
    response_model=QueryShown,
    summary="Answer; the case goes back to whoever asked",
)
async def answer(
    query_id: UUID,
    body: AnswerRequest,
    principal: Answerer,
    command: Annotated[Command, Depends()],
) -> Response:
    received = Received(
        query_id=query_id,
        text=body.answer,
        answered_by=body.answered_by or principal.name,
        via="api",
        departments=_departments(principal),
        teams=visible_teams(principal) if _departments(principal) is None else None,
    )

    async def effect(uow: UnitOfWork) -> Answer:
        await answer_department_query(command.configurations, uow, received, new_id=command.new_id)
        return await _answer(uow, query_id)

    return await command.run(effect)


@router.post(
    "/department-queries/{query_id}/withdraw",
    response_model=QueryShown,
    summary="Nobody waits for the answer any more",
)
async def withdraw(
    query_id: UUID,
    body: WithdrawRequest,
    principal: Writer,
    command: Annotated[Command, Depends()],
) -> Response:
    async def effect(uow: UnitOfWork) -> Answer:
        await withdraw_department_query(
            command.configurations,
            uow,
            Withdrawal(
                query_id=query_id,
                by=person(principal),
                teams=visible_teams(principal),
                reason=body.reason,
            ),
            new_id=command.new_id,
        )
        return await _answer(uow, query_id)

    return await command.run(effect)


@router.post(
    "/department-queries/{query_id}/next-step",
    response_model=QueryShown,
    summary="Choose what is done with the answer",
)
async def next_step(
    query_id: UUID,
    body: NextStepRequest,
    principal: Writer,
    command: Annotated[Command, Depends()],
) -> Response:
    async def effect(uow: UnitOfWork) -> Answer:
        await choose_next_step(
            uow,
            query_id,
            body.next_step,
            by=person(principal),
            teams=visible_teams(principal),
            new_id=command.new_id,
        )
        return await _answer(uow, query_id)

    return await command.run(effect)


@router.post(
    "/departments/{department}/answers",
    status_code=202,
    dependencies=[Depends(public())],
    summary="A department's own system answers, signed (Standard Webhooks)",
    responses={401: {"description": "This department did not sign these bytes just now"}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": SignedAnswer.model_json_schema()}},
        }
    },
)
async def signed_answer(
    department: str, request: Request, command: Annotated[Command, Depends()], units: Units
) -> dict[str, str]:
    """Take in a signed answer; a repetition changes nothing."""
    body = await request.body()
    delivery = request.app.state.department_signatures.delivery_id(
        department, request.headers, body
    )
    if delivery is None:
        raise ProblemError(
            401,
            "signature_refused",
            "This department did not sign this delivery just now.",
            headers={"WWW-Authenticate": "StandardWebhooks"},
        )
    try:
        said = SignedAnswer.model_validate(orjson.loads(body))
    except (orjson.JSONDecodeError, ValidationError) as error:
        raise InvalidInputError(
            "the body must hold query_id, answer and answered_by", code="no_answer"
        ) from error
    async with units.begin() as uow:
        is_new = await answer_department_query(
            command.configurations,
            uow,
            Received(
                query_id=said.query_id,
                text=said.answer,
                answered_by=said.answered_by,
                via="webhook",
                departments={department},
                teams=None,
                message_key=f"webhook:{department}:{delivery}",
            ),
            new_id=command.new_id,
        )
    return {"status": "taken" if is_new else "known"}


def _departments(principal: Principal) -> Collection[str] | None:
    """The departments whose queries they may see; None for people of ours."""
    return None if principal.has_any(*READERS) else principal.teams


async def _answer(uow: UnitOfWork, query_id: UUID, *, status: int = 200) -> Answer:
    row = await department_queries.one(uow.connection, query_id, teams=None)
    if row is None:
        raise NotFoundError("no such department query")
    return Answer(status, QueryShown.model_validate(row))
