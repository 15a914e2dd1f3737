"""An entry as people read it: when, who, what, with personal fields masked where they must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from audit.domain.masking import MASK, masked
from audit.domain.wording import line_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadableEntry:
    """One line of a history. `who` is the acting person's name, None where a service acted."""

    conversation_id: UUID
    seq: int
    event_id: UUID
    topic: str
    type: str
    subject: str
    case_id: UUID | None
    mention_id: UUID | None
    at: datetime
    recorded_at: datetime
    who: str | None
    what: str
    data: Any
    hash: str


def name_of(body: Any) -> str | None:
    """The acting person's name in an event's body, if a person acted."""
    actor = body.get("actor") if isinstance(body, Mapping) else None
    if actor == MASK:
        return MASK
    name = actor.get("name") if isinstance(actor, Mapping) else None
    return name if isinstance(name, str) else None


def readable(body: Any, type_: str, *, masks: Sequence[str] | None) -> tuple[str | None, str, Any]:
    """Who, what and the data of an event. `masks` are the paths to hide (see `masking.masked`)."""
    shown = masked(body, masks)
    return name_of(shown), line_of(type_, shown), shown
