"""The dispatch ledger: what an attempt's outcome makes of a dispatch (R2, RELIABILITY 9.5).

The one rule behind the table: what may have reached the customer is never sent again by itself,
unless the network knows a repeat from a second post. Then what was frozen before the first attempt
is sent again, byte for byte, and only after having looked for it. Everything else goes back to
`pending` only when the far side proved that nothing happened.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from common.errors import ConflictError
from responder.domain.content import Content
from responder.domain.persons import Person
from responder.domain.words import Audience, DispatchState

MAX_ATTEMPTS = 12
_FIRST_DELAY = timedelta(seconds=1)
_LONGEST_DELAY = timedelta(seconds=60)
_FIRST_LOOK = timedelta(seconds=2)
_LONGEST_LOOK = timedelta(minutes=10)
MAX_LOOKS = 8


class Ending(enum.StrEnum):
    """How an attempt ended, as far as anybody can tell."""

    SENT = "sent"  # the network named the post
    REFUSED = "refused"  # a definite no: nothing was published
    HELD_OFF = "held_off"  # a definite not-now: nothing was published, asking again may help
    UNCLEAR = "unclear"  # anything else: it may be on the network


class Strain(enum.StrEnum):
    """What an attempt says about the account, beyond the one reply (see domain.circuits)."""

    NONE = "none"
    TROUBLE = "trouble"  # not reached, or an answer that makes no sense
    LIMITED = "limited"  # the network asks for a pause
    DEAD = "dead"  # nothing works with this account


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The post that a reply answers, as it was taken in; `thread` are the ids before it."""

    native_id: str
    author_id: str = ""
    title: str | None = None
    thread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A reply as it will be sent on every attempt; `body` is the adapter's, as JSON.

    `native_id` is the id it will have, where we choose it.
    """

    body: Mapping[str, Any]
    native_id: str | None = None


_S = DispatchState
TRANSITIONS: Mapping[DispatchState, frozenset[DispatchState]] = {
    _S.PENDING: frozenset({_S.SENDING, _S.FAILED}),
    _S.SENDING: frozenset({_S.SENT, _S.FAILED, _S.UNKNOWN, _S.PENDING}),
    _S.UNKNOWN: frozenset({_S.SENT, _S.FAILED}),
    _S.SENT: frozenset(),
    _S.FAILED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """A line of the ledger with what it sends and who answers for it.

    `fence` counts claims: who holds an older one has lost the right to record an outcome.
    `is_in_doubt`: an earlier attempt may have reached the network. `reach` is who sees it, and
    `findings` is what a look into the thread brought, for the person who has to decide.
    `authors` wrote a revision up to the one sent; `approver` is None only for private replies.
    """

    dispatch_id: UUID
    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    revision: int
    content: Content
    content_hash: bytes
    idempotency_key: str
    state: DispatchState
    attempt: int
    fence: int
    platform_id: str | None
    last_error: str | None
    authors: tuple[Person, ...]
    approver: Person | None
    created_at: datetime
    sending_at: datetime | None
    finished_at: datetime | None
    looks: int
    resolved_by: str | None
    resolution: str | None
    answered: Answered | None = None
    frozen: Frozen | None = None
    is_in_doubt: bool = False
    actual_visibility: Audience | None = None
    reach: str | None = None
    findings: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the channel said. `error` is a short code without personal data.

    `platform_id`, `visibility` and `reach` come with SENT only; `retry_after` may come with
    HELD_OFF.
    """

    ending: Ending
    platform_id: str | None = None
    error: str = ""
    retry_after: timedelta | None = None
    strain: Strain = Strain.NONE
    visibility: Audience | None = None
    reach: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The next state of a dispatch; `delay` is set when it waits for another attempt."""

    state: DispatchState
    delay: timedelta | None = None
    is_in_doubt: bool = False


class Repeat(enum.Enum):
    """Whether this attempt may be made again although its outcome is unclear."""

    NEVER = "never"
    HARMLESS = "harmless"


def judge(
    outcome: Outcome,
    *,
    attempt: int,
    repeat: Repeat = Repeat.NEVER,
    before: Dispatch | None = None,
) -> Verdict:
    """The next state after attempt number `attempt` (from 1). Never asks for a blind repeat.

    `before` is the dispatch as it was claimed: where an earlier attempt is in doubt, a refusal of
    this one proves nothing about that one.
    """
    doubt = before is not None and before.is_in_doubt
    given_up = DispatchState.UNKNOWN if doubt else DispatchState.FAILED
    delay = max(_backed_off(attempt), outcome.retry_after or timedelta(0))
    match outcome.ending:
        case Ending.SENT:
            return Verdict(state=_S.SENT)
        case Ending.REFUSED:
            return Verdict(state=given_up)
        case Ending.HELD_OFF:
            # A pause that the network asked for is no failure of this reply.
            waits = outcome.strain in (Strain.LIMITED, Strain.DEAD)
            if attempt < MAX_ATTEMPTS or waits:
                return Verdict(state=_S.PENDING, delay=delay, is_in_doubt=doubt)
            return Verdict(state=given_up)
        case _ if repeat is Repeat.HARMLESS and attempt < MAX_ATTEMPTS:
            return Verdict(state=_S.PENDING, delay=delay, is_in_doubt=True)
        case _:
            return Verdict(state=_S.UNKNOWN)


def _backed_off(attempt: int) -> timedelta:
    return min(_FIRST_DELAY * float(2 ** min(attempt - 1, 16)), _LONGEST_DELAY)


def require_unknown(dispatch: Dispatch) -> None:
    """Raises ConflictError `not_unknown` where there is nothing for a person to decide."""
    if dispatch.state is not DispatchState.UNKNOWN:
        raise ConflictError(
            f"the dispatch is {dispatch.state}; only an unknown outcome is decided by a person",
            code="not_unknown",
        )


def next_look(looks: int) -> timedelta:
    """How long to wait before the thread is read again, after `looks` looks without a find."""
    return min(_FIRST_LOOK * float(3**looks), _LONGEST_LOOK)
