"""Say what came of a follow-up, or that nobody needs to look any more (S73)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import NotFoundError
from common.events.envelope import Event, new_event
from common.events.router_time import FollowUpDone
from common.ids import derived_id
from router.domain.claims import Person
from router.domain.clock_ledger import EntryKind
from router.domain.configuration import Configuration
from router.domain.follow_ups import RESULT_LENGTH, FollowUpStep, after, required
from router.handlers import case_events
from router.handlers.claim_case import CaseCommand
from router.handlers.clock_steps import step, take_steps
from router.handlers.lock_case import lock_case
from router.handlers.watch_cases import LOOK_AGAIN, watch_cases
from router.storage import clocks, follow_ups
from router.storage.clocks import CaseClock


async def settle_follow_up(
    configuration: Configuration,
    uow: UnitOfWork,
    command: CaseCommand,
    *,
    follow_up_id: UUID,
    result: str,
) -> None:
    """Store the result; before its date, too.

    Raises NotFoundError, ConflictError for one that is settled, InvalidInputError without a
    result.
    """
    case = await lock_case(uow, command.case_id, teams=command.teams)
    row = (await follow_ups.lock(uow.connection, [follow_up_id])).get(follow_up_id)
    if row is None or row.case_id != case.case_id:
        raise NotFoundError("no such follow-up")
    clean = required(result, name="result", length=RESULT_LENGTH)
    after(row.follow_up.state, FollowUpStep.SETTLE)
    await follow_ups.settle(uow.connection, follow_up_id, result=clean, by=command.by, now=uow.now)
    locked = await clocks.lock(uow.connection, [follow_up_id])
    open_clocks = [each for each in locked.values() if each.clock.awaits_reaction]
    await take_steps(
        uow,
        [
            step(each, EntryKind.STOP, at=uow.now, reason=clean, by=command.by)
            for each in open_clocks
        ],
    )
    for each in locked.values():
        uow.publish(_done(each, result=clean, by=command.by, now_of=uow))
    await watch_cases(
        configuration,
        uow,
        [case.case_id],
        terms=configuration.clocks.look_again,
        reason=LOOK_AGAIN,
    )


async def cancel_follow_ups(
    uow: UnitOfWork, case_ids: Collection[UUID], *, reason: str, by: Person | None
) -> None:
    """The cases (locked) are done with, and so is everything that was planned for them."""
    rows = await follow_ups.open_follow_ups(uow.connection, case_ids)
    ids = [row.follow_up_id for row in rows]
    if not ids:
        return
    await follow_ups.cancel(uow.connection, ids, reason=reason, now=uow.now)
    locked = await clocks.lock(uow.connection, ids)
    for each in locked.values():
        uow.publish(_done(each, result=reason, by=by, now_of=uow, was_cancelled=True))


def _done(
    case: CaseClock, *, result: str, by: Person | None, now_of: UnitOfWork, **more: Any
) -> Event[FollowUpDone]:
    return new_event(
        FollowUpDone(
            follow_up_id=case.clock.clock_id,
            case_id=case.case_id,
            conversation_id=case.conversation_id,
            team=case.team,
            result=result,
            done_at=now_of.now,
            actor=case_events.actor(by) if by else None,
            **more,
        ),
        id=derived_id("router", "follow_up_done", case.clock.clock_id),
        subject=case.case_id,
        time=now_of.now,
    )
