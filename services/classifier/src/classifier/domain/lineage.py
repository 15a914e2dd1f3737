"""Which model decides, which one answers beside it, and which came before. Values and one rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from common.errors import ConflictError


class What(StrEnum):
    """What was done."""

    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    SHADOWED = "shadowed"


@dataclass(frozen=True, slots=True)
class Change:
    """Who decides from a change on. `champion` None is the shipped model; numbers rise by one."""

    number: int
    what: What
    champion: str | None
    challenger: str | None


START = Change(0, What.PROMOTED, None, None)
"""Before the first change the shipped model decides alone."""


def promotion(changes: Sequence[Change], version: str) -> Change:
    """Let `version` decide. ConflictError where it does already."""
    last = changes[-1] if changes else START
    if last.champion == version:
        raise ConflictError(f"{version} is the champion already", code="is_champion")
    challenger = None if last.challenger == version else last.challenger
    return Change(last.number + 1, What.PROMOTED, version, challenger)


def rollback(changes: Sequence[Change]) -> Change:
    """Let the champion before the last promotion decide again; twice goes back two.

    ConflictError where there is none.
    """
    last = changes[-1] if changes else START
    stack: list[str | None] = [None]
    for change in changes:
        if change.what is What.PROMOTED:
            stack.append(change.champion)
        elif change.what is What.ROLLED_BACK:
            stack.pop()
    if len(stack) < 2:
        raise ConflictError("there is no model to go back to", code="nothing_before")
    return Change(last.number + 1, What.ROLLED_BACK, stack[-2], last.challenger)


def shadow(changes: Sequence[Change], version: str | None) -> Change:
    """Let `version` answer beside the champion; None ends that. ConflictError for the champion."""
    last = changes[-1] if changes else START
    if version is not None and version == last.champion:
        raise ConflictError(f"{version} decides already", code="is_champion")
    return Change(last.number + 1, What.SHADOWED, last.champion, version)
