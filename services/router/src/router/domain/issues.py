"""Issues: the single concerns of a case, settled one by one (S27, SPEC acceptance 7).

A case whose mentions name no concerns is its own single issue; then there are no rows.
"""

from __future__ import annotations

import enum

from common.errors import ConflictError, InvalidInputError

TEXT_LENGTH = 1000
MOST_PER_CASE = 50


class IssueResult(enum.StrEnum):
    """How one concern ended."""

    SOLVED = "solved"
    ANSWERED = "answered"
    UNSOLVABLE = "unsolvable"
    DROPPED = "dropped"


def refuse_more(count: int) -> None:
    """ConflictError when the case has as many issues as it may."""
    if count >= MOST_PER_CASE:
        raise ConflictError(f"a case has at most {MOST_PER_CASE} issues", code="too_many_issues")


def settle(current: str | None, result: str, *, note: str) -> IssueResult:
    """The result, if the issue was open; ConflictError where it is settled already."""
    if current is not None:
        raise ConflictError(f"the issue is settled: {current}", code="issue_is_settled")
    if not note.strip():
        raise InvalidInputError("note must not be empty", code="note_missing")
    return IssueResult(result)
