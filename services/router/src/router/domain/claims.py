"""Claims: a person holds a case for a while, so that nobody does the same work twice (S36).

A lease, not a lock: it ends by itself. People are compared by `issuer|subject`, never by name.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from common.errors import ConflictError
from router.domain.states import CaseState, CaseStep, after


@dataclass(frozen=True, slots=True)
class Person:
    """`id` is `issuer|subject` and the only thing compared; `name` is for people."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds a case, and until when."""

    holder: Person
    until: datetime

    def lasts(self, now: datetime) -> bool:
        return now < self.until


class ReleaseReason(enum.StrEnum):
    """How a claim ends by itself or by its holder; other steps end it in their own name."""

    RELEASED = "released"
    EXPIRED = "expired"


def release_reason(ending: CaseStep) -> ReleaseReason:
    """The reason that goes with the step release or expire."""
    return ReleaseReason.EXPIRED if ending is CaseStep.EXPIRE else ReleaseReason.RELEASED


@dataclass(frozen=True, slots=True)
class Claiming:
    """The effect of a claim; `lapsed` is the claim that ran out unnoticed and ends now."""

    claim: Claim
    state: CaseState
    lapsed: Claim | None


def claim(
    state: CaseState,
    held: Claim | None,
    *,
    by: Person,
    now: datetime,
    lease: timedelta,
) -> Claiming:
    """Take the case, or renew one's own lease; ConflictError names the holder otherwise."""
    wanted = Claim(by, now + lease)
    if held is None:
        return Claiming(wanted, after(state, CaseStep.CLAIM), None)
    if not held.lasts(now):
        freed = after(state, CaseStep.EXPIRE)
        return Claiming(wanted, after(freed, CaseStep.CLAIM), held)
    refuse_other_holder(held, by=by, now=now)
    return Claiming(wanted, after(state, CaseStep.RENEW), None)


def refuse_other_holder(held: Claim | None, *, by: Person, now: datetime) -> None:
    """ConflictError with the holder's name when somebody else holds the case right now."""
    if held is not None and held.lasts(now) and held.holder.id != by.id:
        raise ConflictError(
            f"{held.holder.name} holds the case until {held.until.isoformat()}",
            code="case_is_claimed",
            details={"holder": held.holder.name, "until": held.until.isoformat()},
        )


def release(state: CaseState, held: Claim | None, *, by: Person, now: datetime) -> CaseState:
    """Give the case back; only its holder can. The state afterwards."""
    following = after(state, CaseStep.RELEASE)
    refuse_other_holder(held, by=by, now=now)
    return following


def has_expired(state: CaseState, held: Claim | None, *, now: datetime) -> bool:
    """Whether the lease has run out; a renewed one has not, whatever timer rings."""
    return state is CaseState.CLAIMED and held is not None and not held.lasts(now)
