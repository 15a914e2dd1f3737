"""A follow-up's date has come: the case goes back to its owner, or to who stands in (S73, S32)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.events.envelope import Event, new_event
from common.events.router_time import FollowUpDue
from common.ids import derived_id
from common.observability import metrics
from common.timers.store import DueTimer
from router.domain.claims import Person
from router.domain.clock_ledger import EntryKind
from router.domain.clocks import may_warn
from router.domain.follow_ups import FollowUp, FollowUpState
from router.domain.people import Colleague, person_or_deputy
from router.domain.states import CaseStep, allows
from router.handlers import case_events
from router.handlers.clock_steps import step, take_steps
from router.handlers.move_case import move_cases
from router.handlers.move_case import step as move_step
from router.storage import cases, clocks, follow_ups
from router.storage.clocks import CaseClock
from router.storage.configurations import Configurations

RANG = "The date has come."


async def ring_follow_ups(
    configurations: Configurations, uow: UnitOfWork, timers: Sequence[DueTimer]
) -> None:
    """Mark the follow-ups whose date has come, tell who has the case now, and let it go on."""
    locked = await clocks.lock(uow.connection, [timer.owner_id for timer in timers])
    rows = await follow_ups.lock(uow.connection, list(locked))
    due = [
        (case, rows[clock_id].follow_up)
        for clock_id, case in locked.items()
        if clock_id in rows
        and rows[clock_id].state == FollowUpState.PLANNED.value
        and may_warn(case.clock, now=uow.now)
    ]
    if not due:
        return
    people = (await configurations.in_force(uow.connection)).people
    gone_to = {
        follow_up.follow_up_id: _stands_in(people, follow_up, uow.now) for _, follow_up in due
    }
    await follow_ups.ring(uow.connection, list(gone_to.items()), now=uow.now)
    await take_steps(uow, [step(case, EntryKind.WARN, at=uow.now, reason=RANG) for case, _ in due])
    for case, follow_up in due:
        uow.publish(_told(case, follow_up, gone_to[follow_up.follow_up_id], uow.now))
        metrics.ROUTER_FOLLOW_UPS_DUE_TOTAL.labels(follow_up.source.value).inc()
    await _bring_back(uow, {case.case_id: follow_up for case, follow_up in due}, gone_to)


def _stands_in(
    people: Mapping[str, Colleague], follow_up: FollowUp, now: datetime
) -> Person | None:
    """The owner, or who stands in for them (S32); one whom nobody knows, themselves."""
    if follow_up.owner is None or follow_up.owner.id not in people:
        return follow_up.owner
    found = person_or_deputy(people, follow_up.owner.id, now=now)
    return None if found is None else Person(found.id, found.name)


async def _bring_back(
    uow: UnitOfWork,
    due: Mapping[UUID, FollowUp],
    gone_to: Mapping[UUID, Person | None],
) -> None:
    """The cases wait no longer; whoever holds one keeps it, otherwise it is with who looks."""
    moves = []
    for case_id, case in (await cases.lock(uow.connection, list(due))).items():
        follow_up = due[case_id]
        if not allows(case.state, CaseStep.FOLLOW_UP_DUE):
            continue
        move = move_step(
            case,
            CaseStep.FOLLOW_UP_DUE,
            reason=follow_up.reason,
            occasion=derived_id("router", "follow_up_rang", follow_up.follow_up_id),
        )
        to = gone_to[follow_up.follow_up_id]
        if to is not None and move.to.claim is None:
            move = replace(move, to=replace(move.to, owner=to))
        moves.append(move)
    await move_cases(uow, moves)


def _told(
    case: CaseClock, follow_up: FollowUp, went_to: Person | None, now: datetime
) -> Event[FollowUpDue]:
    return new_event(
        FollowUpDue(
            follow_up_id=follow_up.follow_up_id,
            case_id=case.case_id,
            conversation_id=case.conversation_id,
            team=case.team,
            source=follow_up.source.value,
            reason=follow_up.reason,
            due_at=follow_up.due_at,
            rang_at=now,
            owner=case_events.somebody(follow_up.owner),
            went_to=case_events.somebody(went_to),
        ),
        id=derived_id("router", "follow_up_due", follow_up.follow_up_id),
        subject=case.case_id,
        time=now,
    )
