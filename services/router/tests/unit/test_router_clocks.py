"""What a clock says: when it warns, breaches and stops, and which replies count (S47, S48)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from router.domain.clocks import (
    TRANSITIONS,
    Clock,
    ClockState,
    ClockTerms,
    is_reaction,
    may_breach,
    may_warn,
    stop,
)

DETECTED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TERMS = ClockTerms(duration=timedelta(minutes=10), warn_share=0.7, decisions=frozenset({"service"}))
RUNNING = Clock(
    clock_id=UUID(int=1),
    kind="first_reaction",
    terms=TERMS,
    since=DETECTED,
    state=ClockState.RUNNING,
    started_at=DETECTED,
    posted_at=DETECTED - timedelta(minutes=2),
    warn_at=TERMS.warn_at(DETECTED),
    due_at=TERMS.due_at(DETECTED),
)
BREACHED = replace(RUNNING, state=ClockState.BREACHED, breached_at=RUNNING.due_at)


def after(minutes: float) -> datetime:
    return DETECTED + timedelta(minutes=minutes)


def test_ten_minutes_from_detection_and_a_warning_at_seventy_percent() -> None:
    assert RUNNING.due_at == after(10)
    assert RUNNING.warn_at == after(7)


@pytest.mark.parametrize(
    ("clock", "minutes", "warns"),
    [
        (RUNNING, 6.99, False),
        (RUNNING, 7, True),
        (RUNNING, 9.99, True),
        (RUNNING, 10, False),  # too late to act on: the breach speaks
        (replace(RUNNING, warned_at=after(7)), 8, False),
        (replace(RUNNING, state=ClockState.MET, stopped_at=after(5), ended_at=after(5)), 8, False),
        (replace(RUNNING, state=ClockState.WAIVED, ended_at=after(5)), 8, False),
    ],
)
def test_a_warning_comes_once_and_in_time(clock: Clock, minutes: float, warns: bool) -> None:
    assert may_warn(clock, now=after(minutes)) is warns


@pytest.mark.parametrize(
    ("clock", "minutes", "breaches"),
    [
        (RUNNING, 9.99, False),
        (RUNNING, 10, True),
        (BREACHED, 12, False),
        (replace(RUNNING, state=ClockState.MET, stopped_at=after(5), ended_at=after(5)), 12, False),
        (replace(RUNNING, state=ClockState.WAIVED, ended_at=after(5)), 12, False),
    ],
)
def test_a_breach_is_told_once(clock: Clock, minutes: float, breaches: bool) -> None:
    assert may_breach(clock, now=after(minutes)) is breaches


def test_a_reply_in_time_meets_the_clock_and_both_spans_are_told() -> None:
    effect = stop(RUNNING, sent_at=after(4))
    assert effect is not None
    assert (effect.state, effect.was_met) == (ClockState.MET, True)
    assert (effect.seconds_since_detected, effect.seconds_since_posted) == (240.0, 360.0)


def test_a_late_reply_leaves_the_breach_and_is_recorded() -> None:
    effect = stop(BREACHED, sent_at=after(15))
    assert effect is not None
    assert (effect.state, effect.was_met, effect.is_late_news) == (
        ClockState.BREACHED,
        False,
        False,
    )


def test_a_late_reply_that_comes_before_the_timer_brings_the_breach_with_it() -> None:
    effect = stop(RUNNING, sent_at=after(10.01))
    assert effect is not None
    assert (effect.was_met, effect.is_late_news) == (False, True)


def test_what_counts_is_when_it_was_sent_not_when_we_heard() -> None:
    effect = stop(BREACHED, sent_at=after(9.9))
    assert effect is not None
    assert (effect.state, effect.was_met) == (ClockState.MET, True)


@pytest.mark.parametrize(
    "clock",
    [
        replace(RUNNING, state=ClockState.MET, stopped_at=after(5), ended_at=after(5)),
        replace(BREACHED, stopped_at=after(12), ended_at=after(12)),
        replace(RUNNING, state=ClockState.WAIVED, ended_at=after(5)),
    ],
)
def test_a_clock_that_waits_for_nothing_is_left_alone(clock: Clock) -> None:
    assert stop(clock, sent_at=after(6)) is None


def test_spans_are_never_negative() -> None:
    effect = stop(RUNNING, sent_at=after(-5))
    assert effect is not None
    assert (effect.seconds_since_detected, effect.seconds_since_posted) == (0.0, 0.0)


@pytest.mark.parametrize("clock", [RUNNING, BREACHED])
@pytest.mark.parametrize("minutes", [1.0, 9.9, 11.0])
def test_a_stop_follows_the_table_of_transitions(clock: Clock, minutes: float) -> None:
    effect = stop(clock, sent_at=after(minutes))
    assert effect is not None
    assert effect.state is clock.state or effect.state in TRANSITIONS[clock.state]


@pytest.mark.parametrize(
    ("kind", "visibility", "authors", "counts"),
    [
        ("answer", "public", 1, True),
        ("holding", "public", 1, True),
        ("question", "public", 2, True),
        ("progress", "public", 1, True),
        ("correction", "public", 1, True),
        ("lead_in", "public", 1, True),
        ("outcome", "public", 1, True),
        ("no_reply", "public", 1, False),
        ("other", "public", 1, False),
        ("answer", "private", 1, False),
        ("answer", "public", 0, False),
    ],
)
def test_only_public_replies_by_people_count(
    kind: str, visibility: str, authors: int, counts: bool
) -> None:
    assert is_reaction(kind=kind, visibility=visibility, authors=authors) is counts
