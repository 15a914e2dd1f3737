"""Claim a case as a lease: take, renew, give back, or lose it when the lease ends (S35, S36)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError, InvalidInputError
from common.events.router import CaseClaimed
from common.ids import IdFactory
from common.observability import metrics
from common.timers.store import DueTimer
from router.domain import claims
from router.domain.claims import Claim, Person
from router.domain.configuration import Configuration
from router.domain.states import CaseStep, rest_step
from router.domain.steps import hold
from router.handlers import case_events
from router.handlers.lock_case import lock_case, refuse_stale
from router.handlers.move_case import CLAIM_TIMER, Move, move_cases, step
from router.storage import cases
from router.storage.cases import LockedCase

__all__ = ["CLAIM_TIMER", "CaseCommand", "claim_case", "expire_claims", "release_case"]
_CLAIMED = "Taken into work."
_RELEASED = "Given back."
_EXPIRED = "The lease ran out."


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCommand:
    """Who wants something of which case. `teams`: whose cases they may see; None means all.

    `expected_version` is what they saw, None if they do not say.
    """

    case_id: UUID
    by: Person
    teams: Collection[str] | None
    expected_version: int | None = None


async def claim_case(
    configuration: Configuration,
    uow: UnitOfWork,
    command: CaseCommand,
    *,
    lease: timedelta | None,
    new_id: IdFactory,
) -> Claim:
    """Take the case, or renew one's own lease.

    Raises NotFoundError, ConflictError (somebody else holds it: with name and time; or it is
    closed), PreconditionFailedError, InvalidInputError for a lease longer than configured.
    """
    wanted = lease or configuration.default_lease
    if wanted > configuration.longest_lease:
        longest = round(configuration.longest_lease.total_seconds())
        raise InvalidInputError(f"a lease lasts at most {longest} seconds", code="lease_too_long")
    case = await lock_case(uow, command.case_id, teams=command.teams)
    try:
        effect = claims.claim(case.state, case.claim, by=command.by, now=uow.now, lease=wanted)
    except ConflictError:
        metrics.ROUTER_CLAIMS_TOTAL.labels("refused").inc()
        raise
    # After the holder: who comes second must read whom to talk to, not that they are late.
    refuse_stale(case, expected=command.expected_version)
    if effect.lapsed is not None:
        expired = _ending(case, CaseStep.EXPIRE, occasion=new_id())
        await move_cases(uow, [expired])
        case = replace(case, standing=expired.to)
    occasion = new_id()
    uow.publish(
        case_events.Teller(case, occasion=occasion, now=uow.now).tell(
            CaseClaimed(
                case_id=case.case_id,
                conversation_id=case.conversation_id,
                actor=case_events.actor(command.by),
                lease_until=effect.claim.until,
                team=case.team,
            )
        )
    )
    await move_cases(
        uow,
        [
            Move(
                case=case,
                step=CaseStep.CLAIM,
                to=hold(case.standing, effect.claim),
                reason=_CLAIMED,
                occasion=occasion,
                actor=command.by,
            )
        ],
    )
    metrics.ROUTER_CLAIMS_TOTAL.labels("granted").inc()
    return effect.claim


async def release_case(uow: UnitOfWork, command: CaseCommand, *, new_id: IdFactory) -> None:
    """Give the case back: to its team's queue, or to what it waited for before it was claimed.

    Raises as `claim_case` does.
    """
    case = await lock_case(uow, command.case_id, teams=command.teams)
    claims.release(case.state, case.claim, by=command.by, now=uow.now)
    refuse_stale(case, expected=command.expected_version)
    has_lapsed = case.claim is not None and not case.claim.lasts(uow.now)
    ending = CaseStep.EXPIRE if has_lapsed else CaseStep.RELEASE
    move = _ending(case, ending, occasion=new_id())
    await move_cases(uow, [replace(move, actor=command.by)])


async def expire_claims(uow: UnitOfWork, due: Sequence[DueTimer]) -> None:
    """Free the cases whose lease has run out; one that was renewed in between is kept."""
    locked = await cases.lock(uow.connection, [timer.owner_id for timer in due])
    moves = []
    for timer in due:
        case = locked.get(timer.owner_id)
        if case is not None and claims.has_expired(case.state, case.claim, now=uow.now):
            moves.append(_ending(case, CaseStep.EXPIRE, occasion=timer.occurrence_id))
    await move_cases(uow, moves)


def _ending(case: LockedCase, ending: CaseStep, *, occasion: UUID) -> Move:
    """The claim ends; `ending` is release or expire."""
    reason = _RELEASED if ending is CaseStep.RELEASE else _EXPIRED
    move = step(case, rest_step(case.standing.rests_as, ending), reason=reason, occasion=occasion)
    return replace(move, release=claims.release_reason(ending).value)
