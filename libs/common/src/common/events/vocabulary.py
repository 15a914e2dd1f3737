"""The closed word lists of the wire (SPEC "Words"); a word from the future reads as `other`."""

from __future__ import annotations

import enum
from typing import Any


class _Word(enum.StrEnum):
    """A word list in which what a newer producer says does not break an older reader."""

    @classmethod
    def _missing_(cls, value: object) -> Any:
        return cls.__members__.get("OTHER")


class Label(enum.StrEnum):
    """Is it a matter for service? (S16, S17)"""

    SERVICE = "service"
    NON_SERVICE = "non_service"


class Decision(enum.StrEnum):
    """What the classifier decided by itself; `triage` means that a person must (S17)."""

    SERVICE = "service"
    NON_SERVICE = "non_service"
    TRIAGE = "triage"


class MentionKind(_Word):
    QUESTION = "question"
    PROBLEM = "problem"
    COMPLAINT = "complaint"
    REQUEST = "request"
    FOLLOWUP = "followup"
    WISH = "wish"
    PRAISE = "praise"
    OPINION = "opinion"
    NEWS = "news"
    TALK = "talk"
    OTHER = "other"


class ReplyKind(_Word):
    ANSWER = "answer"
    HOLDING = "holding"
    QUESTION = "question"
    PROGRESS = "progress"
    CORRECTION = "correction"
    LEAD_IN = "lead_in"
    OUTCOME = "outcome"
    NO_REPLY = "no_reply"
    OTHER = "other"


class Visibility(enum.StrEnum):
    PUBLIC = "public"
    PRIVATE = "private"


class ClockKind(_Word):
    FIRST_REACTION = "first_reaction"
    ANSWER = "answer"
    DEPARTMENT = "department"
    REVIEW = "review"
    FOLLOW_UP = "follow_up"
    OTHER = "other"
