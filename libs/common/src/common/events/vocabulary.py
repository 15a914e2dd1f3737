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


class Signal(_Word):
    """What else a mention tells the people who work on it (S18, S20, S22 to S25)."""

    NO_DIALOGUE = "no_dialogue"
    NO_CONCERN = "no_concern"
    CRISIS = "crisis"
    ADDRESSED_TO_MANAGEMENT = "addressed_to_management"
    PRESS = "press"
    ENGAGEMENT_OPPORTUNITY = "engagement_opportunity"
    OTHER = "other"


class Need(_Word):
    """What answering takes: it decides community management or social support (S19)."""

    CUSTOMER_DB = "customer_db"
    PERSONAL_DATA = "personal_data"
    DEPARTMENT = "department"
    OTHER = "other"


class NoReplyDisposition(_Word):
    """How a case goes on after a deliberate no-reply (S94, S96, S97)."""

    NO_REPLY = "no_reply"
    THANKED_AND_LEFT = "thanked_and_left"
    OBSERVING = "observing"
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
