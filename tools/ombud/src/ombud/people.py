"""The invented staff of the Motorrad AG, for development tokens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works with Ombud; the development issuer signs for them."""

    subject: str
    name: str
    roles: tuple[str, ...]
    teams: tuple[str, ...] = ("community_management", "social_support")


MIA = Person("mia", "Mia Sommer", ("agent", "triage"))
TOM = Person("tom", "Tom Winter", ("agent", "triage"))
LEA = Person("lea", "Lea Herbst", ("lead", "agent"))
OLE = Person("ole", "Ole Observer", ("observer",))
OPS = Person("ops", "Operations", ("operator",))

STAFF: dict[str, Person] = {person.subject: person for person in (MIA, TOM, LEA, OLE, OPS)}
