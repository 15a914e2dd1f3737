"""Calendars: when an office works, in its own zone, with holidays and closures (S38, S47, S51).

A calendar is a value: its days off are dates that somebody else looked up. Where daylight saving
skips an hour, a period loses it; where an hour is repeated, a period holds both. A period that
would begin or end inside a skipped hour begins or ends at the moment of the jump.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from common.errors import ConfigurationError

MINUTES_A_DAY = 24 * 60
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A part of a local day, in minutes since midnight: 0 <= start < end <= 1440."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= MINUTES_A_DAY:
            raise ConfigurationError(f"a period from minute {self.start} to {self.end} is none")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of real time, both ends in UTC; the end does not belong to it."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """`week` holds the periods of the seven days, Monday first; `days_off` are local dates.

    Two calendars are the same if their `fingerprint` is: the hash of everything but the name.
    Raises ConfigurationError for an unknown zone, overlapping periods, or a week without work.
    """

    name: str
    zone: str
    week: tuple[tuple[Period, ...], ...]
    days_off: frozenset[date] = frozenset()
    fingerprint: str = field(init=False, default="")

    def __post_init__(self) -> None:
        _check(self)
        days = ",".join(sorted(day.isoformat() for day in self.days_off))
        week = "|".join(";".join(f"{p.start}-{p.end}" for p in day) for day in self.week)
        digest = hashlib.sha256(f"{self.zone}|{week}|{days}".encode()).hexdigest()
        object.__setattr__(self, "fingerprint", digest[:32])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calendar) and other.fingerprint == self.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def spans_from(self, moment: datetime) -> Iterator[Span]:
        """The working spans that end after `moment` (aware), in order, for ten years."""
        first = moment.astimezone(ZoneInfo(self.zone)).date() - _A_DAY
        floor = moment.astimezone(UTC)
        for number in range(3660):
            for span in spans_of_day(self, first + number * _A_DAY):
                if span.end > floor:
                    yield span


@lru_cache(maxsize=8192)
def spans_of_day(calendar: Calendar, day: date) -> tuple[Span, ...]:
    """The working spans of a local date; none on a day off. They never overlap."""
    if day in calendar.days_off:
        return ()
    zone = ZoneInfo(calendar.zone)
    spans: list[Span] = []
    for period in calendar.week[day.weekday()]:
        start = _instant(day, period.start, zone, fold=0)
        end = _instant(day, period.end, zone, fold=1)
        if spans:
            # In the repeated hour one period may end after the next one begins.
            start = max(start, spans[-1].end)
        if start < end:
            spans.append(Span(start, end))
    return tuple(spans)


def as_document(calendar: Calendar) -> dict[str, Any]:
    """The calendar as plain JSON values; `from_document` is the way back."""
    return {
        "name": calendar.name,
        "zone": calendar.zone,
        "week": [[[p.start, p.end] for p in day] for day in calendar.week],
        "days_off": sorted(day.isoformat() for day in calendar.days_off),
    }


def from_document(document: Mapping[str, Any]) -> Calendar:
    """The calendar that `as_document` wrote."""
    return Calendar(
        name=document["name"],
        zone=document["zone"],
        week=tuple(tuple(Period(*period) for period in day) for day in document["week"]),
        days_off=frozenset(date.fromisoformat(day) for day in document["days_off"]),
    )


def _check(calendar: Calendar) -> None:
    try:
        ZoneInfo(calendar.zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigurationError(f"calendar {calendar.name}: unknown zone") from error
    if len(calendar.week) != 7 or not any(calendar.week):
        raise ConfigurationError(f"calendar {calendar.name} needs seven days and one period")
    for day in calendar.week:
        for earlier, later in pairwise(day):
            if later.start < earlier.end:
                raise ConfigurationError(f"calendar {calendar.name}: periods overlap")


def _instant(day: date, minute: int, zone: ZoneInfo, *, fold: int) -> datetime:
    """The UTC moment of a local time; of a repeated one the first (`fold` 0) or the second."""
    days, minutes = divmod(minute, MINUTES_A_DAY)
    wall = datetime.combine(day + days * _A_DAY, time(minutes // 60, minutes % 60))
    local = wall.replace(tzinfo=zone, fold=fold)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    return _jump(wall, zone)


def _jump(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment at which the clocks jump over the local time `wall`, to the second."""
    ends = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    before, after = min(ends), max(ends)
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle <= before:
            break
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after
