"""The life of a case: transitions, claims as leases, closing with a full account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from common.errors import ConflictError, InvalidInputError
from router.domain.claims import Claim, Person, claim, has_expired, release
from router.domain.closing import WAIVING, Outcome, closing, settle_first_reaction
from router.domain.states import (
    MEANING,
    TRANSITIONS,
    WAITING,
    CaseState,
    CaseStep,
    after,
    moves,
    rest_step,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LEASE = timedelta(minutes=15)
MIA, TOM = Person("dev|mia", "Mia"), Person("dev|tom", "Tom")
HELD_BY_MIA = Claim(MIA, NOW + LEASE)


def test_every_step_that_the_table_does_not_have_is_refused_by_name() -> None:
    for state in CaseState:
        for step in CaseStep:
            if (state, step) in TRANSITIONS:
                assert after(state, step) is TRANSITIONS[state, step]
            else:
                with pytest.raises(ConflictError) as refusal:
                    after(state, step)
                assert refusal.value.code == f"case_is_{state}"
    assert {step for state, step in TRANSITIONS if state is CaseState.CLOSED} == {
        CaseStep.REOPEN,
        CaseStep.UNMERGE,
    }


def test_every_state_is_reached_and_left_and_explained() -> None:
    assert {to for _, to in moves()} == {before for before, _ in moves()} == set(CaseState)
    assert set(MEANING) == set(CaseState)
    assert {step for _, step in TRANSITIONS} == set(CaseStep)


@pytest.mark.parametrize("waiting", WAITING)
def test_a_case_that_waited_waits_again_when_it_is_given_back(waiting: CaseState) -> None:
    claimed = after(waiting, CaseStep.CLAIM)
    for ending in (CaseStep.RELEASE, CaseStep.EXPIRE):
        assert after(claimed, rest_step(waiting, ending)) is waiting
        assert after(claimed, rest_step(None, ending)) is CaseState.OPEN


def test_a_free_case_is_taken_for_the_lease() -> None:
    effect = claim(CaseState.OPEN, None, by=MIA, now=NOW, lease=LEASE)
    assert (effect.claim, effect.state, effect.lapsed) == (HELD_BY_MIA, CaseState.CLAIMED, None)


def test_the_second_person_reads_who_holds_it_and_until_when() -> None:
    with pytest.raises(ConflictError) as refusal:
        claim(CaseState.CLAIMED, HELD_BY_MIA, by=TOM, now=NOW, lease=LEASE)
    assert refusal.value.details == {"holder": "Mia", "until": "2026-03-02T09:15:00+00:00"}


def test_the_holder_renews() -> None:
    later = NOW + timedelta(minutes=10)
    effect = claim(CaseState.CLAIMED, HELD_BY_MIA, by=MIA, now=later, lease=LEASE)
    assert effect.claim.until == later + LEASE


def test_a_lease_that_ran_out_unnoticed_can_be_taken_over() -> None:
    effect = claim(CaseState.CLAIMED, HELD_BY_MIA, by=TOM, now=NOW + LEASE, lease=LEASE)
    assert effect.claim.holder == TOM
    assert effect.lapsed == HELD_BY_MIA


def test_only_the_holder_gives_it_back() -> None:
    assert release(CaseState.CLAIMED, HELD_BY_MIA, by=MIA, now=NOW) is CaseState.OPEN
    with pytest.raises(ConflictError):
        release(CaseState.CLAIMED, HELD_BY_MIA, by=TOM, now=NOW)
    with pytest.raises(ConflictError):
        release(CaseState.OPEN, None, by=MIA, now=NOW)


def test_a_renewed_lease_has_not_expired_whatever_rings() -> None:
    assert not has_expired(CaseState.CLAIMED, HELD_BY_MIA, now=NOW)
    assert has_expired(CaseState.CLAIMED, HELD_BY_MIA, now=NOW + LEASE)
    assert not has_expired(CaseState.OPEN, None, now=NOW)
    assert not has_expired(CaseState.CLOSED, None, now=NOW)


@pytest.mark.parametrize(
    ("outcome", "cause", "summary", "code"),
    [
        ("solved", "", "done", "cause_missing"),
        ("solved", "chain", " \n", "summary_missing"),
        ("gone", "chain", "done", "unknown_outcome"),
        ("solved", "x" * 201, "done", "cause_too_long"),
        ("solved", "chain", "x" * 4001, "summary_too_long"),
    ],
)
def test_closing_needs_outcome_cause_and_summary(
    outcome: str, cause: str, summary: str, code: str
) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        closing(outcome, cause=cause, summary=summary)
    assert refusal.value.code == code


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_reaction_that_is_owed_bars_outcomes_that_claim_one(outcome: Outcome) -> None:
    assert settle_first_reaction(outcome, is_awaited=False) is False
    if outcome in WAIVING:
        assert settle_first_reaction(outcome, is_awaited=True) is True
    else:
        with pytest.raises(ConflictError) as refusal:
            settle_first_reaction(outcome, is_awaited=True)
        assert refusal.value.code == "first_reaction_owed"
