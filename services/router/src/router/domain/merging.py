"""Merging two cases into one, and taking them apart again.

Conversations stay where they are, with the case that they began with; the merged case is closed
and points to the one that goes on. Both conversations' mentions then go to that one. A merge never
hides a customer who waits: what is owed publicly in one conversation cannot be paid in another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.errors import ConflictError, InvalidInputError
from router.domain.states import CaseState, CaseStep, after


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """One of the two cases. `owed_until` is the deadline of a first reaction that is awaited."""

    state: CaseState
    is_merged: bool
    has_merged: bool
    owed_until: datetime | None


def refuse_merge(source: Half, target: Half) -> bool:
    """Whether the first reaction to the source is waived, because the target's covers it.

    Raises ConflictError: a closed or merged case takes no part, a case that others were merged
    into is not merged itself (no chains), and a reaction owed to the source must be given first
    unless the target still owes one, and earlier.
    """
    after(source.state, CaseStep.MERGE)
    if target.is_merged or target.state is CaseState.CLOSED:
        raise ConflictError("the case to merge into is closed", code="target_is_closed")
    if source.has_merged:
        raise ConflictError(
            "other cases were merged into this one; merge the other way round",
            code="merge_the_other_way",
        )
    if source.owed_until is None:
        return False
    if target.owed_until is not None and target.owed_until <= source.owed_until:
        return True
    raise ConflictError(
        "the customer waits for a first reaction in this conversation; give it, or merge into the "
        "case that is due earlier",
        code="first_reaction_owed",
    )


def merged_target(merged_into: UUID | None) -> UUID:
    """The case that goes on; ConflictError for a case that was merged into none."""
    if merged_into is None:
        raise ConflictError("the case is not merged into another", code="not_merged")
    return merged_into


def refuse_itself(*, is_same: bool) -> None:
    """InvalidInputError for a case and itself."""
    if is_same:
        raise InvalidInputError("a case cannot be merged into itself", code="same_case")
