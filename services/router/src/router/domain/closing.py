"""Closing a case: outcome, cause and summary, all three, always (S107).

A public reaction that is still owed bars every outcome that claims one was given. Outcomes with
nothing to answer waive the first-reaction clock instead; a breach that happened stays a breach.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from common.errors import ConflictError, InvalidInputError

CAUSE_LENGTH = 200
SUMMARY_LENGTH = 4000


class Outcome(enum.StrEnum):
    """How the matter ended."""

    SOLVED = "solved"
    ANSWERED = "answered"
    UNSOLVABLE = "unsolvable"
    SETTLED_ITSELF = "settled_itself"
    NO_ACTION = "no_action"
    DUPLICATE = "duplicate"
    SPAM = "spam"


WAIVING = frozenset({Outcome.SETTLED_ITSELF, Outcome.NO_ACTION, Outcome.DUPLICATE, Outcome.SPAM})
"""Outcomes with which no public reaction is owed any more."""


@dataclass(frozen=True, slots=True)
class Closing:
    """A complete account of how a case ended."""

    outcome: Outcome
    cause: str
    summary: str


def closing(outcome: str, *, cause: str, summary: str) -> Closing:
    """The account, cleaned of outer blanks; InvalidInputError names what is missing."""
    known = [word.value for word in Outcome]
    if outcome not in known:
        raise InvalidInputError(
            f"outcome must be one of: {', '.join(known)}", code="unknown_outcome"
        )
    for name, value, length in (
        ("cause", cause, CAUSE_LENGTH),
        ("summary", summary, SUMMARY_LENGTH),
    ):
        if not value.strip():
            raise InvalidInputError(f"{name} must not be empty", code=f"{name}_missing")
        if len(value) > length:
            raise InvalidInputError(
                f"{name} must not be longer than {length} characters", code=f"{name}_too_long"
            )
    return Closing(Outcome(outcome), cause.strip(), summary.strip())


def settle_first_reaction(outcome: Outcome, *, is_awaited: bool) -> bool:
    """Whether closing waives a first reaction that is still awaited.

    Raises ConflictError when the outcome says that the customer got a word and none was sent.
    """
    if not is_awaited:
        return False
    if outcome not in WAIVING:
        raise ConflictError(
            f"no public reply was sent yet; a case closed as {outcome} needs one",
            code="first_reaction_owed",
            details={"outcomes_without": sorted(word.value for word in WAIVING)},
        )
    return True
