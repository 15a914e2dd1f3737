"""The people of the company: who may do what, who is here, and who stands in (S32, S33, S41, S42).

People here come from the configuration; who asks something is `claims.Person`, from a token. Both
are compared by `issuer|subject` only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from router.domain.calendars import Calendar
from router.domain.opening import is_open, next_opening

FULL_TIME = 20
"""Weights are twentieths of a full working week, so that they are whole numbers."""
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What somebody has learned, from a day on, perhaps until another (S42)."""

    name: str
    valid_from: datetime
    valid_until: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        return self.valid_from <= now and (self.valid_until is None or now < self.valid_until)


@dataclass(frozen=True, slots=True)
class Absence:
    """Not here from `begins_at` until `ends_at` (not included)."""

    begins_at: datetime
    ends_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Needs:
    """What a duty asks of a person."""

    skills: frozenset[str] = frozenset()
    certificates: frozenset[str] = frozenset()


NO_NEEDS = Needs()


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """A person of the configuration. `weight` is in twentieths; `deputies` are ids, in order.

    Without a `calendar` they are here whenever they are not absent.
    """

    id: str
    name: str
    position: str
    roles: frozenset[str]
    teams: tuple[str, ...]
    weight: int = FULL_TIME
    skills: frozenset[str] = frozenset()
    certificates: tuple[Certificate, ...] = ()
    absences: tuple[Absence, ...] = ()
    deputies: tuple[str, ...] = ()
    calendar: Calendar | None = None

    def why_away(self, now: datetime) -> str | None:
        """Why they are not here at this moment; None when they are."""
        for absence in self.absences:
            if absence.begins_at <= now < absence.ends_at:
                return f"absent until {absence.ends_at.isoformat()}: {absence.reason}"
        if self.calendar is not None and not is_open(self.calendar, now):
            return f"outside their hours ({self.calendar.name})"
        return None

    def back_at(self, now: datetime) -> datetime | None:
        """When they may be here again; None where they are here."""
        ends = [each.ends_at for each in self.absences if each.begins_at <= now < each.ends_at]
        back = max(ends, default=None)
        if self.calendar is None or is_open(self.calendar, back or now):
            return back
        return next_opening(self.calendar, back or now)

    def why_unfit(self, needs: Needs, now: datetime) -> str | None:
        """Which skill or valid certificate is missing for a duty; None when nothing is."""
        missing = sorted(needs.skills - self.skills)
        if missing:
            return f"lacks the skill {', '.join(missing)}"
        valid = {each.name for each in self.certificates if each.is_valid(now)}
        missing = sorted(needs.certificates - valid)
        return f"holds no valid certificate {', '.join(missing)}" if missing else None

    def certified_for(self, certificate: str | None) -> tuple[datetime | None, datetime | None]:
        """From when until when they hold a certificate: the one that lasts longest.

        Where none is asked for, everybody always was certified; (None, None) means they are not.
        """
        if certificate is None:
            return ALWAYS, None
        held = [each for each in self.certificates if each.name == certificate]
        if not held:
            return None, None
        last = max(held, key=lambda each: (each.valid_until is None, each.valid_until or ALWAYS))
        return last.valid_from, last.valid_until


def deputies_of(people: Mapping[str, Colleague], person_id: str) -> Iterator[Colleague]:
    """Everybody who may stand in for a person, nearest first: their deputies, then theirs.

    Each at most once, never the person; ids that are unknown are skipped.
    """
    seen, waiting = {person_id}, [person_id]
    while waiting:
        person = people.get(waiting.pop(0))
        if person is None:
            continue
        for deputy_id in person.deputies:
            if deputy_id not in seen:
                seen.add(deputy_id)
                waiting.append(deputy_id)
                if deputy_id in people:
                    yield people[deputy_id]


def person_or_deputy(
    people: Mapping[str, Colleague], person_id: str, *, now: datetime
) -> Colleague | None:
    """Who does what is this person's to do: they, or the first of their chain who is here (S32).

    None where nobody of the chain is here. Somebody the configuration does not know is away.
    """
    person = people.get(person_id)
    if person is not None and person.why_away(now) is None:
        return person
    return next((each for each in deputies_of(people, person_id) if not each.why_away(now)), None)
