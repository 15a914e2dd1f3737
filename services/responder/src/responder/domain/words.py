"""The responder's own words for replies, drafts and dispatches.

The wire has the same words (common.events.vocabulary); a unit test holds the two together, because
the domain may not know the wire.
"""

from __future__ import annotations

import enum


class Kind(enum.StrEnum):
    """What a reply is for (SPEC "Words"). `no_reply` is a decision: its text is its reason."""

    ANSWER = "answer"
    HOLDING = "holding"
    QUESTION = "question"
    PROGRESS = "progress"
    CORRECTION = "correction"
    LEAD_IN = "lead_in"
    OUTCOME = "outcome"
    NO_REPLY = "no_reply"


class Audience(enum.StrEnum):
    """Who can read the reply: the visibility of S61."""

    PUBLIC = "public"
    PRIVATE = "private"


OFFERS = frozenset({Kind.ANSWER, Kind.QUESTION, Kind.LEAD_IN})
"""Kinds that offer help: two that nobody took up are enough (S96)."""


class DraftState(enum.StrEnum):
    """Where a draft stands. `cleared` may be sent without a reader (private, SPEC policy)."""

    WRITING = "writing"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    CLEARED = "cleared"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class DispatchState(enum.StrEnum):
    """Where a dispatch stands in the ledger (RELIABILITY 9.5)."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
