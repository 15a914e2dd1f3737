"""Settling and closing a case: outcome, cause, summary and fault, always (S105, S107).

What is still owed bars the outcomes that claim it was given: the check list of `refuse_owed`. An
outcome with nothing to answer waives the first-reaction clock; a breach that happened stays one.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from common.errors import ConflictError, InvalidInputError
from router.domain.states import CaseState, CaseStep

CAUSE_LENGTH = 200
SUMMARY_LENGTH = 4000


class Outcome(enum.StrEnum):
    """How the matter ended."""

    SOLVED = "solved"
    ANSWERED = "answered"
    UNSOLVABLE = "unsolvable"
    OFFER_UNANSWERED = "offer_unanswered"
    SETTLED_ITSELF = "settled_itself"
    NO_ACTION = "no_action"
    DUPLICATE = "duplicate"
    SPAM = "spam"
    NO_REPLY = "no_reply"
    THANKED_AND_LEFT = "thanked_and_left"
    MERGED = "merged"
    MOVED = "moved"


BY_HAND = (
    Outcome.SOLVED,
    Outcome.ANSWERED,
    Outcome.UNSOLVABLE,
    Outcome.OFFER_UNANSWERED,
    Outcome.SETTLED_ITSELF,
    Outcome.NO_ACTION,
    Outcome.DUPLICATE,
    Outcome.SPAM,
)
"""What a person may close with; the others are what a decision elsewhere comes to."""

SETTLING: Mapping[Outcome, CaseStep] = {
    Outcome.SOLVED: CaseStep.RESOLVE,
    Outcome.ANSWERED: CaseStep.RESOLVE,
    Outcome.UNSOLVABLE: CaseStep.DECLARE_UNSOLVABLE,
}
"""Outcomes that the customer may still disagree with: the case is settled first, then closes."""

WAIVING = frozenset(
    {
        Outcome.SETTLED_ITSELF,
        Outcome.NO_ACTION,
        Outcome.DUPLICATE,
        Outcome.SPAM,
        Outcome.NO_REPLY,
        Outcome.THANKED_AND_LEFT,
        Outcome.MERGED,
        Outcome.MOVED,
    }
)
"""Outcomes with which no public reaction is owed any more."""


class Fault(enum.StrEnum):
    """Whose doing it was (S105)."""

    COMPANY = "company"
    PRODUCT = "product"
    PARTNER = "partner"
    CUSTOMER = "customer"
    THIRD_PARTY = "third_party"
    NOBODY = "nobody"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Closing:
    """A complete account of how a case ended."""

    outcome: Outcome
    cause: str
    summary: str
    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What a case still owes, as counted under its lock."""

    first_reaction: bool = False
    open_issues: int = 0
    open_queries: int = 0
    follow_ups_without_result: int = 0
    was_outcome_sent: bool = False
    offers_unanswered: int = 0


def closing(outcome: str, *, cause: str, summary: str, fault: str) -> Closing:
    """The account, cleaned of outer blanks; InvalidInputError names what is missing."""
    known = [word.value for word in BY_HAND]
    if outcome not in known:
        raise InvalidInputError(
            f"outcome must be one of: {', '.join(known)}", code="unknown_outcome"
        )
    faults = [word.value for word in Fault]
    if fault not in faults:
        raise InvalidInputError(f"fault must be one of: {', '.join(faults)}", code="unknown_fault")
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
    return Closing(Outcome(outcome), cause.strip(), summary.strip(), Fault(fault))


def refuse_owed(outcome: Outcome, owed: Owed) -> bool:
    """Whether this outcome waives a first reaction that is still awaited.

    Raises ConflictError with the first thing on the check list that stands against the outcome;
    `details.owed` names all of them.
    """
    against = _against(outcome, owed)
    if against:
        code, text = next(iter(against.items()))
        details: dict[str, object] = {"owed": sorted(against)}
        if code == "first_reaction_owed":
            details["outcomes_without"] = sorted(word.value for word in WAIVING & {*BY_HAND})
        raise ConflictError(text, code=code, details=details)
    return owed.first_reaction


def _against(outcome: Outcome, owed: Owed) -> dict[str, str]:
    found: dict[str, str] = {}
    if owed.first_reaction and outcome not in WAIVING:
        found["first_reaction_owed"] = (
            f"no public reply was sent yet; a case closed as {outcome} needs one"
        )
    if owed.open_issues:
        found["issues_open"] = f"{owed.open_issues} issues of the case are not settled"
    if owed.open_queries:
        found["department_queries_open"] = f"{owed.open_queries} department queries are open"
    if owed.follow_ups_without_result:
        found["follow_up_owed"] = (
            f"{owed.follow_ups_without_result} follow-ups have no result yet (S73)"
        )
    if outcome is Outcome.UNSOLVABLE and not owed.was_outcome_sent:
        found["outcome_message_owed"] = "the customer was not told the outcome yet (S74)"
    if outcome is Outcome.OFFER_UNANSWERED and owed.offers_unanswered < 2:
        found["reminder_owed"] = "the customer was not reminded of the offer yet (S65)"
    return found


def settling_step(outcome: Outcome) -> CaseStep:
    """The step that settles a case with this outcome; InvalidInputError where there is none."""
    step = SETTLING.get(outcome)
    if step is None:
        words = ", ".join(word.value for word in SETTLING)
        raise InvalidInputError(
            f"a case is settled with one of: {words}; with {outcome} it is closed",
            code="outcome_closes",
        )
    return step


def refuse_bulk(decision: str, state: CaseState, *, is_in_crisis: bool) -> None:
    """Only what is no matter for service and in nobody's work is closed in bulk (S15).

    What belongs to a crisis is looked at one by one (S26).
    """
    if is_in_crisis:
        raise ConflictError("the case belongs to a crisis", code="case_in_crisis")
    if decision != "non_service":
        raise ConflictError("only non-service cases are closed in bulk", code="not_non_service")
    if state not in {CaseState.OPEN, CaseState.OBSERVING}:
        raise ConflictError(f"the case is {state}", code=f"case_is_{state}")
