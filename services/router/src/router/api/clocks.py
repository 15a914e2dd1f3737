"""The clocks of a case: what they say, why they say it, and the changes that people may make."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from common.db.unit_of_work import UnitOfWork
from common.web.auth import require
from common.web.idempotency import Answer
from common.web.principal import Principal
from router.api.access import Reader, Units, Writer, visible_teams
from router.api.commands import Command
from router.domain.clock_ledger import EntryKind
from router.domain.clocks import Clock
from router.domain.follow_ups import REASON_LENGTH
from router.handlers.change_clock import change_clock, replan_clock
from router.storage.clock_view import ExplainedClock, clocks_of_case, explain_clock

router = APIRouter(tags=["clocks"])

Lead = Annotated[Principal, Depends(require("lead"))]
Reason = Annotated[str, Field(min_length=1, max_length=REASON_LENGTH, pattern=r"\S")]
_EXAMPLE: dict[str, Any] = {"example": {"reason": "The workshop is closed until Monday."}}


class ClockState(BaseModel):
    """A clock as it stands. `due_at` and `warn_at` are null while it is paused.

    `counted_seconds` is the time that counted until `since`; if it runs, the rest counts from
    then, by `calendar` or, without one, every second. A follow-up warns on its date.
    """

    clock_id: UUID
    kind: str
    state: str
    subject_id: UUID | None
    started_at: datetime
    warn_at: datetime | None
    due_at: datetime | None
    warned_at: datetime | None
    breached_at: datetime | None
    stopped_at: datetime | None
    ended_at: datetime | None
    duration_seconds: float
    counted_seconds: float
    since: datetime
    calendar: str | None
    configuration_version: int | None


class CountedSpan(BaseModel):
    """A stretch of working time."""

    start: datetime
    end: datetime


class LedgerLine(BaseModel):
    """One entry, what it did to the deadline, and the time that counted since the last one."""

    model_config = ConfigDict(json_schema_extra={"description": "One entry of the ledger."})

    number: int
    entry: str
    at: datetime
    reason: str
    actor_name: str | None
    configuration_version: int | None
    counted_seconds: float = Field(description="All that has counted up to this entry")
    added_seconds: float
    counted_in: list[CountedSpan]
    old_due_at: datetime | None
    new_due_at: datetime | None
    stored_due_at: datetime | None = Field(description="What the ledger said when it was written")
    says: str


class ClockExplanation(BaseModel):
    """The ledger replayed. `agrees`: the replay comes to exactly what is stored."""

    clock: ClockState
    lines: list[LedgerLine]
    recomputed_due_at: datetime | None
    agrees: bool


class ClockChange(BaseModel):
    """Why."""

    model_config = ConfigDict(json_schema_extra=_EXAMPLE)

    reason: Reason


class ClockReplan(ClockChange):
    """`duration_minutes` is another time to count; without it, the terms in force now."""

    duration_minutes: Annotated[float | None, Field(gt=0, le=525_600)] = None


_CLOCK: dict[int | str, dict[str, Any]] = {200: {"model": ClockState}}


@router.get("/cases/{case_id}/clocks", summary="The clocks of a case, in the order of their start")
async def list_clocks(case_id: UUID, principal: Reader, units: Units) -> list[ClockState]:
    async with units.read() as connection:
        found = await clocks_of_case(connection, case_id, visible_teams(principal))
    return [_shown(clock) for clock in found]


@router.get(
    "/cases/{case_id}/clocks/{clock_id}/explain",
    summary="How the deadline came about: the ledger, recomputed step by step",
)
async def explain(
    case_id: UUID, clock_id: UUID, principal: Reader, units: Units
) -> ClockExplanation:
    async with units.read() as connection:
        found = await explain_clock(connection, case_id, clock_id, visible_teams(principal))
    return _explanation(found)


@router.post(
    "/cases/{case_id}/clocks/{clock_id}/pause",
    summary="Let the clock stand still",
    responses=_CLOCK,
)
async def pause(
    case_id: UUID,
    clock_id: UUID,
    body: ClockChange,
    principal: Writer,
    command: Annotated[Command, Depends()],
) -> Response:
    return await _change(command, principal, (case_id, clock_id), EntryKind.PAUSE, body)


@router.post(
    "/cases/{case_id}/clocks/{clock_id}/resume", summary="Let the clock run on", responses=_CLOCK
)
async def resume(
    case_id: UUID,
    clock_id: UUID,
    body: ClockChange,
    principal: Writer,
    command: Annotated[Command, Depends()],
) -> Response:
    return await _change(command, principal, (case_id, clock_id), EntryKind.RESUME, body)


@router.post(
    "/cases/{case_id}/clocks/{clock_id}/waive",
    summary="Nothing is owed any more; leads only",
    responses=_CLOCK,
)
async def waive(
    case_id: UUID,
    clock_id: UUID,
    body: ClockChange,
    principal: Lead,
    command: Annotated[Command, Depends()],
) -> Response:
    return await _change(command, principal, (case_id, clock_id), EntryKind.WAIVE, body)


@router.post(
    "/cases/{case_id}/clocks/{clock_id}/replan",
    summary="Give the clock the terms in force, or another time; leads only",
    responses=_CLOCK,
)
async def replan(
    case_id: UUID,
    clock_id: UUID,
    body: ClockReplan,
    principal: Lead,
    command: Annotated[Command, Depends()],
) -> Response:
    wish = command.by(principal, case_id, None)
    minutes = body.duration_minutes
    duration = None if minutes is None else timedelta(minutes=minutes)

    async def effect(uow: UnitOfWork) -> Answer:
        configuration = await command.configurations.in_force(uow.connection)
        await replan_clock(
            configuration, uow, wish, clock_id=clock_id, reason=body.reason, duration=duration
        )
        return await _answer(uow, case_id, clock_id)

    return await command.run(effect)


async def _change(
    command: Command,
    principal: Principal,
    where: tuple[UUID, UUID],
    kind: EntryKind,
    body: ClockChange,
) -> Response:
    case_id, clock_id = where
    wish = command.by(principal, case_id, None)

    async def effect(uow: UnitOfWork) -> Answer:
        configuration = await command.configurations.in_force(uow.connection)
        await change_clock(
            configuration, uow, wish, clock_id=clock_id, kind=kind, reason=body.reason
        )
        return await _answer(uow, case_id, clock_id)

    return await command.run(effect)


async def _answer(uow: UnitOfWork, case_id: UUID, clock_id: UUID) -> Answer:
    found = await explain_clock(uow.connection, case_id, clock_id, None)
    return Answer(200, _shown(found.clock), {})


def _explanation(found: ExplainedClock) -> ClockExplanation:
    return ClockExplanation(
        clock=_shown(found.clock),
        lines=[
            LedgerLine(
                number=number,
                entry=line.entry.kind.value,
                at=line.entry.at,
                reason=line.entry.reason,
                actor_name=line.entry.actor_name,
                configuration_version=line.entry.configuration_version,
                counted_seconds=line.counted.total_seconds(),
                added_seconds=line.added.total_seconds(),
                counted_in=[CountedSpan(start=s.start, end=s.end) for s in line.spans],
                old_due_at=line.old_due_at,
                new_due_at=line.new_due_at,
                stored_due_at=line.stored_due_at,
                says=line.says,
            )
            for number, line in enumerate(found.lines)
        ],
        recomputed_due_at=found.replayed.due_at,
        agrees=found.agrees,
    )


def _shown(clock: Clock) -> ClockState:
    return ClockState(
        clock_id=clock.clock_id,
        kind=clock.kind,
        state=clock.state.value,
        subject_id=clock.subject_id,
        started_at=clock.started_at,
        warn_at=clock.warn_at,
        due_at=clock.due_at,
        warned_at=clock.warned_at,
        breached_at=clock.breached_at,
        stopped_at=clock.stopped_at,
        ended_at=clock.ended_at,
        duration_seconds=clock.terms.duration.total_seconds(),
        counted_seconds=clock.counted.total_seconds(),
        since=clock.since,
        calendar=clock.terms.calendar.name if clock.terms.calendar else None,
        configuration_version=clock.configuration_version,
    )
