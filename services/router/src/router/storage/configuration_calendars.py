"""The sections `calendars` and `clocks` of the configuration, and their way to the domain (S119).

A calendar is a working week in a zone, the public holidays of a federal state, and own closures. A
clock has a time, and counts by a calendar or, without one, every second.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from router.domain.calendars import Calendar, Period
from router.domain.clocks import ANSWER, DEPARTMENT, FIRST_REACTION, ClockPolicy, ClockTerms
from router.domain.escalation import EscalationPolicy
from router.storage.configuration_clocks import DecisionWord
from router.storage.configuration_part import ConfigurationPart, Name, Text, Zone
from router.storage.public_holidays import holidays_of

DayWord = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: tuple[DayWord, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Times = Annotated[str, Field(pattern=r"^\d{2}:\d{2}-\d{2}:\d{2}$")]
"""A part of a day, `08:00-12:30`; the end may be 24:00."""


class HolidaysDocument(ConfigurationPart):
    """Public holidays of a country, or of one of its federal states: `{country: DE, state: BY}`."""

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    state: Annotated[str | None, Field(max_length=10)] = None

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        holidays_of(self.country, self.state)
        return self


class ClosureDocument(ConfigurationPart):
    """Own free days, from the first to the last."""

    first: date
    last: date
    reason: Text

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not timedelta(0) <= self.last - self.first <= timedelta(days=366):
            raise ValueError("a closure goes from a day to the same or a later one of a year")
        return self

    def days(self) -> list[date]:
        count = (self.last - self.first).days + 1
        return [self.first + timedelta(days=number) for number in range(count)]


class CalendarDocument(ConfigurationPart):
    """Several periods a day, per day of the week; a day that is not named is free."""

    zone: Zone = "Europe/Berlin"
    week: dict[DayWord, Annotated[tuple[Times, ...], Field(max_length=12)]]
    holidays: HolidaysDocument | None = None
    closures: Annotated[tuple[ClosureDocument, ...], Field(max_length=200)] = ()

    @model_validator(mode="after")
    def _is_a_calendar(self) -> Self:
        self.calendar("checked")
        return self

    def calendar(self, name: str) -> Calendar:
        """The value that clocks count with. ValueError for one that cannot be."""
        public = holidays_of(self.holidays.country, self.holidays.state) if self.holidays else ()
        own = [day for closure in self.closures for day in closure.days()]
        try:
            return Calendar(
                name=name,
                zone=self.zone,
                week=tuple(_periods(self.week.get(day, ())) for day in _DAYS),
                days_off=frozenset(public) | frozenset(own),
            )
        except Exception as error:
            raise ValueError(str(error)) from error


class FirstReactionDocument(ConfigurationPart):
    """The clock of S47 and S48; it starts for mentions with one of `decisions`."""

    minutes: Annotated[float, Field(gt=0, le=10_080)] = 10
    warn_at_percent: Annotated[float, Field(gt=0, lt=100)] = 70
    decisions: tuple[DecisionWord, ...] = ("service", "triage")
    calendar: Name | None = None


class HoursDocument(ConfigurationPart):
    """So many hours, by a calendar or, without one, every hour of the day."""

    hours: Annotated[float, Field(gt=0, le=8760)]
    warn_at_percent: Annotated[float, Field(gt=0, lt=100)] = 75
    calendar: Name | None = None

    def terms(self, calendars: Mapping[str, Calendar]) -> ClockTerms:
        return ClockTerms(
            duration=timedelta(hours=self.hours),
            warn_share=self.warn_at_percent / 100,
            calendar=calendars[self.calendar] if self.calendar else None,
        )


class ClocksDocument(ConfigurationPart):
    """The clocks; see docs/clocks.md for what starts, pauses and stops each.

    `follow_up`: by when a follow-up that is due must have a result. `look_again` and
    `look_sooner`: when policy looks at a case of which nothing else would speak (S7); sooner after
    a breach. `people_may_change`: the kinds a person may pause, resume and waive.
    """

    first_reaction: FirstReactionDocument = FirstReactionDocument()
    answer: HoursDocument = HoursDocument(hours=24)
    department: HoursDocument = HoursDocument(hours=48)
    follow_up: HoursDocument = HoursDocument(hours=24)
    look_again: HoursDocument = HoursDocument(hours=72)
    look_sooner: HoursDocument = HoursDocument(hours=1)
    people_may_change: tuple[Literal["first_reaction", "answer", "department"], ...] = (
        "answer",
        "department",
    )

    def named_calendars(self) -> list[tuple[str, str]]:
        """Every clock that names a calendar, with the name."""
        return [
            (clock, name)
            for clock in (
                *("first_reaction", "answer", "department", "follow_up"),
                *("look_again", "look_sooner"),
            )
            if (name := getattr(self, clock).calendar) is not None
        ]

    def first_reaction_terms(self, calendars: Mapping[str, Calendar]) -> ClockTerms:
        first = self.first_reaction
        return ClockTerms(
            duration=timedelta(minutes=first.minutes),
            warn_share=first.warn_at_percent / 100,
            decisions=frozenset(first.decisions),
            calendar=calendars[first.calendar] if first.calendar else None,
        )

    def policy(self, calendars: Mapping[str, Calendar]) -> ClockPolicy:
        return ClockPolicy(
            answer=self.answer.terms(calendars),
            department=self.department.terms(calendars),
            follow_up=self.follow_up.terms(calendars),
            look_again=self.look_again.terms(calendars),
            look_sooner=self.look_sooner.terms(calendars),
            commands=frozenset(self.people_may_change) & {FIRST_REACTION, ANSWER, DEPARTMENT},
        )


class EscalationDocument(ConfigurationPart):
    """The `contacts`-th contact without an answer within `within_days` goes to the lead (S13)."""

    contacts: Annotated[int, Field(ge=2, le=100)] = 3
    within_days: Annotated[int, Field(ge=1, le=365)] = 14

    def policy(self) -> EscalationPolicy:
        return EscalationPolicy(contacts=self.contacts, within=timedelta(days=self.within_days))


def _periods(times: tuple[str, ...]) -> tuple[Period, ...]:
    return tuple(sorted(Period(*map(_minutes, each.split("-"))) for each in times))


def _minutes(time: str) -> int:
    hours, minutes = (int(part) for part in time.split(":"))
    if minutes > 59:
        raise ValueError("an hour has sixty minutes")
    return 60 * hours + minutes
