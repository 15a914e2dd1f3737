"""Persons as the wire knows them."""

from __future__ import annotations

from common.events.parts import Actor
from responder.domain.persons import Person


def actor_of(person: Person) -> Actor:
    return Actor(id=person.id, name=person.name)
