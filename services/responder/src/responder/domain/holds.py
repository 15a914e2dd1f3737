"""Cool-off: a draft that rests for some minutes, by its author or by a gate (S60)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from common.errors import ConflictError, ForbiddenError
from responder.domain.drafts import Draft
from responder.domain.persons import Person
from responder.domain.words import DraftState

LONGEST = timedelta(hours=24)
_MAY_REST = frozenset({DraftState.WRITING, DraftState.SUBMITTED, DraftState.REJECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A draft that rests. `held_by` is a person or `gate|<rule>`."""

    hold_id: UUID
    draft_id: UUID
    held_until: datetime
    reason: str
    held_by: Person
    handed_to: Person | None


def require_may_rest(draft: Draft) -> None:
    """Raises ConflictError `illegal_step`: what is approved is withdrawn or rewritten instead."""
    if draft.state not in _MAY_REST:
        raise ConflictError(f"a draft that is {draft.state} cannot cool off", code="illegal_step")


def require_may_release(hold: Hold, draft: Draft, person: Person, *, roles: frozenset[str]) -> None:
    """Raises ForbiddenError `own_text`: whoever wrote it does not cut their own pause short."""
    if draft.is_written_by(person) and "lead" not in roles:
        raise ForbiddenError("a colleague or a lead ends a cool-off early", code="own_text")
