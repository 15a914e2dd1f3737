"""Working time: periods, holidays, zones, and both nights on which the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ConfigurationError
from router.domain.calendars import (
    Calendar,
    Period,
    as_document,
    from_document,
    spans_of_day,
)
from router.domain.deadlines import counted, moment_after
from router.storage.public_holidays import holidays_of

BERLIN = ZoneInfo("Europe/Berlin")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
OFFICE = Calendar(
    name="office",
    zone="Europe/Berlin",
    week=(*((Period(480, 750), Period(780, 1080)),) * 5, (Period(540, 780),), ()),
    days_off=holidays_of("DE", "BW") | {date(2026, 3, 5)},
)


def always(*periods: tuple[int, int], zone: str = "Europe/Berlin") -> Calendar:
    return Calendar(name="always", zone=zone, week=(tuple(Period(*p) for p in periods),) * 7)


def berlin(*wall: int, fold: int = 0) -> datetime:
    return datetime(*wall, tzinfo=BERLIN, fold=fold)  # type: ignore[misc,arg-type]


def hours(calendar: Calendar, day: date) -> float:
    spans = spans_of_day(calendar, day)
    return sum((span.end - span.start).total_seconds() for span in spans) / 3600


def test_a_day_has_23_24_or_25_hours() -> None:
    whole = always((0, 1440))
    assert [hours(whole, day) for day in (SPRING, date(2026, 3, 28), AUTUMN)] == [23, 24, 25]


@pytest.mark.parametrize(
    ("period", "spring", "autumn"),
    [
        ((120, 180), 0, 2),  # the hour that is skipped, and the one that comes twice
        ((90, 150), 0.5, 2),  # ends inside it
        ((150, 240), 1, 2.5),  # begins inside it
        ((480, 720), 4, 4),
    ],
)
def test_periods_around_the_jump(period: tuple[int, int], spring: float, autumn: float) -> None:
    assert hours(always(period), SPRING) == pytest.approx(spring, abs=1 / 3600)
    assert hours(always(period), AUTUMN) == pytest.approx(autumn, abs=1 / 3600)


def test_periods_that_meet_in_the_repeated_hour_do_not_overlap() -> None:
    spans = spans_of_day(always((0, 150), (150, 1440)), AUTUMN)
    assert spans[0].end <= spans[1].start
    assert hours(always((0, 150), (150, 1440)), AUTUMN) == 25


@pytest.mark.parametrize("zone", ["America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_odd_zones_add_up_over_a_year(zone: str) -> None:
    whole = always((0, 720), (720, 1440), zone=zone)
    begin = datetime(2026, 1, 1, tzinfo=ZoneInfo(zone))
    end = datetime(2027, 1, 1, tzinfo=ZoneInfo(zone))
    assert counted(whole, begin, end) == timedelta(days=365)


def test_noon_closing_time_weekend_and_closure_are_left_out() -> None:
    # Wednesday 16:00 + 6 h: two today, Thursday is an own closure, Friday 08:00 to 12:00.
    assert moment_after(OFFICE, berlin(2026, 3, 4, 16), timedelta(hours=6)) == berlin(
        2026, 3, 6, 12
    )
    # Saturday 12:00 + 2 h: one today, none on Sunday, Monday until 09:00.
    assert moment_after(OFFICE, berlin(2026, 3, 7, 12), timedelta(hours=2)) == berlin(2026, 3, 9, 9)
    assert counted(OFFICE, berlin(2026, 3, 4, 12), berlin(2026, 3, 4, 14)) == timedelta(hours=1.5)


def test_public_holidays_differ_by_federal_state() -> None:
    epiphany, corpus_christi = date(2026, 1, 6), date(2026, 6, 4)
    assert {epiphany, corpus_christi} <= holidays_of("DE", "BW")
    assert epiphany not in holidays_of("DE", "BE")
    assert corpus_christi not in holidays_of("DE", "HH")
    good_friday = berlin(2026, 4, 2, 17)
    # Maundy Thursday 17:00 + 2 h: one today; Friday to Monday are free but Saturday.
    assert moment_after(OFFICE, good_friday, timedelta(hours=2)) == berlin(2026, 4, 4, 10)


@pytest.mark.parametrize(
    "broken",
    [
        {"zone": "Europe/Atlantis"},
        {"week": ((),) * 7},
        {"week": ((Period(0, 60), Period(30, 90)),) * 7},
        {"week": ((Period(0, 60),),) * 6},
    ],
)
def test_what_is_no_calendar_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        Calendar(
            **{  # type: ignore[arg-type]
                "name": "x",
                "zone": "Europe/Berlin",
                "week": ((Period(0, 60),),) * 7,
                **broken,
            }
        )
    with pytest.raises(ConfigurationError):
        Period(600, 600)


def test_a_calendar_survives_its_document() -> None:
    again = from_document(as_document(OFFICE))
    assert again == OFFICE
    assert again.fingerprint == OFFICE.fingerprint
    assert again.days_off == OFFICE.days_off


MOMENTS = st.datetimes(
    min_value=datetime(2026, 3, 20),  # noqa: DTZ001  (the strategy adds the zone)
    max_value=datetime(2026, 11, 5),  # noqa: DTZ001
    timezones=st.just(UTC),
)
CALENDARS = st.sampled_from(
    [None, OFFICE, always((0, 1440)), always((100, 150), (155, 200)), always((120, 180))]
)
SPANS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=60))


@given(CALENDARS, MOMENTS, SPANS)
def test_what_counts_until_the_deadline_is_exactly_the_span(
    calendar: Calendar | None, since: datetime, span: timedelta
) -> None:
    deadline = moment_after(calendar, since, span)
    assert counted(calendar, since, deadline) == span
    just_before = deadline - timedelta(microseconds=1)
    assert span == timedelta(0) or counted(calendar, since, just_before) < span


@given(CALENDARS, MOMENTS, SPANS, SPANS)
def test_a_stretch_may_be_cut_anywhere(
    calendar: Calendar | None, since: datetime, first: timedelta, second: timedelta
) -> None:
    middle, end = since + first, since + first + second
    assert counted(calendar, since, middle) + counted(calendar, middle, end) == counted(
        calendar, since, end
    )


def test_the_worked_example_of_the_docs() -> None:
    """docs/clocks.md: five hours of a night service, across the night without its second hour."""
    night = always((60, 240))
    began = berlin(2026, 3, 28, 3)
    assert moment_after(night, began, timedelta(hours=5)) == berlin(2026, 3, 30, 3)
    assert (hours(night, SPRING), hours(night, AUTUMN)) == (2, 4)
