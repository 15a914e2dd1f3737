"""What all parts of the configuration document share: strictness, names, and days (S119).

The sections themselves are in the configuration_*.py beside this one; the document that holds them
all is configuration_document.py.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Text = Annotated[str, Field(min_length=1, max_length=300)]
PersonId = Annotated[str, Field(min_length=3, max_length=300, pattern=r"^[^|]+\|.+$")]
"""`issuer|subject` of the person's tokens."""


class ConfigurationPart(BaseModel):
    """Unknown fields are refused: a misspelt condition would otherwise hold for everything."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except Exception as error:
        raise ValueError(f"{name[:60]} is no zone of the IANA database") from error
    return name


Zone = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_known_zone)]


Day = date | AwareDatetime
"""A whole day of the company's zone, or a moment with a zone."""


def first_moment(day: date | datetime, zone: ZoneInfo) -> datetime:
    """When `day` begins; a moment is itself."""
    return day if isinstance(day, datetime) else datetime.combine(day, time.min, tzinfo=zone)


def last_moment(day: date | datetime, zone: ZoneInfo) -> datetime:
    """When `day` is over (not included any more); a moment is itself."""
    if isinstance(day, datetime):
        return day
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone)


def begins_before_end(begin: Any, end: Any, what: str) -> None:
    """ValueError where a span ends before it begins; days and moments are not compared."""
    if begin is None or end is None or isinstance(begin, datetime) is not isinstance(end, datetime):
        return
    if begin > end:
        raise ValueError(f"{what} ends before it begins")
