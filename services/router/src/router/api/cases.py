"""Cases: the work queue with its filters, one case, the next one for me (S124)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from common.errors import InvalidInputError
from common.web.concurrency import etag
from common.web.pagination import Page, PageRequest
from router.api.access import Reader, Units, Writer, visible_teams
from router.api.case_models import (
    CASE_RESPONSES,
    CaseDetail,
    CaseSummary,
    TeamCounts,
    shown,
)
from router.storage import queue
from router.storage.case_view import case_view
from router.storage.queue import Filters

router = APIRouter(tags=["cases"])

Team = Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
ClockWord = Literal["running", "warned", "met", "breached", "waived"]


class CaseFilters:
    """Dependency: what to show; without `state` everything that is not closed."""

    def __init__(
        self,
        team: Team = None,
        state: Literal["open", "claimed", "closed"] | None = None,
        decision: Literal["service", "triage", "non_service"] | None = None,
        holder: Literal["me"] | None = None,
        clock: ClockWord | None = None,
    ) -> None:
        if state == "closed" and holder is not None:
            raise InvalidInputError("nobody holds a closed case", code="contradictory_filter")
        self._holder = holder
        self._team, self._state, self._decision, self._clock = team, state, decision, clock

    @property
    def is_about_closed(self) -> bool:
        return self._state == "closed"

    def asked_by(self, principal_id: str) -> Filters:
        """The filters, with `me` resolved."""
        return Filters(
            team=self._team,
            state=self._state,
            decision=self._decision,
            holder_id=principal_id if self._holder else None,
            clock=self._clock,
        )


@router.get("/cases", summary="The work queue in due order; closed cases the latest first")
async def list_cases(
    principal: Reader,
    units: Units,
    page: Annotated[PageRequest, Depends()],
    wanted: Annotated[CaseFilters, Depends()],
) -> Page[CaseSummary]:
    teams, filters = visible_teams(principal), wanted.asked_by(principal.id)
    async with units.read() as connection:
        if wanted.is_about_closed:
            rows = await queue.closed(
                connection, teams, filters, after=page.after(datetime, UUID), limit=page.fetch
            )
            return page.page(rows, CaseSummary.model_validate, key=lambda row: row.closed_key)
        rows = await queue.waiting(
            connection,
            teams,
            filters,
            after=page.after(datetime, datetime, UUID),
            limit=page.fetch,
        )
        return page.page(rows, CaseSummary.model_validate, key=lambda row: row.due_key)


@router.get("/cases/counts", summary="Open work per team")
async def count_cases(principal: Reader, units: Units) -> list[TeamCounts]:
    async with units.read() as connection:
        counts = await queue.counts(connection, visible_teams(principal))
    return [TeamCounts.model_validate(each) for each in counts]


@router.get(
    "/cases/next",
    summary="The most urgent case that nobody holds; 204 when there is none",
    responses={200: {"model": CaseSummary}, 204: {"description": "Nothing waits"}},
    response_model=None,
)
async def next_case(principal: Writer, units: Units, response: Response) -> Response | CaseSummary:
    async with units.read() as connection:
        case = await queue.next_free(connection, visible_teams(principal))
    if case is None:
        return Response(status_code=204)
    response.headers["ETag"] = etag(case.version)
    return CaseSummary.model_validate(case)


@router.get(
    "/cases/{case_id}", summary="A case with its clocks and mentions", responses=CASE_RESPONSES
)
async def get_case(
    case_id: UUID, principal: Reader, units: Units, response: Response
) -> CaseDetail:
    async with units.read() as connection:
        view = await case_view(connection, case_id, visible_teams(principal))
    response.headers["ETag"] = etag(view.case.version)
    return shown(view)
