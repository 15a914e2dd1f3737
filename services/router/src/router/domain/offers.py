"""What a reply that was sent, or the decision to send none, does to a case (S65, S70, S94 to S97).

An offer is a reply that asks the customer for something: a question, or the lead-in to a private
channel. Whether the customer is clocked is clocks'; here it is only who has the next word.
"""

from __future__ import annotations

from datetime import datetime

from router.domain.case_policy import CasePolicy
from router.domain.closing import Outcome
from router.domain.states import CaseStep

OFFER_KINDS = frozenset({"question", "lead_in"})
OUTCOME_KIND = "outcome"

OBSERVING = "observing"
_OUTCOME_OF_DISPOSITION = {
    "no_reply": Outcome.NO_REPLY,
    "thanked_and_left": Outcome.THANKED_AND_LEFT,
}


def is_offer(kind: str) -> bool:
    """Whether the reply gives the next word to the customer."""
    return kind in OFFER_KINDS


def wait_until(policy: CasePolicy, *, sent_at: datetime, now: datetime) -> datetime:
    """When an offer counts as unanswered; never in the past, so that news of it come first."""
    return max(sent_at + policy.customer_wait, now)


def step_after_silence(policy: CasePolicy, *, offers_unanswered: int) -> CaseStep:
    """What follows an offer that nobody answered: a reminder is due, or we only observe (S96)."""
    if offers_unanswered < policy.offers_before_observing:
        return CaseStep.CUSTOMER_SILENT
    return CaseStep.OBSERVE


def outcome_of(disposition: str) -> Outcome | None:
    """The outcome that a deliberate no-reply closes a case with; None: it is only observed.

    A word that this version does not know observes: nothing is closed by misunderstanding.
    """
    return _OUTCOME_OF_DISPOSITION.get(disposition)
