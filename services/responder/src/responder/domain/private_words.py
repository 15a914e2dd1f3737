"""What was learned in private: named answers, messages, and what of them may never be public.

The gate against personal data (S63) asks `telling_parts`: numbers, addresses and codes that a
private message holds. Words of everyday language are not among them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from responder.domain.persons import Person

MESSAGE = "message"
"""The name under which a whole private message is kept."""
DEFAULT_RETENTION = timedelta(days=90)
HIDDEN = "***"
_MAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")
_NUMBER = re.compile(r"(?<!\w)[+(]?[\w-]{0,40}\d(?:[\w()/.-]|[ ](?=[\d(/]))*\w")
_LEAST_TELLING = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing that is asked for, and what it is needed for (S66)."""

    name: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateValue:
    """An answer or a message as people read it. `recorded_by` None came from the network."""

    value_id: UUID
    case_id: UUID
    conversation_id: UUID
    name: str
    value: str
    recorded_at: datetime
    delete_after: datetime
    request_id: UUID | None = None
    recorded_by: Person | None = None


def telling_parts(name: str, value: str) -> tuple[str, ...]:
    """What of a private value identifies somebody: a named answer whole, a message in parts."""
    if name != MESSAGE:
        return (value,) if len(value.strip()) >= _LEAST_TELLING else ()
    found = [match.group().strip(".,;:!?") for match in _MAIL.finditer(value)]
    rest = _MAIL.sub(" ", value)
    found += [match.group().strip(" .,;:!?") for match in _NUMBER.finditer(rest)]
    return tuple(
        dict.fromkeys(
            part for part in found if sum(letter.isalnum() for letter in part) >= _LEAST_TELLING
        )
    )
