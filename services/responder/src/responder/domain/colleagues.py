"""The people of the configuration as readers: who is there, who is certified, who may be asked.

Where nobody is configured everything stays open to whoever has the role: a review is then offered
to all. Whose turn it is among those who may be asked is `rota`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from responder.domain.persons import Person
from responder.domain.words import Audience

READER_ROLES = frozenset({"agent", "lead", "triage"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """Somebody of the configuration (S31 to S33, S41, S42). `weight` 0.5 is half time."""

    person: Person
    teams: frozenset[str]
    roles: frozenset[str] = frozenset()
    weight: float = 1.0
    certified_from: datetime | None = None
    absences: tuple[tuple[datetime, datetime], ...] = ()

    def is_certified(self, at: datetime) -> bool:
        """Whether they may let public words pass at this moment."""
        return self.certified_from is not None and self.certified_from <= at

    def is_there(self, at: datetime) -> bool:
        """Whether no absence covers this moment; an absence's end is not part of it."""
        return not any(start <= at < end for start, end in self.absences)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is to be read: whose case, for whom, by whom not, and who alone in a crisis."""

    team: str
    audience: Audience
    authors: frozenset[str]
    approvers: frozenset[str] | None = None
    already_asked: Collection[str] = ()


def candidates(
    people: Sequence[Colleague], reading: Reading, *, at: datetime
) -> Sequence[Colleague]:
    """Who may be asked now: first those of the case's team who were not asked for this wording,
    then anybody of the team, then anybody at all. Empty where only an open offer is left (S57).
    """
    certificates = any(each.certified_from is not None for each in people)
    able = [
        each
        for each in people
        if each.person.id not in reading.authors
        and each.weight > 0
        and each.is_there(at)
        and (not each.roles or each.roles & READER_ROLES)
        and (reading.approvers is None or each.person.id in reading.approvers)
        and (not certificates or reading.audience is not Audience.PUBLIC or each.is_certified(at))
    ]
    team = [each for each in able if reading.team in each.teams]
    for group in (team, able):
        fresh = [each for each in group if each.person.id not in reading.already_asked]
        if fresh:
            return fresh
    return team or able
