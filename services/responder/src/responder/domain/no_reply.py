"""Not answering as a decision with two questions, made by two people (S94 to S97).

`no_reply` is for what holds no concern and wants no dialogue: only "no" and "no" allow it, and
anger alone is neither. `thanked_and_left` ends politely after a word of ours; `observing` follows
two offers that nobody took up.
"""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass

from common.errors import ConflictError

OFFERS_BEFORE_OBSERVING = 2


class Disposition(enum.StrEnum):
    """How the case goes on."""

    NO_REPLY = "no_reply"
    THANKED_AND_LEFT = "thanked_and_left"
    OBSERVING = "observing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The two questions: is there a concern in it, and does the person want a dialogue?"""

    disposition: Disposition
    has_concern: bool
    wants_dialogue: bool

    @property
    def details(self) -> str:
        """The decision as the canonical text that a revision's hash covers."""
        return json.dumps(
            {
                "disposition": self.disposition.value,
                "has_concern": self.has_concern,
                "wants_dialogue": self.wants_dialogue,
            },
            sort_keys=True,
            separators=(",", ":"),
        )

    @staticmethod
    def of(details: str) -> Decision:
        """The decision that a revision of kind `no_reply` holds."""
        raw = json.loads(details)
        return Decision(
            disposition=Disposition(raw["disposition"]),
            has_concern=raw["has_concern"],
            wants_dialogue=raw["wants_dialogue"],
        )


def require_allowed(decision: Decision, *, offers: int, replies: int) -> None:
    """Raises ConflictError `answer_needed`, `nothing_said_yet` or `too_few_offers`.

    `offers` are those nobody took up, `replies` everything that we have sent in the case.
    """
    match decision.disposition:
        case Disposition.NO_REPLY if decision.has_concern or decision.wants_dialogue:
            raise ConflictError(
                "a concern, or somebody who wants to talk, gets an answer", code="answer_needed"
            )
        case Disposition.THANKED_AND_LEFT if replies == 0:
            raise ConflictError("thank first, then leave", code="nothing_said_yet")
        case Disposition.OBSERVING if offers < OFFERS_BEFORE_OBSERVING:
            raise ConflictError(
                f"observed after {OFFERS_BEFORE_OBSERVING} offers; {offers} were made",
                code="too_few_offers",
            )
        case _:
            return
