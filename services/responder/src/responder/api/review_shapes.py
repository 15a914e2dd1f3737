"""Offers of reviews and cool-offs as JSON; drafts and reviews both show them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from responder.api.shapes import PersonView
from responder.domain.holds import Hold
from responder.domain.persons import Person
from responder.domain.reviews import Offer, OfferState


class OfferView(BaseModel):
    """Who is asked to read it until when; `reviewer` null asks everybody who may."""

    round: int
    state: OfferState
    reviewer: PersonView | None
    offered_at: datetime
    expires_at: datetime
    is_mine: bool


class HoldView(BaseModel):
    """A draft that cools off; `held_by` is a person or a gate, `handed_to` who takes over."""

    held_until: datetime
    reason: str
    held_by: PersonView
    handed_to: PersonView | None


def show_offer(offer: Offer, me: str) -> OfferView:
    reviewer = offer.reviewer
    return OfferView(
        round=offer.round,
        state=offer.state,
        reviewer=_person(reviewer) if reviewer else None,
        offered_at=offer.offered_at,
        expires_at=offer.expires_at,
        is_mine=reviewer is not None and reviewer.id == me,
    )


def show_hold(hold: Hold) -> HoldView:
    return HoldView(
        held_until=hold.held_until,
        reason=hold.reason,
        held_by=_person(hold.held_by),
        handed_to=_person(hold.handed_to) if hold.handed_to else None,
    )


def _person(person: Person) -> PersonView:
    return PersonView(id=person.id, name=person.name)
