"""Claim a case as a lease: take, renew, give back, or lose it when the lease ends (S35, S36)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError, InvalidInputError
from common.events.envelope import new_event
from common.events.router import CaseClaimed
from common.ids import IdFactory
from common.observability import metrics
from common.timers import store as timers
from common.timers.store import DueTimer, NewTimer
from router.domain import claims
from router.domain.claims import Claim, Person, ReleaseReason
from router.domain.configuration import Configuration
from router.handlers import case_events
from router.handlers.lock_case import lock_case, refuse_stale
from router.storage import cases
from router.storage.cases import LockedCase

CLAIM_TIMER = "claim_expiry"


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
        _publish_released(uow, case, effect.lapsed, ReleaseReason.EXPIRED, new_id())
    await cases.hold(uow.connection, case.case_id, effect.claim)
    await timers.arm(uow.connection, [_expiry(case, effect.claim)])
    uow.publish(
        new_event(
            CaseClaimed(
                case_id=case.case_id,
                conversation_id=case.conversation_id,
                actor=case_events.actor(command.by),
                lease_until=effect.claim.until,
                team=case.team,
            ),
            id=new_id(),
            subject=case.case_id,
            time=uow.now,
        )
    )
    metrics.ROUTER_CLAIMS_TOTAL.labels("granted").inc()
    return effect.claim


async def release_case(uow: UnitOfWork, command: CaseCommand, *, new_id: IdFactory) -> None:
    """Give the case back to its team's queue. Raises as `claim_case` does."""
    case = await lock_case(uow, command.case_id, teams=command.teams)
    claims.release(case.state, case.claim, by=command.by, now=uow.now)
    refuse_stale(case, expected=command.expected_version)
    await cases.free(uow.connection, [case.case_id])
    await timers.cancel(uow.connection, [case.case_id], [CLAIM_TIMER])
    if case.claim is not None:
        lasted = case.claim.lasts(uow.now)
        reason = ReleaseReason.RELEASED if lasted else ReleaseReason.EXPIRED
        _publish_released(uow, case, case.claim, reason, new_id())


async def expire_claims(uow: UnitOfWork, due: Sequence[DueTimer]) -> None:
    """Free the cases whose lease has run out; one that was renewed in between is kept."""
    locked = await cases.lock(uow.connection, [timer.owner_id for timer in due])
    freed = []
    for timer in due:
        case = locked.get(timer.owner_id)
        if case is None or not claims.has_expired(case.state, case.claim, now=uow.now):
            continue
        if case.claim is not None:
            freed.append(case.case_id)
            _publish_released(uow, case, case.claim, ReleaseReason.EXPIRED, timer.occurrence_id)
    await cases.free(uow.connection, freed)


def _expiry(case: LockedCase, claim: Claim) -> NewTimer:
    return NewTimer(
        owner_id=case.case_id,
        conversation_id=case.conversation_id,
        kind=CLAIM_TIMER,
        due_at=claim.until,
    )


def _publish_released(
    uow: UnitOfWork, case: LockedCase, claim: Claim, reason: ReleaseReason, id: UUID
) -> None:
    uow.publish(case_events.released(case, claim, reason=reason, id=id, now=uow.now))
    metrics.ROUTER_CLAIMS_TOTAL.labels(reason.value).inc()
