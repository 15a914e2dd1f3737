"""A person changes a clock: pause, resume, waive, re-plan; with a reason, where policy allows.

Which kinds people may pause, resume and waive is configuration (`clocks.people_may_change`). A
re-plan gives a clock the terms that are in force now, or another time to count, and is the lead's.
The first-reaction clock can be re-planned to the terms in force only: its promise is the company's.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError, InvalidInputError, NotFoundError
from router.domain.clock_ledger import EntryKind
from router.domain.clocks import ANSWER, DEPARTMENT, FIRST_REACTION, ClockTerms
from router.domain.configuration import Configuration
from router.domain.departments import terms_of
from router.domain.follow_ups import REASON_LENGTH, required
from router.handlers.claim_case import CaseCommand
from router.handlers.clock_steps import step, take_steps
from router.handlers.lock_case import lock_case
from router.handlers.watch_cases import LOOK_AGAIN, watch_cases
from router.storage import clocks, department_queries
from router.storage.clocks import CaseClock


async def change_clock(
    configuration: Configuration,
    uow: UnitOfWork,
    command: CaseCommand,
    *,
    clock_id: UUID,
    kind: EntryKind,
    reason: str,
) -> None:
    """Pause, resume or waive (`kind`) a clock of the case, from now.

    Raises NotFoundError, InvalidInputError without a reason, ConflictError where policy does not
    let people do it or the clock's state does not allow it.
    """
    case = await _clock(uow, command, clock_id)
    clean = required(reason, name="reason", length=REASON_LENGTH)
    if case.clock.kind not in configuration.clocks.commands:
        raise ConflictError(
            f"policy lets nobody change a {case.clock.kind} clock by hand",
            code="clock_is_not_for_people",
            details={"kinds": sorted(configuration.clocks.commands)},
        )
    await take_steps(uow, [step(case, kind, at=uow.now, reason=clean, by=command.by)])
    await watch_cases(
        configuration,
        uow,
        [command.case_id],
        terms=configuration.clocks.look_again,
        reason=LOOK_AGAIN,
    )


async def replan_clock(
    configuration: Configuration,
    uow: UnitOfWork,
    command: CaseCommand,
    *,
    clock_id: UUID,
    reason: str,
    duration: timedelta | None,
) -> None:
    """Give the clock the terms in force, with another time to count if `duration` says so.

    What was counted stays counted. Raises as `change_clock` does, and InvalidInputError for a time
    that this kind cannot have.
    """
    case = await _clock(uow, command, clock_id)
    clean = required(reason, name="reason", length=REASON_LENGTH)
    asked = await department_queries.departments_of(uow.connection, [clock_id])
    terms = terms_in_force(configuration, case.clock.kind, department=asked.get(clock_id))
    if terms is None:
        raise ConflictError(
            "a follow-up is moved by settling it and planning another",
            code="clock_is_not_for_people",
        )
    if duration is not None:
        if case.clock.kind == FIRST_REACTION:
            raise InvalidInputError(
                "the time to the first reaction is the same for everybody",
                code="duration_not_allowed",
            )
        terms = replace(terms, duration=duration)
    await take_steps(
        uow,
        [
            step(
                case,
                EntryKind.REPLAN,
                at=uow.now,
                reason=clean,
                by=command.by,
                terms=terms,
                configuration_version=configuration.version,
            )
        ],
    )


def terms_in_force(
    configuration: Configuration, kind: str, *, department: str | None
) -> ClockTerms | None:
    """What the configuration says of a kind of clock; None for one whose date people choose.

    `department` is whom a department clock waits for.
    """
    policy = configuration.clocks
    asked = configuration.departments.get(department) if department else None
    return {
        FIRST_REACTION: configuration.first_reaction,
        ANSWER: policy.answer,
        DEPARTMENT: terms_of(policy.department, asked),
    }.get(kind)


async def _clock(uow: UnitOfWork, command: CaseCommand, clock_id: UUID) -> CaseClock:
    await lock_case(uow, command.case_id, teams=command.teams)
    found = (await clocks.lock(uow.connection, [clock_id])).get(clock_id)
    if found is None or found.case_id != command.case_id:
        raise NotFoundError("no such clock")
    return found
