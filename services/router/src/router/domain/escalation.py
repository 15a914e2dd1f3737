"""Escalation: how far up a case has gone, and what takes it there (S13, S40).

Level 0 is the team, 1 the team's lead, 2 the management; every step up or down is told, with who
or what caused it. Who stands behind a level is the company's directory, not decided here.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import timedelta

from common.errors import ConflictError

HIGHEST = 2


class EscalationCause(enum.StrEnum):
    """What takes a case up or down."""

    PERSON = "person"
    BREACH = "breach"
    UNANSWERED_CONTACTS = "unanswered_contacts"


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationPolicy:
    """The `contacts`-th unanswered contact within `within` escalates (S13)."""

    contacts: int
    within: timedelta


def up(level: int, *, to: int | None = None) -> int:
    """The level above, or the one named; ConflictError where there is none."""
    wanted = level + 1 if to is None else to
    if not level < wanted <= HIGHEST:
        raise ConflictError(
            f"a case on level {level} cannot go up to {wanted}",
            code="no_such_escalation",
            details={"level": level, "highest": HIGHEST},
        )
    return wanted


def down(level: int, *, to: int | None = None) -> int:
    """The level below, or the one named; ConflictError where there is none."""
    wanted = level - 1 if to is None else to
    if not 0 <= wanted < level:
        raise ConflictError(
            f"a case on level {level} cannot go down to {wanted}",
            code="no_such_escalation",
            details={"level": level},
        )
    return wanted


def is_overdue_contact(policy: EscalationPolicy, *, unanswered: int, repeated: int) -> bool:
    """Whether this contact is one too many.

    `unanswered`: the customer's mentions in the case without a reply since, within the window.
    `repeated`: contacts elsewhere before this one, as the classifier counted them (S12).
    """
    return max(unanswered, repeated + 1) >= policy.contacts
