"""One account's pace and health, shared by every process that sends from it.

Three things hold an account back: the pace we set ourselves, a pause that the network asked for,
and a circuit that opens after several failures in a row and lets one attempt through when its time
is over. Nothing is lost by it: what waits stays pending, and no attempt is counted.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from responder.domain.dispatches import Outcome, Strain

FAILURES_TO_OPEN = 5
_FIRST_OPEN = timedelta(seconds=5)
_LONGEST_OPEN = timedelta(minutes=5)
_DEAD_FOR = timedelta(minutes=15)
# How long the one attempt that probes an account may take before another is let through.
_PROBE = timedelta(seconds=30)
_UNTOLD_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=25)


class Block(enum.StrEnum):
    """Why an account is held back."""

    PACE = "pace"
    RATE_LIMITED = "rate_limited"
    CIRCUIT = "circuit"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `burst` replies at once and `per_minute` on average."""

    per_minute: float
    burst: int

    @property
    def interval(self) -> timedelta:
        return timedelta(minutes=1) / self.per_minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where an account stands. `paid_until` is the moment up to which its pace is used up.

    `resumed_*` is who last let it go on, when and why.
    """

    network: str
    name: str
    paid_until: datetime | None = None
    blocked_until: datetime | None = None
    blocked_by: Block | None = None
    failures: int = 0
    last_error: str | None = None
    resumed_at: datetime | None = None
    resumed_by: str | None = None
    resumed_reason: str | None = None

    def is_blocked(self, now: datetime) -> bool:
        """Whether nothing may be sent from it now."""
        return self.blocked_until is not None and self.blocked_until > now


@dataclass(frozen=True, slots=True)
class Grant:
    """How many attempts are allowed now, and the account after them."""

    allowed: int
    account: Account


def grant(account: Account, wanted: int, *, pace: Pace | None, now: datetime) -> Grant:
    """How many of `wanted` attempts may be made now; the caller holds the account's row."""
    if wanted <= 0 or account.is_blocked(now):
        return Grant(0, account)
    if account.failures >= FAILURES_TO_OPEN or account.blocked_by is Block.DEAD:
        # Half open: one goes first, the others wait for what it finds.
        return Grant(1, replace(account, blocked_until=now + _PROBE))
    if pace is None:
        return Grant(wanted, account)
    slack = pace.interval * (pace.burst - 1)
    paid = max(account.paid_until or now, now)
    allowed = 0
    while allowed < wanted and paid - now <= slack:
        paid += pace.interval
        allowed += 1
    after = replace(account, paid_until=paid)
    if allowed < wanted:
        after = replace(after, blocked_until=paid - slack, blocked_by=Block.PACE)
    return Grant(allowed, after)


def after(account: Account, outcome: Outcome, *, now: datetime) -> Account:
    """The account after an attempt came to this."""
    match outcome.strain:
        case Strain.NONE if account.failures == 0 and account.blocked_by in (None, Block.PACE):
            return account
        case Strain.NONE:
            return replace(
                account, failures=0, blocked_until=None, blocked_by=None, last_error=None
            )
        case Strain.LIMITED:
            until = now + min(outcome.retry_after or _UNTOLD_PAUSE, _LONGEST_PAUSE)
            return _blocked(account, until, by=Block.RATE_LIMITED, error=outcome.error)
        case Strain.DEAD:
            return _blocked(account, now + _DEAD_FOR, by=Block.DEAD, error=outcome.error)
        case _:
            failing = replace(account, failures=account.failures + 1, last_error=outcome.error)
            if failing.failures < FAILURES_TO_OPEN:
                return failing
            steps = min(failing.failures - FAILURES_TO_OPEN, 10)
            until = now + min(_FIRST_OPEN * float(2**steps), _LONGEST_OPEN)
            return _blocked(failing, until, by=Block.CIRCUIT, error=outcome.error)


def resumed(account: Account, *, by: str, reason: str, now: datetime) -> Account:
    """The account after somebody put right what was wrong with it; its pace stays used up."""
    return replace(
        account,
        blocked_until=None,
        blocked_by=None,
        failures=0,
        last_error=None,
        resumed_at=now,
        resumed_by=by,
        resumed_reason=reason,
    )


def _blocked(account: Account, until: datetime, *, by: Block, error: str) -> Account:
    # Of two pauses asked for the longer holds: an attempt under way must not shorten it. A circuit
    # sets its own time: the block that a probe leaves behind is no pause.
    if by is Block.RATE_LIMITED and account.blocked_by is by and account.blocked_until is not None:
        until = max(until, account.blocked_until)
    return replace(account, blocked_until=until, blocked_by=by, last_error=error)
