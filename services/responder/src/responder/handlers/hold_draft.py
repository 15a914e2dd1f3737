"""Let a draft rest for some minutes, and perhaps a colleague take it up (S60).

The end of the pause is a durable timer; until then nothing of the draft is handed in, approved or
sent, and the database says so too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError, InvalidInputError, NotFoundError
from common.events.envelope import new_event
from common.events.responder import DraftHeld, DraftHoldEnded
from common.ids import IdFactory
from common.timers.loop import TimerHandler
from common.timers.store import DueTimer, NewTimer, arm, cancel
from responder.domain import drafts as rules
from responder.domain import holds
from responder.domain.drafts import Draft
from responder.domain.holds import Hold
from responder.domain.persons import Person
from responder.handlers.actors import actor_of
from responder.storage import drafts, people
from responder.storage import holds as stored

COOL_OFF_TIMER = "cool_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolOff:
    """How long, why, and to whom it is handed, if to anybody. `by` is a person or `gate|<rule>`."""

    length: timedelta
    reason: str
    by: Person
    hand_to: str | None = None


async def hold_draft(uow: UnitOfWork, draft_id: UUID, cool_off: CoolOff, *, ids: IdFactory) -> Hold:
    """Begin the pause. A gate may call it, too, for a draft that is written in this transaction.

    Raises NotFoundError, ConflictError `illegal_step` or `on_hold`, InvalidInputError
    `unknown_person` for somebody the configuration does not name.
    """
    draft = await _locked(uow, draft_id)
    holds.require_may_rest(draft)
    if await stored.alive_hold(uow.connection, draft_id) is not None:
        raise ConflictError("the draft cools off already", code="on_hold")
    hold = Hold(
        hold_id=ids(),
        draft_id=draft_id,
        held_until=uow.now + min(cool_off.length, holds.LONGEST),
        reason=cool_off.reason,
        held_by=cool_off.by,
        handed_to=await _colleague(uow, cool_off.hand_to),
    )
    await stored.insert_hold(uow.connection, hold)
    timer = NewTimer(
        owner_id=draft_id,
        conversation_id=draft.conversation_id,
        kind=COOL_OFF_TIMER,
        due_at=hold.held_until,
    )
    await arm(uow.connection, [timer])
    fact = DraftHeld(
        draft_id=draft_id,
        case_id=draft.case_id,
        conversation_id=draft.conversation_id,
        revision=draft.latest.number,
        reason=hold.reason,
        actor=actor_of(hold.held_by),
        held_until=hold.held_until,
        handed_to=actor_of(hold.handed_to) if hold.handed_to else None,
    )
    uow.publish(new_event(fact, id=ids(), subject=draft_id, time=uow.now))
    return hold


async def end_hold(
    uow: UnitOfWork, draft_id: UUID, *, by: Person, roles: frozenset[str], ids: IdFactory
) -> None:
    """End the pause early. Raises NotFoundError, ForbiddenError `own_text` for its authors."""
    rules.require_human(by)
    draft = await _locked(uow, draft_id)
    hold = await stored.alive_hold(uow.connection, draft_id)
    if hold is None:
        raise NotFoundError("the draft does not cool off")
    holds.require_may_release(hold, draft, by, roles=roles)
    await cancel(uow.connection, [draft_id], [COOL_OFF_TIMER])
    await _end(uow, draft, by=by, ids=ids)


def end_cool_offs(*, ids: IdFactory) -> TimerHandler:
    """The handler of `COOL_OFF_TIMER`."""

    async def ring(uow: UnitOfWork, timers: Sequence[DueTimer]) -> None:
        for timer in sorted(timers, key=lambda each: each.owner_id):
            draft = await _locked(uow, timer.owner_id)
            hold = await stored.alive_hold(uow.connection, timer.owner_id)
            if hold is not None and hold.held_until <= uow.now:
                await _end(uow, draft, by=None, ids=ids)

    return ring


async def _end(uow: UnitOfWork, draft: Draft, *, by: Person | None, ids: IdFactory) -> None:
    await stored.release_hold(uow.connection, draft.draft_id, by=by)
    fact = DraftHoldEnded(
        draft_id=draft.draft_id,
        case_id=draft.case_id,
        conversation_id=draft.conversation_id,
        revision=draft.latest.number,
        ended_at=uow.now,
        actor=actor_of(by) if by else None,
    )
    uow.publish(new_event(fact, id=ids(), subject=draft.draft_id, time=uow.now))


async def _colleague(uow: UnitOfWork, person_id: str | None) -> Person | None:
    if person_id is None:
        return None
    for each in await people.all_people(uow.connection):
        if each.person.id == person_id:
            return each.person
    raise InvalidInputError("the configuration names no such person", code="unknown_person")


async def _locked(uow: UnitOfWork, draft_id: UUID) -> Draft:
    draft = await drafts.lock_draft(uow.connection, draft_id)
    if draft is None:
        raise NotFoundError("no such draft")
    return draft
