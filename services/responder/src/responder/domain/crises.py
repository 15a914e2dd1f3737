"""The crisis mode as the responder needs it: who alone lets words pass while it is on (S26)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Crisis:
    """A switch that a person set. `topic` None is everything; no approvers restrict nothing."""

    crisis_id: UUID
    topic: str | None
    is_on: bool
    approvers: frozenset[str]
    switched_at: datetime


def approvers_in(crises: Iterable[Crisis], topics: Iterable[str]) -> frozenset[str] | None:
    """Who alone may approve in a case with these topics; None where everybody may.

    Of several crises each must name the person.
    """
    about = frozenset(topics)
    named = [
        crisis.approvers
        for crisis in crises
        if crisis.is_on and crisis.approvers and (crisis.topic is None or crisis.topic in about)
    ]
    return frozenset.intersection(*named) if named else None
