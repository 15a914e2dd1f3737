"""What the CRM knows of a customer, and how much of it a role sees (S111, S112).

Fields are masked, not left out: people see that there is a phone number before they ask for it, and
asking is an entry of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime

from common.errors import ForbiddenError, InvalidInputError

PURPOSE_LENGTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """An earlier contact on any channel, as the CRM has it."""

    at: datetime
    channel: str
    subject: str
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer of the CRM; None where it does not say."""

    customer_id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: str | None = None
    customer_since: date | None = None
    products: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()


FIELDS = tuple(each.name for each in fields(Customer))


def _mail(value: str) -> str:
    """`m***@***.example`: enough to ask whether it is still the right one."""
    local, at, host = value.rpartition("@")
    return f"{local[:1]}***@***{host[host.rfind('.') :]}" if at and "." in host else "***"


def _phone(value: str) -> str:
    digits = re.sub(r"\D", "", value)
    return f"*** {digits[-2:]}" if len(digits) > 5 else "***"


def _hidden(_: str) -> str:
    return "***"


def _initials(value: str) -> str:
    return " ".join(f"{part[:1]}." for part in value.split())


_MASKS: Mapping[str, Callable[[str], str]] = {
    "name": _initials,
    "email": _mail,
    "phone": _phone,
    "address": _hidden,
}
UNMASKABLE = tuple(_MASKS)
_SEEN_IN_FULL: Mapping[str, frozenset[str]] = {
    "triage": frozenset(),
    "agent": frozenset({"name"}),
    "lead": frozenset({"name", "email"}),
}
MAY_UNMASK = frozenset({"agent", "lead"})


@dataclass(frozen=True, slots=True)
class Look:
    """A look at a customer: under which role, what is shown in full, and why."""

    role: str
    in_full: frozenset[str]
    asked_for: tuple[str, ...] = ()
    purpose: str | None = None


def plain_look(roles: Collection[str]) -> Look:
    """What the mightiest of these roles sees without asking."""
    role = _mightiest(roles)
    return Look(role, _SEEN_IN_FULL[role])


def unmasking(roles: Collection[str], wanted: Collection[str], *, purpose: str) -> Look:
    """A look that shows `wanted` in full, for a purpose that is kept.

    Raises ForbiddenError for roles that may not, InvalidInputError without fields or purpose.
    """
    if MAY_UNMASK.isdisjoint(roles):
        raise ForbiddenError(
            "your role sees masked data only",
            code="unmasking_not_allowed",
            details={"who_may": sorted(MAY_UNMASK)},
        )
    if not purpose.strip() or len(purpose) > PURPOSE_LENGTH:
        raise InvalidInputError(
            f"say in 1 to {PURPOSE_LENGTH} characters what for", code="purpose_missing"
        )
    unknown = sorted(set(wanted) - set(UNMASKABLE))
    if unknown or not wanted:
        raise InvalidInputError(
            f"fields that can be unmasked: {', '.join(UNMASKABLE)}", code="bad_fields"
        )
    role = _mightiest(roles)
    asked = tuple(name for name in UNMASKABLE if name in wanted)
    return Look(role, _SEEN_IN_FULL[role] | frozenset(asked), asked, purpose.strip())


def shown(customer: Customer, look: Look) -> Customer:
    """The customer as this look sees them."""
    values = {name: getattr(customer, name) for name in FIELDS}
    for name, mask in _MASKS.items():
        if values[name] is not None and name not in look.in_full:
            values[name] = mask(values[name])
    return Customer(**values)


def known_fields(customers: Collection[Customer]) -> tuple[str, ...]:
    """The fields that hold something: what an entry of the access log names."""
    return tuple(
        name for name in FIELDS if any(getattr(each, name) not in (None, ()) for each in customers)
    )


def _mightiest(roles: Collection[str]) -> str:
    return next((role for role in ("lead", "agent") if role in roles), "triage")
