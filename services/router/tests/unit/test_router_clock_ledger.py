"""The ledger of a clock: replayed it is the clock, and no counted time is ever lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ConflictError
from router.domain.calendars import Calendar, Period
from router.domain.clock_ledger import (
    Beginning,
    Entry,
    EntryKind,
    apply,
    counted_until,
    explain,
    may_pause,
    replay,
    start,
)
from router.domain.clocks import (
    TRANSITIONS,
    Clock,
    ClockState,
    ClockTerms,
    ReplyMeaning,
    may_breach,
    may_warn,
    meaning,
)

ID = UUID(int=7)
BEGAN = datetime(2026, 3, 27, 14, 0, tzinfo=UTC)
BEGINNING = Beginning(clock_id=ID, kind="answer", posted_at=BEGAN)
WEEK = (*((Period(480, 750), Period(780, 1080)),) * 5, (Period(540, 780),), ())
OFFICE = Calendar(name="office", zone="Europe/Berlin", week=WEEK)
NIGHT = Calendar(name="night", zone="Europe/Berlin", week=((Period(60, 240),),) * 7)
CALENDARS = (None, OFFICE, NIGHT)


def terms(hours: float, calendar: Calendar | None = None, share: float = 0.5) -> ClockTerms:
    return ClockTerms(duration=timedelta(hours=hours), warn_share=share, calendar=calendar)


def entry(kind: EntryKind, hours: float, **more: object) -> Entry:
    return Entry(kind=kind, at=BEGAN + timedelta(hours=hours), **more)  # type: ignore[arg-type]


def running(hours: float = 10) -> Clock:
    return start(BEGINNING, entry(EntryKind.START, 0, terms=terms(hours)))


def hours_after(hours: float) -> datetime:
    return BEGAN + timedelta(hours=hours)


def test_a_pause_keeps_what_was_counted_and_takes_the_deadline_away() -> None:
    paused = apply(running(), entry(EntryKind.PAUSE, 4))
    assert (paused.state, paused.due_at, paused.warn_at) == (ClockState.PAUSED, None, None)
    assert paused.counted == timedelta(hours=4)
    again = apply(paused, entry(EntryKind.RESUME, 30))
    assert (again.due_at, again.warn_at) == (hours_after(36), hours_after(31))


def test_a_replan_counts_what_was_counted_under_the_old_terms() -> None:
    replanned = apply(running(), entry(EntryKind.REPLAN, 4, terms=terms(24)))
    assert replanned.due_at == hours_after(24)
    paused = apply(replanned, entry(EntryKind.PAUSE, 6))
    in_pause = apply(paused, entry(EntryKind.REPLAN, 10, terms=terms(8)))
    assert (in_pause.counted, in_pause.due_at) == (timedelta(hours=6), None)
    assert apply(in_pause, entry(EntryKind.RESUME, 20)).due_at == hours_after(22)


def test_less_time_than_has_passed_is_due_at_once_and_not_before() -> None:
    assert apply(running(), entry(EntryKind.REPLAN, 4, terms=terms(1))).due_at == hours_after(4)


def test_another_calendar_keeps_the_time_of_the_first() -> None:
    # Friday 15:00 in Berlin, three hours until the office closes.
    clock = start(BEGINNING, entry(EntryKind.START, 0, terms=terms(6, OFFICE)))
    replanned = apply(clock, entry(EntryKind.REPLAN, 20, terms=terms(6)))
    # Until Saturday 11:00 five hours of the office have counted: one is left, every hour counts.
    assert replanned.counted == timedelta(hours=5)
    assert replanned.due_at == hours_after(21)


def test_a_deadline_that_moves_away_is_warned_of_again() -> None:
    warned = apply(running(), entry(EntryKind.WARN, 5))
    assert apply(warned, entry(EntryKind.REPLAN, 6, terms=terms(20))).warned_at is None
    assert apply(warned, entry(EntryKind.REPLAN, 6, terms=terms(11))).warned_at is not None


def test_a_question_sent_in_time_pauses_even_after_the_breach_was_told() -> None:
    breached = apply(running(), entry(EntryKind.BREACH, 10.01))
    assert may_pause(breached, at=hours_after(9))
    assert not may_pause(breached, at=hours_after(10))
    paused = apply(breached, entry(EntryKind.PAUSE, 9))
    assert (paused.state, paused.breached_at, paused.counted) == (
        ClockState.PAUSED,
        None,
        timedelta(hours=9),
    )


def test_a_waived_breach_stays_a_breach_and_awaits_nothing() -> None:
    breached = apply(running(), entry(EntryKind.BREACH, 10))
    waived = apply(breached, entry(EntryKind.WAIVE, 12))
    assert (waived.state, waived.awaits_reaction) == (ClockState.BREACHED, False)


@pytest.mark.parametrize(
    ("kinds", "refused"),
    [
        ((), EntryKind.RESUME),
        ((), EntryKind.START),
        ((EntryKind.PAUSE,), EntryKind.PAUSE),
        ((EntryKind.PAUSE,), EntryKind.WARN),
        ((EntryKind.PAUSE,), EntryKind.BREACH),
        ((EntryKind.WARN,), EntryKind.WARN),
        ((EntryKind.STOP,), EntryKind.STOP),
        ((EntryKind.STOP,), EntryKind.WAIVE),
        ((EntryKind.WAIVE,), EntryKind.PAUSE),
    ],
)
def test_what_a_state_does_not_allow_is_refused(
    kinds: Sequence[EntryKind], refused: EntryKind
) -> None:
    clock = running()
    for kind in kinds:
        clock = apply(clock, entry(kind, 1))
    with pytest.raises(ConflictError):
        apply(clock, entry(refused, 2, terms=terms(5)))


@pytest.mark.parametrize(
    ("kind", "authors", "means"),
    [
        ("answer", 1, ReplyMeaning.ANSWERED),
        ("outcome", 2, ReplyMeaning.ANSWERED),
        ("holding", 1, ReplyMeaning.OWES_ANSWER),
        ("progress", 1, ReplyMeaning.OWES_ANSWER),
        ("question", 1, ReplyMeaning.ASKS),
        ("no_reply", 1, ReplyMeaning.NOTHING),
        ("answer", 0, ReplyMeaning.NOTHING),  # automatic
    ],
)
def test_what_a_reply_means_to_the_answer_clock(
    kind: str, authors: int, means: ReplyMeaning
) -> None:
    assert meaning(kind=kind, authors=authors) is means


TERMS = st.builds(
    terms,
    st.sampled_from([0.5, 3, 7.5, 24, 60]),
    st.sampled_from(CALENDARS),
    st.sampled_from([0.25, 0.7]),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [k for k in EntryKind if k not in {EntryKind.START}]
            + [EntryKind.PAUSE, EntryKind.RESUME, EntryKind.REPLAN] * 2
        ),
        st.timedeltas(min_value=timedelta(hours=-2), max_value=timedelta(hours=40)),
        TERMS,
    ),
    max_size=14,
)


def _history(first: ClockTerms, steps: object) -> tuple[list[Entry], list[Clock]]:
    """Everything that the states allow, at random moments around a change of daylight saving."""
    begin = Entry(kind=EntryKind.START, at=BEGAN, terms=first)
    entries, clocks = [begin], [start(BEGINNING, begin)]
    at = BEGAN
    for kind, after, new in steps:  # type: ignore[attr-defined]
        at = max(BEGAN, at + after)
        wish = Entry(kind=kind, at=at, terms=new if kind is EntryKind.REPLAN else None)
        before = clocks[-1]
        due = {EntryKind.WARN: may_warn, EntryKind.BREACH: may_breach}.get(kind)
        if due is not None and not due(before, now=at):
            continue
        try:
            clocks.append(apply(before, wish))
        except ConflictError:
            continue
        entries.append(wish)
    return entries, clocks


@given(TERMS, STEPS)
def test_the_ledger_replayed_is_the_clock(first: ClockTerms, steps: object) -> None:
    entries, clocks = _history(first, steps)
    assert replay(BEGINNING, entries) == clocks[-1]
    assert [step.after for step in explain(BEGINNING, entries)] == clocks


@given(TERMS, STEPS)
def test_counted_time_never_shrinks_and_the_deadline_is_what_is_left(
    first: ClockTerms, steps: object
) -> None:
    _, clocks = _history(first, steps)
    for before, after in pairwise(clocks):
        assert after.counted >= before.counted
        assert after.state is before.state or after.state in TRANSITIONS[before.state]
    last = clocks[-1]
    if last.state is ClockState.RUNNING and last.due_at is not None:
        whole = max(last.terms.duration, last.counted)
        assert counted_until(last, last.due_at) == whole
        assert last.warn_at is not None
        assert last.warn_at <= last.due_at


@given(TERMS, STEPS)
def test_a_minute_by_minute_count_comes_to_the_same(first: ClockTerms, steps: object) -> None:
    """An oracle that knows no arithmetic of spans: it asks of each minute whether it counts."""
    coarse = [
        (kind, timedelta(minutes=round(after.total_seconds() / 60)), new)
        for kind, after, new in steps  # type: ignore[attr-defined]
    ][:5]
    _, clocks = _history(first, coarse)
    last = clocks[-1]
    counted, minute = timedelta(0), BEGAN
    for before, after in zip(clocks, [*clocks[1:], None], strict=True):
        end = last.since if after is None else max(after.since, before.since)
        minute = before.since
        while before.due_at is not None and minute < end:
            counted += timedelta(minutes=1) if _is_open(before.terms.calendar, minute) else _NONE
            minute += timedelta(minutes=1)
    assert counted == last.counted


_NONE = timedelta(0)


def _is_open(calendar: Calendar | None, minute: datetime) -> bool:
    if calendar is None:
        return True
    local = minute.astimezone(_zone(calendar))
    now = local.hour * 60 + local.minute
    return any(p.start <= now < p.end for p in calendar.week[local.weekday()])


def _zone(calendar: Calendar) -> ZoneInfo:

    return ZoneInfo(calendar.zone)


def test_terms_are_compared_by_what_they_come_to() -> None:
    assert terms(3).fingerprint == replace(terms(3), decisions=frozenset({"service"})).fingerprint
    assert terms(3).fingerprint != terms(3, OFFICE).fingerprint
