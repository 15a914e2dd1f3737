"""Hide or delete a post, or block its author: proposed by one, decided by another (S106).

Freedom of opinion is the reason for two people and for a reason in words; anger is none to delete.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.errors import ConflictError, ForbiddenError, PreconditionFailedError
from responder.domain.persons import Person


class ModerationAction(enum.StrEnum):
    HIDE = "hide"
    DELETE = "delete"
    BLOCK = "block"


class ModerationState(enum.StrEnum):
    """`by_hand` where no adapter can do it: a person does it on the network and says so."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    BY_HAND = "by_hand"
    DONE = "done"


_S = ModerationState
TRANSITIONS: Mapping[ModerationState, frozenset[ModerationState]] = {
    _S.PROPOSED: frozenset({_S.APPROVED, _S.REJECTED}),
    _S.APPROVED: frozenset({_S.DONE, _S.BY_HAND}),
    _S.BY_HAND: frozenset({_S.DONE}),
    _S.REJECTED: frozenset(),
    _S.DONE: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderation:
    """`target` is a post's native id, or the author's for a block."""

    moderation_id: UUID
    case_id: UUID
    conversation_id: UUID
    network: str
    account: str
    target: str
    action: ModerationAction
    reason: str
    proposed_by: Person
    state: ModerationState
    version: int
    decision: str | None
    decided_by: Person | None
    proposed_at: datetime
    decided_at: datetime | None
    done_at: datetime | None
    last_error: str | None


def require_step(moderation: Moderation, target: ModerationState) -> None:
    """Raises ConflictError `illegal_step`."""
    if target not in TRANSITIONS[moderation.state]:
        raise ConflictError(f"the moderation is {moderation.state}", code="illegal_step")


def require_may_decide(moderation: Moderation, person: Person, *, version: int) -> None:
    """Raises ForbiddenError `own_proposal`, PreconditionFailedError for what was not seen."""
    if moderation.proposed_by.id == person.id:
        raise ForbiddenError("somebody else decides it", code="own_proposal")
    if moderation.version != version:
        raise PreconditionFailedError(
            f"the moderation is at version {moderation.version}, not {version}",
            code="stale_moderation",
        )
