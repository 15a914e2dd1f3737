"""Merge a case into another one, take it apart again, and take a closed case up by hand.

The merged case is closed and keeps its conversation, posts and issues; the other one goes on and
answers for both. Taking apart gives the case its own life back, as it stood with its posts.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError, NotFoundError
from common.events.router import CaseMerged, CaseUnmerged
from common.ids import IdFactory
from router.domain.claims import refuse_other_holder
from router.domain.closing import CAUSE_LENGTH, Closing, Fault, Outcome
from router.domain.merging import Half, merged_target, refuse_itself, refuse_merge
from router.domain.states import CaseStep, after
from router.handlers import case_events
from router.handlers.claim_case import CaseCommand
from router.handlers.close_case import close_all
from router.handlers.lock_case import lock_case, refuse_stale
from router.handlers.move_case import move_cases, step
from router.handlers.owed import awaited_first_reactions, owed_by
from router.storage import cases
from router.storage.cases import LockedCase

_CAUSE = "merged"


async def merge_case(
    uow: UnitOfWork, command: CaseCommand, *, target_id: UUID, reason: str, new_id: IdFactory
) -> None:
    """Let `target_id` go on with what this case is about.

    Raises NotFoundError (either case, or not for these eyes), PreconditionFailedError,
    InvalidInputError for the same case twice, and ConflictError: closed, held by somebody else,
    with a customer who waits for a first reaction, or with queries or follow-ups of its own.
    """
    refuse_itself(is_same=command.case_id == target_id)
    source, target = await _lock_both(uow, command, target_id)
    awaited = await awaited_first_reactions(uow, [source.case_id, target.case_id])
    has_merged = await cases.has_merged(uow.connection, source.case_id)
    refuse_merge(
        _half(source, awaited.get(source.case_id), has_merged=has_merged),
        _half(target, awaited.get(target.case_id), has_merged=False),
    )
    refuse_other_holder(source.claim, by=command.by, now=uow.now)
    refuse_stale(source, expected=command.expected_version)
    owed = (await owed_by(uow, [source]))[source.case_id]
    if owed.open_queries or owed.follow_ups_without_result:
        raise ConflictError(
            "the case has department queries or follow-ups of its own", code="case_is_busy"
        )
    occasion = new_id()
    account = Closing(Outcome.MERGED, _CAUSE[:CAUSE_LENGTH], reason, Fault.UNKNOWN)
    await close_all(
        uow, [source], account, by=command.by, occasion=occasion, closing_step=CaseStep.MERGE
    )
    await cases.merge_into(uow.connection, source.case_id, target=target.case_id)
    uow.publish(
        case_events.Teller(source, occasion=occasion, now=uow.now).tell(
            CaseMerged(
                case_id=source.case_id,
                conversation_id=source.conversation_id,
                target_case_id=target.case_id,
                target_conversation_id=target.conversation_id,
                team=target.team,
                reason=reason,
                actor=case_events.actor(command.by),
            )
        )
    )


async def unmerge_case(
    uow: UnitOfWork, command: CaseCommand, *, reason: str, new_id: IdFactory
) -> None:
    """Give a merged case its own life back, in its team's queue.

    Raises NotFoundError, PreconditionFailedError, and ConflictError: it is not merged, or its
    conversation has got an open case of its own.
    """
    goes_on = await cases.survivors(uow.connection, [command.case_id])
    # Both at once, in the order in which everybody locks them.
    locked = await cases.lock(uow.connection, {command.case_id, *goes_on.values()})
    case = await lock_case(uow, command.case_id, teams=command.teams)
    target = locked[merged_target(case.merged_into)]
    refuse_stale(case, expected=command.expected_version)
    occasion = new_id()
    move = step(case, CaseStep.UNMERGE, reason=reason, occasion=occasion, actor=command.by)
    await cases.reopen(uow.connection, {case.case_id: uow.now})
    await move_cases(uow, [move])
    uow.publish(
        case_events.Teller(case, occasion=occasion, now=uow.now).tell(
            CaseUnmerged(
                case_id=case.case_id,
                conversation_id=case.conversation_id,
                target_case_id=target.case_id,
                target_conversation_id=target.conversation_id,
                team=case.team,
                reason=reason,
                actor=case_events.actor(command.by),
            )
        )
    )


async def reopen_case(
    uow: UnitOfWork, command: CaseCommand, *, reason: str, new_id: IdFactory
) -> None:
    """Take a resolved, unsolvable or closed case up again, because a person says so.

    Raises NotFoundError, PreconditionFailedError, and ConflictError: it is not at its end, it is
    merged, or its conversation has an open case already.
    """
    case = await lock_case(uow, command.case_id, teams=command.teams)
    after(case.state, CaseStep.REOPEN)
    if case.merged_into is not None:
        raise ConflictError("the case is merged; take it apart instead", code="case_is_merged")
    refuse_stale(case, expected=command.expected_version)
    if await cases.has_other_open(uow.connection, case.case_id, case.conversation_id):
        raise ConflictError(
            "the conversation has an open case already", code="conversation_has_open_case"
        )
    move = step(case, CaseStep.REOPEN, reason=reason, occasion=new_id(), actor=command.by)
    await cases.reopen(uow.connection, {case.case_id: uow.now})
    await move_cases(uow, [move])


async def _lock_both(
    uow: UnitOfWork, command: CaseCommand, target_id: UUID
) -> tuple[LockedCase, LockedCase]:
    locked = await cases.lock(uow.connection, [command.case_id, target_id], teams=command.teams)
    source, target = locked.get(command.case_id), locked.get(target_id)
    if source is None or target is None:
        raise NotFoundError("no such case")
    return source, target


def _half(case: LockedCase, owed_until: datetime | None, *, has_merged: bool) -> Half:
    return Half(
        state=case.state,
        is_merged=case.merged_into is not None,
        has_merged=has_merged,
        owed_until=owed_until,
    )
