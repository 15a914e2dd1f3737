"""Is an office open at a moment, and when does it open next: calendars as plain questions (S33)."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from router.domain.calendars import Calendar, spans_of_day


def is_open(calendar: Calendar, moment: datetime) -> bool:
    """Whether an aware moment lies in working time."""
    day = moment.astimezone(ZoneInfo(calendar.zone)).date()
    return any(span.start <= moment < span.end for span in spans_of_day(calendar, day))


def next_opening(calendar: Calendar, moment: datetime) -> datetime | None:
    """When the next stretch of working time begins after `moment`; None if not for ten years."""
    return next((s.start for s in calendar.spans_from(moment) if s.start > moment), None)
