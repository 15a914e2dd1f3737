"""Cases: the work queue with its filters, one case, the next one for me (S124)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from common.errors import InvalidInputError
from common.web.concurrency import etag
from common.web.pagination import Page, PageRequest
from router.api.access import Known, Reader, Units, Writer, visible_teams
from router.api.case_models import (
    CASE_RESPONSES,
    CaseDetail,
    CaseSummary,
    KindWord,
    TeamCounts,
    shown,
)
from router.domain.states import CaseState
from router.storage import queue, team_counts
from router.storage.case_view import case_view
from router.storage.queue import Filters, Worker

router = APIRouter(tags=["cases"])

Team = Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Word = Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
ClockWord = Literal["running", "paused", "warned", "met", "breached", "waived"]


@dataclass
class Subject:
    """Dependency: filters by what the case is about."""

    kind: KindWord | None = None
    priority: Literal["normal", "high"] | None = None
    network: Word = None
    language: Annotated[str | None, Query(pattern=r"^[a-z]{2,3}$")] = None
    urgent: bool | None = None
    abusive: bool | None = None
    crisis: Annotated[bool | None, Query(description="Began in a crisis that was on")] = None


@dataclass
class Whose:
    """Dependency: filters by who works on it or answers for it."""

    holder: Literal["me"] | None = None
    owner: Annotated[
        Literal["me", "nobody"] | None, Query(description="Responsible; nobody: the team's queue")
    ] = None


class CaseFilters:
    """Dependency: what to show; without `state` everything that is not closed."""

    def __init__(
        self,
        subject: Annotated[Subject, Depends()],
        whose: Annotated[Whose, Depends()],
        team: Team = None,
        state: CaseState | None = None,
        decision: Literal["service", "triage", "non_service"] | None = None,
        clock: ClockWord | None = None,
    ) -> None:
        if state is CaseState.CLOSED and whose.holder is not None:
            raise InvalidInputError("nobody holds a closed case", code="contradictory_filter")
        self._subject, self._whose = subject, whose
        self._team, self._state, self._decision, self._clock = team, state, decision, clock

    @property
    def is_about_closed(self) -> bool:
        return self._state is CaseState.CLOSED

    def asked_by(self, principal_id: str) -> Filters:
        """The filters, with `me` resolved."""
        subject, whose = self._subject, self._whose
        return Filters(
            team=self._team,
            state=self._state.value if self._state else None,
            decision=self._decision,
            clock=self._clock,
            holder_id=principal_id if whose.holder else None,
            owner_id=principal_id if whose.owner == "me" else None,
            is_unowned=True if whose.owner == "nobody" else None,
            kind=subject.kind,
            priority=subject.priority,
            network=subject.network,
            language=subject.language,
            urgent=subject.urgent,
            abusive=subject.abusive,
            is_in_crisis=subject.crisis,
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
        counts = await team_counts.counts(connection, visible_teams(principal), offset=units.offset)
    return [TeamCounts.model_validate(each) for each in counts]


@router.get(
    "/cases/next",
    summary="The most urgent case for me: free, of my teams, within my skills; 204 when none is",
    responses={200: {"model": CaseSummary}, 204: {"description": "Nothing waits"}},
    response_model=None,
)
async def next_case(
    principal: Writer, units: Units, configurations: Known, response: Response
) -> Response | CaseSummary:
    async with units.read() as connection:
        people = (await configurations.in_force(connection)).people
        colleague = people.get(principal.id)
        worker = Worker(
            person_id=principal.id, skills=colleague.skills if colleague else frozenset()
        )
        case = await queue.next_free(
            connection, visible_teams(principal), worker, offset=units.offset
        )
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
