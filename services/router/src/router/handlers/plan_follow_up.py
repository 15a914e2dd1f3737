"""Plan a follow-up: a date, a reason, an owner, and a timer that outlives us (S73, S104)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError
from common.events.envelope import Event, new_event
from common.events.parts import Actor
from common.events.responder import ReplySent
from common.events.router_time import FollowUpPlanned
from common.ids import derived_id
from router.domain.claims import Person, refuse_other_holder
from router.domain.clocks import ANSWER, FIRST_REACTION, FOLLOW_UP, ClockTerms
from router.domain.configuration import Configuration
from router.domain.follow_ups import REASON_LENGTH, FollowUp, Source, checked_date, required
from router.domain.states import ACCOUNTED, CaseStep, allows
from router.handlers.claim_case import CaseCommand
from router.handlers.clock_steps import new_clock, start_clocks
from router.handlers.lock_case import lock_case
from router.handlers.move_case import move_cases
from router.handlers.move_case import step as move_step
from router.storage import cases, clocks, follow_ups
from router.storage.clocks import NewClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A follow-up to be stored, and the case it belongs to (locked by the caller)."""

    follow_up: FollowUp
    conversation_id: UUID
    team: str
    by: Person | None = None
    cause: Event[Any] | None = None


async def plan_follow_up(
    configuration: Configuration,
    uow: UnitOfWork,
    command: CaseCommand,
    *,
    wanted: FollowUp,
) -> None:
    """A person plans one; without an owner it is for the team's queue.

    Where the customer is owed nothing at the moment, the case rests until the date (`follow_up`).
    Raises NotFoundError, ConflictError while somebody else holds the case or it is closed,
    InvalidInputError for a date that has passed or an empty reason.
    """
    case = await lock_case(uow, command.case_id, teams=command.teams)
    refuse_other_holder(case.claim, by=command.by, now=uow.now)
    if case.state in ACCOUNTED:
        raise ConflictError(f"the case is {case.state}", code=f"case_is_{case.state}")
    reason = required(wanted.reason, name="reason", length=REASON_LENGTH)
    checked_date(wanted.due_at, now=uow.now)
    follow_up = replace(wanted, reason=reason)
    await plan(
        configuration,
        uow,
        [
            Planned(
                follow_up=follow_up,
                conversation_id=case.conversation_id,
                team=case.team,
                by=command.by,
            )
        ],
    )
    owed = await clocks.lock_open(uow.connection, [case.case_id], [FIRST_REACTION, ANSWER])
    if not owed and allows(case.state, CaseStep.PLAN_FOLLOW_UP):
        move = move_step(
            case,
            CaseStep.PLAN_FOLLOW_UP,
            reason=reason,
            occasion=follow_up.follow_up_id,
            actor=command.by,
        )
        await move_cases(uow, [replace(move, to=replace(move.to, owner=follow_up.owner))])


async def plan_promised(
    configuration: Configuration,
    uow: UnitOfWork,
    sent: Mapping[UUID, Sequence[Event[ReplySent]]],
) -> None:
    """What replies (by case) promised until a moment becomes follow-ups of who wrote it (S104).

    The date is the promised moment; one that has passed when we hear of it is due at once.
    """
    promising = [id_ for id_, events in sent.items() if any(e.data.promises for e in events)]
    if not promising:
        return
    locked = await cases.lock(uow.connection, promising)
    wanted = [
        Planned(
            follow_up=FollowUp(
                follow_up_id=derived_id("router", "promise", event.data.dispatch_id, number),
                case_id=case.case_id,
                source=Source.PROMISE,
                reason=f"Promised: {promise.text}"[:REASON_LENGTH],
                owner=_author(event.data),
                due_at=promise.due_at,
            ),
            conversation_id=case.conversation_id,
            team=case.team,
            cause=event,
        )
        for case_id, case in locked.items()
        for event in sent[case_id]
        for number, promise in enumerate(event.data.promises)
    ]
    await plan(configuration, uow, wanted)


async def plan(configuration: Configuration, uow: UnitOfWork, wanted: Sequence[Planned]) -> None:
    """Store follow-ups with their clocks and timers, and tell of them. The cases are locked."""
    if not wanted:
        return
    await follow_ups.plan(uow.connection, [each.follow_up for each in wanted], now=uow.now)
    await start_clocks(
        uow,
        clocks_of(configuration, wanted, now=uow.now),
        teams={each.follow_up.case_id: each.team for each in wanted},
    )
    uow.publish(*(planned_event(each, now=uow.now) for each in wanted))


def clocks_of(
    configuration: Configuration, wanted: Sequence[Planned], *, now: datetime
) -> list[NewClock]:
    """The clocks of follow-ups, in their order: each rings on its date, and is due when it must
    have a result.
    """
    # Policy gives one date to many at once; a calendar is walked once for each.
    terms = {
        date: _follow_up_terms(configuration.clocks.follow_up, now, date)
        for date in {each.follow_up.due_at for each in wanted}
    }
    return [
        _clock(each, terms[each.follow_up.due_at], configuration.version, now) for each in wanted
    ]


def _clock(planned: Planned, terms: ClockTerms, version: int, now: datetime) -> NewClock:
    follow_up = planned.follow_up
    return new_clock(
        clock_id=follow_up.follow_up_id,
        case=(follow_up.case_id, planned.conversation_id),
        kind=FOLLOW_UP,
        terms=terms,
        version=version,
        started_at=now,
        subject_id=follow_up.follow_up_id,
        reason=follow_up.reason,
        actor_id=planned.by.id if planned.by else None,
        actor_name=planned.by.name if planned.by else None,
    )


def _follow_up_terms(after_date: ClockTerms, now: datetime, date: datetime) -> ClockTerms:
    """Calendar time from now to the date, and then what policy gives until there is a result."""
    until_date = max(date - now, timedelta(0))
    whole = max(after_date.due_at(max(date, now)) - now, timedelta(microseconds=1))
    return ClockTerms(duration=whole, warn_share=until_date / whole)


def planned_event(planned: Planned, *, now: datetime) -> Event[FollowUpPlanned]:
    """What is told of a follow-up that was planned."""
    follow_up = planned.follow_up
    return new_event(
        FollowUpPlanned(
            follow_up_id=follow_up.follow_up_id,
            case_id=follow_up.case_id,
            conversation_id=planned.conversation_id,
            team=planned.team,
            source=follow_up.source.value,
            reason=follow_up.reason,
            due_at=follow_up.due_at,
            owner=_actor(follow_up.owner),
            actor=_actor(planned.by),
        ),
        id=derived_id("router", "follow_up_planned", follow_up.follow_up_id),
        subject=follow_up.case_id,
        time=now,
        cause=planned.cause,
    )


def _author(reply: ReplySent) -> Person | None:
    first = reply.authors[0] if reply.authors else None
    return None if first is None else Person(first.id, first.name)


def _actor(person: Person | None) -> Actor | None:
    return None if person is None else Actor(id=person.id, name=person.name)
