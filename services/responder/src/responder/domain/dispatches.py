"""The dispatch ledger: what an attempt's outcome makes of a dispatch (R2, RELIABILITY 9.5).

The one rule behind the table: what may have reached the customer is never sent again by itself.
A dispatch goes back to `pending` only when the far side proved that nothing happened.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from common.errors import ConflictError
from responder.domain.content import Content
from responder.domain.persons import Person
from responder.domain.words import DispatchState

MAX_ATTEMPTS = 6
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the channel said. `error` is a short code without personal data.

    `platform_id` comes with SENT only; `retry_after` may come with HELD_OFF.
    """

    ending: Ending
    platform_id: str | None = None
    error: str = ""
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The next state of a dispatch; `delay` is set when it waits for another attempt."""

    state: DispatchState
    delay: timedelta | None = None


def judge(outcome: Outcome, *, attempt: int) -> Verdict:
    """The next state after attempt number `attempt` (from 1). Never asks for a blind repeat."""
    match outcome.ending:
        case Ending.SENT:
            return Verdict(state=_S.SENT)
        case Ending.REFUSED:
            return Verdict(state=_S.FAILED)
        case Ending.HELD_OFF if attempt < MAX_ATTEMPTS:
            backed_off = min(_FIRST_DELAY * 2 ** (attempt - 1), _LONGEST_DELAY)
            return Verdict(
                state=_S.PENDING, delay=max(backed_off, outcome.retry_after or backed_off)
            )
        case Ending.HELD_OFF:
            return Verdict(state=_S.FAILED)
        case _:
            return Verdict(state=_S.UNKNOWN)


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
