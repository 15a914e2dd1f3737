"""Take a case up or down, and say so (S13, S40): a person does it, a breach, or silence."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError
from common.events.envelope import Event, new_event
from common.events.router_time import CaseDeescalated, CaseEscalated
from common.ids import derived_id
from common.observability import metrics
from router.domain.configuration import Configuration
from router.domain.escalation import (
    HIGHEST,
    EscalationCause,
    down,
    is_overdue_contact,
    up,
)
from router.domain.follow_ups import REASON_LENGTH, required
from router.handlers import case_events
from router.handlers.claim_case import CaseCommand
from router.handlers.lock_case import lock_case, refuse_stale
from router.storage import escalations
from router.storage.escalations import EscalationStep, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A mention by which a customer wrote again; `repeated` are earlier contacts elsewhere."""

    case_id: UUID
    author_id: str
    repeated: int


async def escalate_case(
    uow: UnitOfWork, command: CaseCommand, *, reason: str, to: int | None
) -> int:
    """A person takes the case up, one level or to the one named; the level it is on then.

    Raises NotFoundError, PreconditionFailedError, ConflictError where there is no such level.
    """
    level = await _level(uow, command)
    wanted = up(level.level, to=to)
    clean = required(reason, name="reason", length=REASON_LENGTH)
    step = _step(level, wanted, cause=EscalationCause.PERSON, reason=clean, command=command)
    await _take(uow, {level.case_id: (level, step)})
    return wanted


async def deescalate_case(
    uow: UnitOfWork, command: CaseCommand, *, reason: str, to: int | None
) -> int:
    """A person takes the case down again. Raises as `escalate_case` does."""
    level = await _level(uow, command)
    wanted = down(level.level, to=to)
    clean = required(reason, name="reason", length=REASON_LENGTH)
    step = _step(level, wanted, cause=EscalationCause.PERSON, reason=clean, command=command)
    await _take(uow, {level.case_id: (level, step)})
    return wanted


async def escalate_breached(
    uow: UnitOfWork, case_ids: Collection[UUID], *, clock: str, step_up: int
) -> None:
    """A clock ran out: at least the lead knows, or one level more where `step_up` is 1."""
    levels = await escalations.lock_levels(uow.connection, list(case_ids))
    steps = {}
    for level in levels.values():
        wanted = min(HIGHEST, max(1, level.level + step_up))
        if wanted > level.level:
            step = _step(
                level,
                wanted,
                cause=EscalationCause.BREACH,
                reason=f"The {clock} clock ran out.",
            )
            steps[level.case_id] = (level, step)
    await _take(uow, steps)


async def escalate_unanswered(
    configuration: Configuration, uow: UnitOfWork, contacts: Mapping[UUID, Contact]
) -> None:
    """Cases in which the customer wrote once too often without a reply go to the lead (S13)."""
    policy = configuration.escalation
    if not contacts:
        return
    counted = await escalations.unanswered_contacts(
        uow.connection,
        {case_id: contact.author_id for case_id, contact in contacts.items()},
        now=uow.now,
        within=policy.within,
    )
    overdue = [
        case_id
        for case_id, contact in contacts.items()
        if is_overdue_contact(policy, unanswered=counted.get(case_id, 0), repeated=contact.repeated)
    ]
    if not overdue:
        return
    levels = await escalations.lock_levels(uow.connection, overdue)
    days = policy.within.days
    await _take(
        uow,
        {
            level.case_id: (
                level,
                _step(
                    level,
                    1,
                    cause=EscalationCause.UNANSWERED_CONTACTS,
                    reason=f"Contact number {policy.contacts} or more within {days} days"
                    " without an answer.",
                ),
            )
            for level in levels.values()
            if level.level < 1
        },
    )


async def _level(uow: UnitOfWork, command: CaseCommand) -> Level:
    case = await lock_case(uow, command.case_id, teams=command.teams)
    refuse_stale(case, expected=command.expected_version)
    levels = await escalations.lock_levels(uow.connection, [case.case_id])
    found = levels.get(case.case_id)
    if found is None:
        raise ConflictError("a closed case goes nowhere any more", code="case_is_closed")
    return found


def _step(
    level: Level,
    to_level: int,
    *,
    cause: EscalationCause,
    reason: str,
    command: CaseCommand | None = None,
) -> EscalationStep:
    return EscalationStep(
        case_id=level.case_id,
        seq=level.seq + 1,
        from_level=level.level,
        to_level=to_level,
        cause=cause.value,
        reason=reason,
        by=command.by if command else None,
    )


async def _take(uow: UnitOfWork, steps: Mapping[UUID, tuple[Level, EscalationStep]]) -> None:
    await escalations.step(uow.connection, [step for _, step in steps.values()], now=uow.now)
    for level, step in steps.values():
        uow.publish(_told(level, step, uow.now))
        metrics.ROUTER_ESCALATIONS_TOTAL.labels(step.cause).inc()


def _told(level: Level, step: EscalationStep, now: datetime) -> Event[Any]:
    actor = None if step.by is None else case_events.actor(step.by)
    id_ = derived_id("router", "escalation", level.case_id, step.seq)
    if step.to_level > step.from_level:
        return new_event(
            CaseEscalated(
                case_id=level.case_id,
                conversation_id=level.conversation_id,
                team=level.team,
                from_level=step.from_level,
                to_level=step.to_level,
                cause=step.cause,
                reason=step.reason,
                escalated_at=now,
                actor=actor,
            ),
            id=id_,
            subject=level.case_id,
            time=now,
        )
    if actor is None:
        raise ValueError("only a person takes a case down")
    return new_event(
        CaseDeescalated(
            case_id=level.case_id,
            conversation_id=level.conversation_id,
            team=level.team,
            from_level=step.from_level,
            to_level=step.to_level,
            reason=step.reason,
            deescalated_at=now,
            actor=actor,
        ),
        id=id_,
        subject=level.case_id,
        time=now,
    )
