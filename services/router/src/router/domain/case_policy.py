"""What a company sets about the life of its cases; each value has SPEC's default."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePolicy:
    """How long cases wait for others, and when a conversation is the same matter still.

    `reopen_within`: a mention in the conversation of a case closed that recently reopens it, later
    it opens a new one with a link. `close_settled_after`: a resolved or unsolvable case closes by
    itself. `customer_wait`: when an unanswered offer brings the case back for a reminder, and after
    `offers_before_observing` offers to `observing` (S65, S96), which lasts `observe_for`.
    """

    reopen_within: timedelta = timedelta(days=14)
    close_settled_after: timedelta = timedelta(days=3)
    customer_wait: timedelta = timedelta(hours=48)
    offers_before_observing: int = 2
    observe_for: timedelta = timedelta(days=14)


DEFAULT_CASE_POLICY = CasePolicy()
