"""A review as something with a clock: offered to one person, claimed, and offered on (S57).

The offer asks somebody; it gives no right that the four-eyes rules do not give, and takes none but
one: while somebody has claimed a review nobody else decides it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from common.errors import ConflictError
from responder.domain.persons import Person

DEFAULT_BUDGET = timedelta(minutes=3)


class OfferState(enum.StrEnum):
    """`done` ended with a decision, `void` because the text or the draft changed."""

    OFFERED = "offered"
    CLAIMED = "claimed"
    EXPIRED = "expired"
    DONE = "done"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One round of asking. `reviewer` None is an open offer: everybody who may is asked."""

    offer_id: UUID
    draft_id: UUID
    revision: int
    round: int
    reviewer: Person | None
    state: OfferState
    offered_at: datetime
    expires_at: datetime

    def holder(self, at: datetime) -> Person | None:
        """Who holds the review at this moment, if anybody has claimed it."""
        is_held = self.state is OfferState.CLAIMED and at < self.expires_at
        return self.reviewer if is_held else None


def require_claimable(offer: Offer | None, reader: Person, *, at: datetime) -> None:
    """Raises ConflictError `review_claimed`, with the holder's name, where somebody else has it."""
    holder = offer.holder(at) if offer else None
    if holder is not None and holder.id != reader.id:
        raise ConflictError(
            f"{holder.name} is reading it",
            code="review_claimed",
            details={"holder": holder.name},
        )
