"""Times in the future as people say them, German and English, as a day and perhaps an hour."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from responder.domain.gates.dates import written_dates

Deadline = tuple[date, time | None]

_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "montag mo monday", "dienstag di tuesday", "mittwoch mi wednesday",
            "donnerstag do thursday", "freitag fr friday", "samstag sonnabend sa saturday",
            "sonntag so sunday",
        )
    )
    for name in names.split()
    if len(name) > 2
}  # fmt: skip
_DAY_NAME = "|".join(_WEEKDAYS)
_COUNTS = {
    "ein": 1, "eine": 1, "einen": 1, "einem": 1, "einer": 1, "eines": 1, "zwei": 2, "drei": 3,
    "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10, "vierzehn": 14,
    "zwölf": 12, "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "fourteen": 14, "twelve": 12, "paar": 3, "few": 3,
    "couple": 2, "wenigen": 3, "next": 1, "nächsten": 1, "kommenden": 1, "half": 1, "halben": 1,
    "next few": 3, "nächsten paar": 3, "24": 24,
}  # fmt: skip
_COUNT = rf"(?P<count>\d{{1,3}}|{'|'.join(sorted(map(re.escape, _COUNTS), key=len, reverse=True))})"
_UNIT = (
    r"(?P<unit>minuten?|stunden?|werktage?n?|arbeitstage?n?|tage?s?n?|wochen?|monate?n?|std\.?"
    r"|minutes?|hours?|(?:working|business) days?|days?|weeks?|months?)"
)
_SPAN = re.compile(
    rf"(?i)\b(?:innerhalb|binnen|innert|in|within|over|during|spätestens in|nach"
    rf"|im laufe)\s+(?:von\s+|the\s+|der\s+|den\s+|about\s+|etwa\s+|ca\.?\s+|ungefähr\s+"
    rf"|spätestens\s+|weniger als\s+|less than\s+|under\s+|next\s+|nächsten\s+|kommenden\s+"
    rf"|a\s+(?=couple|few))*{_COUNT}(?:\s*(?:bis|-|–|to)\s*(?P<upper>\d{{1,3}}"
    rf"|{'|'.join(_COUNTS)}))?\s+(?:of\s+|the\s+)?{_UNIT}\b"
)
_CLOCK = re.compile(
    r"(?i)\b(?:bis|um|gegen|vor|spätestens|by|before|at|until|till"
    r"|no later than)\s+(?:spätestens\s+|ca\.?\s+|about\s+"
    r"|etwa\s+)?(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))?\s*(?P<mark>uhr|h\b|a\.?m\.?|p\.?m\.?"
    r"|o['’]clock)"
)
_PLAIN: tuple[tuple[str, int, time | None], ...] = (
    (r"übermorgen|(?:the )?day after tomorrow", 2, None),
    (r"morgen (?:früh|vormittag)|tomorrow morning", 1, time(12)),
    (r"morgen mittag|tomorrow (?:at )?(?:noon|lunchtime)", 1, time(13)),
    (r"morgen nachmittag|tomorrow afternoon", 1, time(18)),
    (r"morgen abend|tomorrow (?:evening|night)", 1, time(22)),
    (
        (
            r"(?<!guten )(?<!heute )(?<!jeden )(?<!am )\bmorgen\b(?! früh)|tomorrow\b"
            r"|\b(?:am )?(?:nächsten|folgenden) (?:werk)?tag|next (?:business |working )?day"
        ),
        1,
        None,
    ),
    (r"heute (?:vormittag|früh)|this morning", 0, time(12)),
    (r"heute mittag|(?:by|before) (?:noon|lunchtime)|bis mittag\b", 0, time(13)),
    (r"heute nachmittag|this afternoon", 0, time(18)),
    (
        (
            r"heute abend|tonight|this evening|(?:by|before) (?:the )?end of (?:the "
            r"|this )?(?:business )?day|\beod\b|bis (?:heute )?feierabend|bis zum abend"
        ),
        0,
        time(22),
    ),
    (
        (
            r"im laufe des (?:heutigen )?tage?s|heute noch|noch heute|bis heute|\bheute\b"
            r"|later today|\btoday\b|by close of business|during the day"
        ),
        0,
        None,
    ),
)
_DAYS = tuple((re.compile(rf"(?i)(?:{pattern})"), days, at) for pattern, days, at in _PLAIN)
_WEEKDAY = re.compile(
    rf"(?i)\b(?P<next>nächste[nr]?|kommende[nr]?|next|this"
    rf"|diese[nr]?)?\s*\b(?P<day>{_DAY_NAME})(?P<part>vormittag|mittag|nachmittag|abend| morning"
    rf"| afternoon| evening)?(?P<many>s)?\b"
)
_WEEK_END = re.compile(
    r"(?i)\b(?:bis )?(?:zum )?(?:ende|end)\s+(?:der|dieser|of (?:the|this))\s+(?:woche|week)\b"
    r"|\b(?:noch )?(?:in )?diese[r]?\s+woche|this week|im laufe der woche|ende der woche"
    r"|(?:bis )?(?:zum |vor dem )?wochenende|(?:by|before) the weekend"
)
_NEXT_WEEK_END = re.compile(
    r"(?i)(?:ende|end)\s+(?:der |of )?(?:nächste[rn]?|kommende[rn]?|next)\s+(?:woche|week)"
    r"|(?:nächste[rn]?|kommende[rn]?|next)\s+(?:woche|week)"
)
_NEXT_WEEK_START = re.compile(
    r"(?i)(?:anfang|beginning of|early)\s+(?:der |of )?(?:nächste[rn]?|kommende[rn]?"
    r"|next)\s+(?:woche|week)"
)
_MONTH_END = re.compile(
    r"(?i)(?:ende|end)\s+(?:des|dieses|of (?:the|this))\s+(?:monats?|month)|\bmonatsende"
    r"|diesen monat|this month|im laufe des monats"
)
_NEXT_MONTH = re.compile(r"(?i)(?:nächste[nr]?|kommende[nr]?|next)\s+(?:monat|month)")
_PARTS = {
    "vormittag": time(12), "mittag": time(13), "nachmittag": time(18), "abend": time(22),
    "morning": time(12), "afternoon": time(18), "evening": time(22),
}  # fmt: skip


def deadline_in(text: str, now: datetime) -> Deadline | None:
    """The last moment that the text names, in the zone of `now`; None where it names none.

    Working days are Monday to Friday. A weekday is its next occurrence, today excluded.
    """
    span = _SPAN.search(text)
    if span is not None:
        return _after(span, now)
    clock = _CLOCK.search(text)
    at = _time_of(clock) if clock else None
    found = _day(text, now)
    if found is not None:
        return found[0], at or found[1]
    return (now.date(), at) if at is not None else None


def _day(text: str, now: datetime) -> Deadline | None:
    today = now.date()
    for written in written_dates(text):
        day = written.on(today)
        if day is not None and day >= today:
            return day, None
    for pattern, days, at in _DAYS:
        if pattern.search(text):
            return today + timedelta(days=days), at
    weekday = _WEEKDAY.search(text)
    if weekday is not None and not weekday.group("many"):
        return _weekday(weekday, today)
    return _period(text, today)


def _weekday(match: re.Match[str], today: date) -> Deadline:
    ahead = (_WEEKDAYS[match.group("day").lower()] - today.weekday() - 1) % 7 + 1
    part = (match.group("part") or "").strip().lower()
    return today + timedelta(days=ahead), _PARTS.get(part)


def _period(text: str, today: date) -> Deadline | None:
    monday = today - timedelta(days=today.weekday())
    if _NEXT_WEEK_START.search(text):
        return monday + timedelta(days=8), None
    if _NEXT_WEEK_END.search(text):
        return monday + timedelta(days=11), None
    if _WEEK_END.search(text):
        return max(monday + timedelta(days=4), today), None
    if _NEXT_MONTH.search(text):
        return _month_end(_month_end(today) + timedelta(days=1)), None
    return (_month_end(today), None) if _MONTH_END.search(text) else None


def _month_end(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _after(match: re.Match[str], now: datetime) -> Deadline:
    written = (match.group("upper") or match.group("count")).lower()
    count = int(written) if written.isdigit() else _COUNTS[written]
    unit = match.group("unit").lower()
    if unit.startswith(("min", "stund", "std", "hour")):
        step = timedelta(minutes=count) if unit.startswith("min") else timedelta(hours=count)
        end = now + step
        return end.date(), end.time().replace(second=0, microsecond=0)
    if unit.startswith(("werk", "arbeit", "working", "business")):
        return _working_days(now.date(), count), None
    days = {"w": 7, "m": 30}.get(unit[0], 1) * count
    return now.date() + timedelta(days=days), None


def _working_days(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def _time_of(match: re.Match[str]) -> time | None:
    hour, minute = int(match.group("hour")), int(match.group("minute") or 0)
    mark = match.group("mark").lower().replace(".", "")
    if mark == "pm" and hour < 12:
        hour += 12
    return time(hour % 24, minute) if hour <= 24 and minute < 60 else None
