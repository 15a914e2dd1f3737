"""What the router publishes about the company's own people and systems (S31, S103, S111).

Offers of cases to persons on duty, actions that other systems carry out, looks at customers' data.
The case's life is router.py, its clocks and follow-ups are router_time.py.
"""

from __future__ import annotations

from uuid import UUID

from common.events.parts import Actor, Moment, Part


class CaseOffered(Part, frozen=True, kw_only=True):
    """A case is offered to a person on duty until a moment; then to the next (S31).

    `round` counts the offers of this case; it stays in its team's queue meanwhile.
    """

    case_id: UUID
    conversation_id: UUID
    team: str
    rota: str
    round: int
    person: Actor
    until: Moment
    reason: str
    configuration_version: int


class ActionRequested(Part, frozen=True, kw_only=True):
    """Something of the catalogue is to be done for a customer; `system` does it (S103).

    `parameters` are texts: numbers in digits, days as YYYY-MM-DD, true or false.
    """

    action_id: UUID
    case_id: UUID
    conversation_id: UUID
    action: str
    system: str
    parameters: dict[str, str]
    actor: Actor
    role: str
    due_at: Moment
    configuration_version: int
    origin: str = "social"


class ActionConfirmed(Part, frozen=True, kw_only=True):
    """The other system has done it; `reference` is its own number for it."""

    action_id: UUID
    case_id: UUID
    conversation_id: UUID
    action: str
    system: str
    actor: Actor
    confirmed_at: Moment
    was_in_time: bool
    reference: str | None = None
    note: str | None = None


class ActionRefused(Part, frozen=True, kw_only=True):
    """The other system will not do it; the note says why."""

    action_id: UUID
    case_id: UUID
    conversation_id: UUID
    action: str
    system: str
    actor: Actor
    refused_at: Moment
    was_in_time: bool
    note: str
    reference: str | None = None


class ActionOverdue(Part, frozen=True, kw_only=True):
    """Nobody has confirmed or refused an action in time; it is still awaited."""

    action_id: UUID
    case_id: UUID
    conversation_id: UUID
    action: str
    system: str
    due_at: Moment
    overdue_at: Moment


class CustomerAccessed(Part, frozen=True, kw_only=True):
    """A person looked at a customer's data: which fields, why, never what stood in them (S111).

    `unmasked` are those of `fields` that were shown in full.
    """

    access_id: UUID
    case_id: UUID
    conversation_id: UUID
    actor: Actor
    role: str
    fields: tuple[str, ...]
    unmasked: tuple[str, ...]
    is_degraded: bool
    accessed_at: Moment
    purpose: str | None = None
