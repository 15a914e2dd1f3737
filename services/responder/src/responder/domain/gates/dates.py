"""Dates as people write them in German and English, as values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januar jänner jan january", "februar feb february", "märz maerz mrz march mar",
            "april apr", "mai may", "juni jun june", "juli jul july", "august aug",
            "september sept sep", "oktober okt october oct", "november nov",
            "dezember dez december dec",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_NUMERIC = re.compile(
    r"(?<![\d.])(?:(?P<y1>\d{4})[-/.](?P<m1>\d{1,2})[-/.](?P<d1>\d{1,2})"
    r"|(?P<d2>\d{1,2})\s?[./-]\s?(?P<m2>\d{1,2})\s?[./-]\s?(?P<y2>\d{4}|\d{2})?)(?!\d)"
)
_NAMED = re.compile(
    rf"(?i)(?<!\w)(?:(?P<d1>\d{{1,2}})(?:\.|st|nd|rd"
    rf"|th)?(?:\s+of)?\s*(?P<m1>{_MONTH})\b\.?(?:,?\s*(?P<y1>\d{{4}}))?"
    rf"|(?P<m2>{_MONTH})\b\.?\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<y2>\d{{4}}))?)"
)


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date in a text; `year` is None where none was written."""

    start: int
    end: int
    day: int
    month: int
    year: int | None

    def on(self, today: date) -> date | None:
        """The date, or the next such day where no year was written; None for no real day."""
        year = self.year or today.year
        try:
            found = date(year, self.month, self.day)
            if self.year is None and found < today:
                found = date(year + 1, self.month, self.day)
        except ValueError:
            return None
        return found


def written_dates(text: str) -> Iterator[WrittenDate]:
    """Every date, day before month; a number above 12 in the place of the month turns them."""
    for match in _NUMERIC.finditer(text):
        part = match.groupdict()
        day, month = int(part["d1"] or part["d2"]), int(part["m1"] or part["m2"])
        year = part["y1"] or part["y2"]
        if month > 12 >= day:
            day, month = month, day
        if not (1 <= day <= 31 and 1 <= month <= 12):
            continue
        yield WrittenDate(match.start(), match.end(), day, month, _full_year(year))
    for match in _NAMED.finditer(text):
        part = match.groupdict()
        day = int(part["d1"] or part["d2"])
        month = _MONTHS[(part["m1"] or part["m2"]).lower()]
        if 1 <= day <= 31:
            year = part["y1"] or part["y2"]
            yield WrittenDate(match.start(), match.end(), day, month, _full_year(year))


def _full_year(year: str | None) -> int | None:
    if year is None:
        return None
    number = int(year)
    return number if number > 99 else number + (1900 if number > 40 else 2000)
