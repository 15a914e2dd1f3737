"""What the gates look at: a wording, and what is known of the case it answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from responder.domain.gates.findings import Policy
from responder.domain.words import Audience

PhoneFinder = Callable[[str], Sequence["Phone"]]
"""Finds telephone numbers in a text; the numbering plans are a library's (gateways.phones)."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone number in a text. `number` is E.164; `is_service` are free and shared-cost ones,
    which belong to organisations."""

    start: int
    end: int
    number: str
    is_service: bool


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` of `unit`, as `count` counts them (S14)."""

    unit: str
    most: int
    count: Callable[[str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A wording to be checked. `known_values` were learned in private or from the customer record.

    `kind` is one of the reply kinds; `already_tried` are the customer's own words (S84).
    """

    text: str
    visibility: Audience = Audience.PUBLIC
    kind: str = "answer"
    customer_text: str = ""
    known_values: tuple[str, ...] = ()
    recent_replies: tuple[str, ...] = ()
    already_tried: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    customer_is_abusive: bool = False
    is_crisis: bool = False
    policy: Policy = field(default_factory=Policy)

    @property
    def is_public(self) -> bool:
        return self.visibility is Audience.PUBLIC
