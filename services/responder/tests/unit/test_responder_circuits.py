"""Accounts that are held back: pace, pauses the network asked for, circuits; and doubt."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.domain.circuits import FAILURES_TO_OPEN, Account, Block, Pace, after, grant, resumed
from responder.domain.dispatches import MAX_ATTEMPTS, Ending, Outcome, Repeat, Strain, judge
from responder.domain.words import DispatchState

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
REST = Account(network="bluesky", name="motorrad.example")
TROUBLE = Outcome(ending=Ending.HELD_OFF, error="not_reached", strain=Strain.TROUBLE)
FINE = Outcome(ending=Ending.SENT, platform_id="1")


def failed(times: int) -> Account:
    account = REST
    for _ in range(times):
        account = after(account, TROUBLE, now=NOW)
    return account


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 20)), max_size=30),
    st.sampled_from([(60.0, 1), (60.0, 5), (6.0, 3)]),
)
def test_no_pattern_of_asking_is_faster_than_the_pace(
    asks: list[tuple[int, int]], pace: tuple[float, int]
) -> None:
    rule = Pace(*pace)
    account, now, allowed = REST, NOW, 0
    for wait, wanted in asks:
        now += timedelta(seconds=wait)
        given_ = grant(account, wanted, pace=rule, now=now)
        assert 0 <= given_.allowed <= wanted
        allowed += given_.allowed
        account = given_.account
        assert allowed <= rule.burst + (now - NOW) / rule.interval + 1e-6


def test_a_paced_account_is_told_when_it_may_again() -> None:
    pace = Pace(60, 2)
    first = grant(REST, 5, pace=pace, now=NOW)
    assert first.allowed == 2
    assert first.account.blocked_until == NOW + timedelta(seconds=1)
    assert grant(first.account, 5, pace=pace, now=NOW).allowed == 0
    assert grant(first.account, 5, pace=pace, now=NOW + timedelta(seconds=1)).allowed == 1


def test_a_circuit_opens_lets_one_through_and_closes() -> None:
    assert not failed(FAILURES_TO_OPEN - 1).is_blocked(NOW)
    opened = failed(FAILURES_TO_OPEN)
    assert opened.blocked_by is Block.CIRCUIT
    assert grant(opened, 9, pace=None, now=NOW).allowed == 0
    later = NOW + timedelta(seconds=6)
    probing = grant(opened, 9, pace=None, now=later)
    assert probing.allowed == 1
    assert grant(probing.account, 9, pace=None, now=later).allowed == 0
    closed = after(probing.account, FINE, now=later)
    assert (closed.failures, closed.blocked_until) == (0, None)
    assert grant(closed, 9, pace=None, now=later).allowed == 9
    again = after(probing.account, TROUBLE, now=later)
    assert again.blocked_until == later + timedelta(seconds=10)


def test_a_pause_that_was_asked_for_is_kept() -> None:
    limited = Outcome(
        ending=Ending.HELD_OFF, strain=Strain.LIMITED, retry_after=timedelta(minutes=7)
    )
    account = after(REST, limited, now=NOW)
    assert account.blocked_until == NOW + timedelta(minutes=7)
    shorter = replace(limited, retry_after=timedelta(seconds=1))
    assert after(account, shorter, now=NOW).blocked_until == account.blocked_until


def test_a_dead_account_is_probed_rarely_and_resumed_by_a_person() -> None:
    dead = after(REST, Outcome(ending=Ending.HELD_OFF, strain=Strain.DEAD, error="x"), now=NOW)
    assert dead.blocked_by is Block.DEAD
    assert grant(dead, 9, pace=None, now=NOW + timedelta(minutes=14)).allowed == 0
    assert grant(dead, 9, pace=None, now=NOW + timedelta(minutes=15)).allowed == 1
    assert (
        grant(
            resumed(dead, by="dev|olga", reason="Passwort.", now=NOW), 9, pace=None, now=NOW
        ).allowed
        == 9
    )


def test_an_account_at_rest_is_not_written_for_every_reply() -> None:
    assert after(REST, FINE, now=NOW) is REST


@pytest.mark.parametrize("strain", [Strain.LIMITED, Strain.DEAD])
def test_waiting_for_an_account_fails_no_reply(strain: Strain) -> None:
    outcome = Outcome(ending=Ending.HELD_OFF, strain=strain)
    assert judge(outcome, attempt=500).state is DispatchState.PENDING


def test_only_a_harmless_repeat_is_made_and_only_in_doubt() -> None:
    unclear = Outcome(ending=Ending.UNCLEAR, error="timed_out")
    again = judge(unclear, attempt=1, repeat=Repeat.HARMLESS)
    assert (again.state, again.is_in_doubt) == (DispatchState.PENDING, True)
    assert judge(unclear, attempt=1).state is DispatchState.UNKNOWN
    last = judge(unclear, attempt=MAX_ATTEMPTS, repeat=Repeat.HARMLESS)
    assert last.state is DispatchState.UNKNOWN
