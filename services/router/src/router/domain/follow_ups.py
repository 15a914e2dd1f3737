"""Follow-ups: a date on which somebody looks at a case again, with reason and owner (S73, S104).

A follow-up that is due waits for a result; until it has one its case cannot be done with. Who
plans it is a person, a promise in a reply, a hand-over, or policy: a case of which nothing else
would ever speak again is looked at by policy (S7).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from common.errors import ConflictError, InvalidInputError
from router.domain.claims import Person

REASON_LENGTH = 500
RESULT_LENGTH = 2000
LONGEST_AHEAD = timedelta(days=5 * 365)
"""Further away nobody plans; a slip of the pen does, and no calendar reaches the year 9999."""


class Source(enum.StrEnum):
    """Who or what planned it."""

    PERSON = "person"
    PROMISE = "promise"
    TRANSFER = "transfer"
    POLICY = "policy"


class FollowUpState(enum.StrEnum):
    """`due`: the date has come and nobody has said what came of it."""

    PLANNED = "planned"
    DUE = "due"
    DONE = "done"
    CANCELLED = "cancelled"


class FollowUpStep(enum.StrEnum):
    """What can happen to it."""

    RING = "ring"
    SETTLE = "settle"
    CANCEL = "cancel"


TRANSITIONS: Mapping[tuple[FollowUpState, FollowUpStep], FollowUpState] = {
    (FollowUpState.PLANNED, FollowUpStep.RING): FollowUpState.DUE,
    (FollowUpState.PLANNED, FollowUpStep.SETTLE): FollowUpState.DONE,
    (FollowUpState.DUE, FollowUpStep.SETTLE): FollowUpState.DONE,
    (FollowUpState.PLANNED, FollowUpStep.CANCEL): FollowUpState.CANCELLED,
    (FollowUpState.DUE, FollowUpStep.CANCEL): FollowUpState.CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """`owner` None: the team's queue."""

    follow_up_id: UUID
    case_id: UUID
    source: Source
    reason: str
    owner: Person | None
    due_at: datetime
    state: FollowUpState = FollowUpState.PLANNED


def after(state: FollowUpState, step: FollowUpStep) -> FollowUpState:
    """The state that `step` leads to; ConflictError where the table does not allow it."""
    following = TRANSITIONS.get((state, step))
    if following is None:
        raise ConflictError(
            f"a follow-up that is {state} does not allow: {step}",
            code=f"follow_up_is_{state}",
            details={"state": state.value, "step": step.value},
        )
    return following


def checked_date(due_at: datetime, *, now: datetime) -> datetime:
    """The date, if it lies ahead, within five years; InvalidInputError otherwise."""
    if due_at <= now:
        raise InvalidInputError("a follow-up needs a date ahead", code="date_has_passed")
    if due_at > now + LONGEST_AHEAD:
        raise InvalidInputError("a follow-up lies at most five years ahead", code="date_too_far")
    return due_at


def required(text: str, *, name: str, length: int) -> str:
    """The text without outer blanks; InvalidInputError where it is empty or too long."""
    clean = text.strip()
    if not clean:
        raise InvalidInputError(f"{name} must not be empty", code=f"{name}_missing")
    if len(clean) > length:
        raise InvalidInputError(
            f"{name} must not be longer than {length} characters", code=f"{name}_too_long"
        )
    return clean
