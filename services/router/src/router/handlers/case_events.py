"""The facts about a case that several use cases tell, each with an id that repeats for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from common.events.envelope import Event, new_event
from common.events.parts import Actor
from common.events.router import CaseReleased, ClockBreached, ClockWarned
from common.events.vocabulary import ClockKind
from common.ids import derived_id
from router.domain.claims import Claim, Person, ReleaseReason
from router.storage.cases import LockedCase
from router.storage.clocks import CaseClock


def actor(person: Person) -> Actor:
    """A person as the wire names one."""
    return Actor(id=person.id, name=person.name)


def released(
    case: LockedCase, claim: Claim, *, reason: ReleaseReason, id: UUID, now: datetime
) -> Event[CaseReleased]:
    """The claim ended."""
    return new_event(
        CaseReleased(
            case_id=case.case_id,
            conversation_id=case.conversation_id,
            actor=actor(claim.holder),
            reason=reason.value,
            team=case.team,
        ),
        id=id,
        subject=case.case_id,
        time=now,
    )


def warned(case: CaseClock, *, now: datetime) -> Event[ClockWarned]:
    """The first-reaction clock comes to its end; told once per clock."""
    return new_event(
        ClockWarned(
            case_id=case.case_id,
            conversation_id=case.conversation_id,
            clock=ClockKind.FIRST_REACTION,
            team=case.team,
            started_at=case.clock.started_at,
            due_at=case.clock.due_at,
            warned_at=now,
        ),
        id=derived_id("router", "clock_warned", case.case_id, ClockKind.FIRST_REACTION),
        subject=case.case_id,
        time=now,
    )


def breached(
    case: CaseClock, *, now: datetime, cause: Event[Any] | None = None
) -> Event[ClockBreached]:
    """The first-reaction clock ran out; told once per clock."""
    return new_event(
        ClockBreached(
            case_id=case.case_id,
            conversation_id=case.conversation_id,
            clock=ClockKind.FIRST_REACTION,
            team=case.team,
            started_at=case.clock.started_at,
            due_at=case.clock.due_at,
            breached_at=now,
        ),
        id=derived_id("router", "clock_breached", case.case_id, ClockKind.FIRST_REACTION),
        subject=case.case_id,
        time=now,
        cause=cause,
    )
