"""Warm transfer to a classic helpdesk: we hand over, the customer is told, we look again (S71-S73).

The case stays ours. Nothing is transferred behind the customer's back, and nothing without a date
on which somebody looks whether it was really solved.
"""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from common.errors import ConflictError, InvalidInputError
from router.domain.origin import Origin, origin_lines

TITLE_LENGTH = 200
TEXT_LENGTH = 20_000
LONGEST_FOLLOW_UP = timedelta(days=365)


class TransferState(enum.StrEnum):
    """`pending`: the ticket is being made; `done`: it has a reference; `failed`: it was refused."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """What goes to the helpdesk, and when we look again."""

    title: str
    text: str
    reason: str
    follow_up_at: datetime
    is_free_wording_allowed: bool = True


TELLING_KINDS = frozenset({"answer", "progress", "outcome", "holding", "lead_in", "correction"})
"""Kinds of reply that can tell a customer who goes on with their matter; a question does not."""


def hand_over(
    title: str, *, text: str, reason: str, follow_up_at: datetime, now: datetime
) -> HandOver:
    """The complete hand-over; InvalidInputError names what is missing or out of range."""
    for name, value, longest in (
        ("title", title, TITLE_LENGTH),
        ("text", text, TEXT_LENGTH),
        ("reason", reason, TITLE_LENGTH),
    ):
        if not value.strip():
            raise InvalidInputError(f"{name} must not be empty", code=f"{name}_missing")
        if len(value) > longest:
            raise InvalidInputError(
                f"{name} has at most {longest} characters", code=f"{name}_too_long"
            )
    if not now < follow_up_at <= now + LONGEST_FOLLOW_UP:
        raise InvalidInputError(
            "follow_up_at must lie in the future, within a year", code="follow_up_out_of_range"
        )
    return HandOver(
        title=title.strip(), text=text.strip(), reason=reason.strip(), follow_up_at=follow_up_at
    )


def with_origin(wanted: HandOver, *, link: str | None, reach: int | None) -> HandOver:
    """The hand-over as the helpdesk reads it: where the matter comes from, then our words (S43)."""
    head = origin_lines(Origin(link, reach, wanted.is_free_wording_allowed))
    return replace(wanted, text="\n".join([*head, "", wanted.text]))


def refuse_untold(kinds_sent: Collection[str]) -> None:
    """ConflictError unless a reply of a telling kind was sent in this case (S72)."""
    if TELLING_KINDS.isdisjoint(kinds_sent):
        raise ConflictError(
            "the customer was not told: send a reply that says who goes on, then transfer",
            code="customer_not_told",
            details={"kinds": sorted(TELLING_KINDS)},
        )
