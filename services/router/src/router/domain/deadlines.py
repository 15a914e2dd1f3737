"""Deadline arithmetic: how much time counted between two moments, and when a span has passed.

Without a calendar every second counts; with one, only its working time. All results are in UTC.
For every calendar `c`, moment `t` and span `s`: counted(c, t, moment_after(c, t, s)) == s.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from common.errors import ConfigurationError
from router.domain.calendars import Calendar, Span

NOTHING = timedelta(0)


def counted(calendar: Calendar | None, since: datetime, until: datetime) -> timedelta:
    """The time that counts between two aware moments; zero where `until` is not later."""
    if until <= since:
        return NOTHING
    if calendar is None:
        return until - since
    return sum(
        (span.end - span.start for span in counted_spans(calendar, since, until)), start=NOTHING
    )


def counted_spans(calendar: Calendar, since: datetime, until: datetime) -> list[Span]:
    """The working spans between two moments, cut to them, in order."""
    found: list[Span] = []
    start, end = since.astimezone(UTC), until.astimezone(UTC)
    for span in calendar.spans_from(start):
        if span.start >= end:
            break
        found.append(Span(max(span.start, start), min(span.end, end)))
    return found


def moment_after(calendar: Calendar | None, since: datetime, span: timedelta) -> datetime:
    """The earliest moment at which `span` has counted since `since`; that itself for no span.

    Raises ConfigurationError where ten years of the calendar do not hold that much time.
    """
    begin = since.astimezone(UTC)
    if span <= NOTHING:
        return begin
    if calendar is None:
        return begin + span
    left = span
    for working in calendar.spans_from(begin):
        start = max(working.start, begin)
        if working.end - start >= left:
            return start + left
        left -= working.end - start
    raise ConfigurationError(f"calendar {calendar.name} has too little working time")
