"""Moderation: propose, decide, carry out where the network lets us, else by hand (S106).

Carrying it out happens outside any transaction; it may be repeated, because hiding twice is hiding.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.errors import NotFoundError
from common.events import responder as facts
from common.events.envelope import new_event
from common.ids import IdFactory
from responder.domain import drafts as person_rules
from responder.domain import moderation as rules
from responder.domain.dispatches import Ending
from responder.domain.moderation import Moderation, ModerationAction, ModerationState
from responder.domain.persons import Person
from responder.gateways.channel import Channels
from responder.gateways.moderating import Moderating
from responder.handlers.actors import actor_of
from responder.handlers.write_draft import case_to_answer
from responder.storage import moderations
from responder.storage.cases import CaseContext

_BATCH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Without `target` the customer's latest post, or for a block its author."""

    case_id: UUID
    action: ModerationAction
    reason: str
    target: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the second person says, about the version they saw."""

    moderation_id: UUID
    version: int
    is_approved: bool
    reason: str


async def propose_moderation(
    uow: UnitOfWork, proposal: Proposal, *, by: Person, channels: Channels, ids: IdFactory
) -> Moderation:
    """Raises NotFoundError, ConflictError `case_closed`, InvalidInputError `no_channel`."""
    person_rules.require_human(by)
    case = await case_to_answer(uow, proposal.case_id)
    moderation_id = ids()
    wish = _wish(uow, moderation_id, proposal, case=case, by=by, account=_account(case, channels))
    await moderations.insert_moderation(uow.connection, moderation_id, proposal=wish)
    fact = facts.ModerationProposed(
        moderation_id=moderation_id,
        case_id=wish.case_id,
        conversation_id=wish.conversation_id,
        action=wish.action.value,
        network=wish.network,
        target=wish.target,
        reason=wish.reason,
        actor=actor_of(by),
    )
    uow.publish(new_event(fact, id=ids(), subject=moderation_id, time=uow.now))
    return await _read(uow, moderation_id)


async def decide_moderation(
    uow: UnitOfWork, verdict: Verdict, *, by: Person, ids: IdFactory
) -> Moderation:
    """Raises NotFoundError, ForbiddenError `own_proposal`, ConflictError, 412 for a stale one."""
    person_rules.require_human(by)
    moderation = await moderations.lock_moderation(uow.connection, verdict.moderation_id)
    if moderation is None:
        raise NotFoundError("no such moderation")
    rules.require_may_decide(moderation, by, version=verdict.version)
    state = ModerationState.APPROVED if verdict.is_approved else ModerationState.REJECTED
    rules.require_step(moderation, state)
    await moderations.decide(
        uow.connection, verdict.moderation_id, state=state, decision=verdict.reason, by=by
    )
    fact = facts.ModerationDecided(
        moderation_id=moderation.moderation_id,
        case_id=moderation.case_id,
        conversation_id=moderation.conversation_id,
        is_approved=verdict.is_approved,
        reason=verdict.reason,
        actor=actor_of(by),
    )
    uow.publish(new_event(fact, id=ids(), subject=moderation.moderation_id, time=uow.now))
    return await _read(uow, moderation.moderation_id)


async def confirm_by_hand(
    uow: UnitOfWork, moderation_id: UUID, *, by: Person, ids: IdFactory
) -> Moderation:
    """A person has done it on the network. Raises NotFoundError, ConflictError `illegal_step`."""
    person_rules.require_human(by)
    return await _finish(uow, moderation_id, state=ModerationState.DONE, error=None, by=by, ids=ids)


class CarryOut:
    """Carries out what was approved; any number of these work side by side."""

    def __init__(self, units: UnitOfWorkFactory, channels: Channels, *, ids: IdFactory) -> None:
        self._units = units
        self._channels = channels
        self._ids = ids

    async def __call__(self) -> int:
        """One round; how many were settled. Not-now leaves it for the next round."""
        async with self._units.read() as connection:
            waiting = await moderations.approved_to_do(connection, limit=_BATCH)
        settled = 0
        for moderation_id in waiting:
            async with self._units.read() as connection:
                moderation = await moderations.get_moderation(connection, moderation_id)
            if moderation is not None and moderation.state is ModerationState.APPROVED:
                settled += await self._carry_out(moderation)
        return settled

    async def _carry_out(self, moderation: Moderation) -> int:
        channel = self._channels.find(moderation.network)
        if not isinstance(channel, Moderating):
            return await self._settle(moderation, ModerationState.BY_HAND, "no_capability")
        outcome = await channel.moderate(moderation)
        match outcome.ending:
            case Ending.SENT:
                return await self._settle(moderation, ModerationState.DONE, None)
            case Ending.HELD_OFF:
                return 0
            case _:
                return await self._settle(moderation, ModerationState.BY_HAND, outcome.error)

    async def _settle(
        self, moderation: Moderation, state: ModerationState, error: str | None
    ) -> int:
        async with self._units.begin() as uow:
            now = await moderations.lock_moderation(uow.connection, moderation.moderation_id)
            if now is None or now.state is not ModerationState.APPROVED:
                return 0
            await _finish(
                uow, moderation.moderation_id, state=state, error=error, by=None, ids=self._ids
            )
        return 1


async def _finish(
    uow: UnitOfWork,
    moderation_id: UUID,
    *,
    state: ModerationState,
    error: str | None,
    by: Person | None,
    ids: IdFactory,
) -> Moderation:
    moderation = await moderations.lock_moderation(uow.connection, moderation_id)
    if moderation is None:
        raise NotFoundError("no such moderation")
    rules.require_step(moderation, state)
    await moderations.finish(uow.connection, moderation_id, state=state, error=error)
    fact = facts.ModerationDone(
        moderation_id=moderation_id,
        case_id=moderation.case_id,
        conversation_id=moderation.conversation_id,
        outcome=state.value,
        done_at=uow.now,
        actor=actor_of(by) if by else None,
    )
    uow.publish(new_event(fact, id=ids(), subject=moderation_id, time=uow.now))
    return await _read(uow, moderation_id)


def _account(case: CaseContext, channels: Channels) -> str:
    ours = channels.require(case.network).capabilities.accounts
    return case.account if case.account in ours else ours[0]


def _wish(
    uow: UnitOfWork,
    moderation_id: UUID,
    proposal: Proposal,
    *,
    case: CaseContext,
    by: Person,
    account: str,
) -> Moderation:
    is_block = proposal.action is ModerationAction.BLOCK
    return Moderation(
        moderation_id=moderation_id,
        case_id=case.case_id,
        conversation_id=case.conversation_id,
        network=case.network,
        account=account,
        target=proposal.target or (case.customer_id if is_block else case.in_reply_to),
        action=proposal.action,
        reason=proposal.reason,
        proposed_by=by,
        state=ModerationState.PROPOSED,
        version=1,
        decision=None,
        decided_by=None,
        proposed_at=uow.now,
        decided_at=None,
        done_at=None,
        last_error=None,
    )


async def _read(uow: UnitOfWork, moderation_id: UUID) -> Moderation:
    moderation = await moderations.get_moderation(uow.connection, moderation_id)
    assert moderation is not None, "it was there in this transaction"
    return moderation
