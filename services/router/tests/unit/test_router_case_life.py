"""The life of a case: transitions, claims as leases, closing with a full account."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from common.errors import ConflictError, InvalidInputError
from router.domain.case_policy import CasePolicy
from router.domain.claims import Claim, Person, claim, has_expired, release
from router.domain.closing import BY_HAND, WAIVING, Outcome, Owed, closing, refuse_owed
from router.domain.merging import Half, refuse_merge
from router.domain.offers import step_after_silence
from router.domain.placing import may_reopen, returning_step
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
from router.domain.steps import Standing, hold, take

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
    ("outcome", "cause", "summary", "fault", "code"),
    [
        ("solved", "", "done", "nobody", "cause_missing"),
        ("solved", "chain", " \n", "nobody", "summary_missing"),
        ("gone", "chain", "done", "nobody", "unknown_outcome"),
        ("merged", "chain", "done", "nobody", "unknown_outcome"),
        ("solved", "x" * 201, "done", "nobody", "cause_too_long"),
        ("solved", "chain", "x" * 4001, "nobody", "summary_too_long"),
        ("solved", "chain", "done", "the moon", "unknown_fault"),
    ],
)
def test_closing_needs_outcome_cause_summary_and_fault(
    outcome: str, cause: str, summary: str, fault: str, code: str
) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        closing(outcome, cause=cause, summary=summary, fault=fault)
    assert refusal.value.code == code


@pytest.mark.parametrize("outcome", BY_HAND)
def test_a_reaction_that_is_owed_bars_outcomes_that_claim_one(outcome: Outcome) -> None:
    all_done = Owed(was_outcome_sent=True, offers_unanswered=2)
    assert refuse_owed(outcome, all_done) is False
    owing = replace(all_done, first_reaction=True)
    if outcome in WAIVING:
        assert refuse_owed(outcome, owing) is True
    else:
        with pytest.raises(ConflictError) as refusal:
            refuse_owed(outcome, owing)
        assert refusal.value.code == "first_reaction_owed"


@pytest.mark.parametrize(
    ("outcome", "owed", "code"),
    [
        (Outcome.SOLVED, Owed(open_issues=1), "issues_open"),
        (Outcome.NO_ACTION, Owed(open_issues=1), "issues_open"),
        (Outcome.SOLVED, Owed(open_queries=2), "department_queries_open"),
        (Outcome.SOLVED, Owed(follow_ups_without_result=1), "follow_up_owed"),
        (Outcome.UNSOLVABLE, Owed(), "outcome_message_owed"),
        (Outcome.OFFER_UNANSWERED, Owed(offers_unanswered=1), "reminder_owed"),
    ],
)
def test_the_check_list_names_what_stands_against_an_end(
    outcome: Outcome, owed: Owed, code: str
) -> None:
    with pytest.raises(ConflictError) as refusal:
        refuse_owed(outcome, owed)
    assert refusal.value.code == code
    assert refusal.value.details["owed"] == [code]


def test_a_claim_keeps_what_the_case_waited_for_and_its_owner_answers_for_it() -> None:
    until = NOW + timedelta(hours=48)
    waiting = Standing(
        state=CaseState.WAITING_CUSTOMER, owner=TOM, returns_at=until, offers_unanswered=1
    )
    held = hold(waiting, HELD_BY_MIA)
    assert (held.state, held.owner, held.rests_as) == (
        CaseState.CLAIMED,
        MIA,
        CaseState.WAITING_CUSTOMER,
    )
    back = take(held, rest_step(held.rests_as, CaseStep.RELEASE))
    assert back == replace(waiting, owner=MIA)


def test_the_customer_ends_the_wait_also_while_somebody_works_on_it() -> None:
    waiting = Standing(state=CaseState.WAITING_CUSTOMER, owner=MIA, offers_unanswered=2)
    held = hold(waiting, HELD_BY_MIA)
    heard = take(held, CaseStep.CUSTOMER_RETURNED)
    assert (heard.state, heard.rests_as, heard.offers_unanswered) == (CaseState.CLAIMED, None, 0)
    assert take(heard, CaseStep.RELEASE) == Standing(state=CaseState.OPEN)
    assert take(waiting, CaseStep.CUSTOMER_RETURNED) == Standing(state=CaseState.OPEN, owner=MIA)


def test_two_offers_then_observing() -> None:
    policy = CasePolicy()
    assert step_after_silence(policy, offers_unanswered=1) is CaseStep.CUSTOMER_SILENT
    assert step_after_silence(policy, offers_unanswered=2) is CaseStep.OBSERVE


@pytest.mark.parametrize(
    ("state", "decision", "is_by_customer", "step"),
    [
        (CaseState.WAITING_CUSTOMER, "non_service", True, CaseStep.CUSTOMER_RETURNED),
        (CaseState.WAITING_CUSTOMER, "non_service", False, None),
        (CaseState.OBSERVING, "service", False, CaseStep.CUSTOMER_RETURNED),
        (CaseState.RESOLVED, "non_service", True, None),
        (CaseState.RESOLVED, "service", True, CaseStep.REOPEN),
        (CaseState.UNSOLVABLE, "triage", True, CaseStep.REOPEN),
    ],
)
def test_what_a_further_post_does(
    state: CaseState, decision: str, is_by_customer: bool, step: CaseStep | None
) -> None:
    assert returning_step(state, decision=decision, is_by_customer=is_by_customer) is step


def test_a_case_is_reopened_for_a_while_and_never_when_a_correction_emptied_it() -> None:
    policy = CasePolicy(reopen_within=timedelta(days=14))
    for days, outcome, is_reopened in (
        (0, "solved", True),
        (14, "solved", True),
        (15, "solved", False),
        (1, "moved", False),
    ):
        later = NOW + timedelta(days=days)
        assert may_reopen(policy, closed_at=NOW, outcome=outcome, detected_at=later) is is_reopened


OPEN_HALF = Half(state=CaseState.OPEN, is_merged=False, has_merged=False, owed_until=None)


def test_a_merge_hides_nobody_who_waits() -> None:
    owing = replace(OPEN_HALF, owed_until=NOW)
    owing_later = replace(OPEN_HALF, owed_until=NOW + LEASE)
    assert refuse_merge(OPEN_HALF, OPEN_HALF) is False
    assert refuse_merge(owing_later, owing) is True
    for source, target, code in (
        (owing, OPEN_HALF, "first_reaction_owed"),
        (owing, owing_later, "first_reaction_owed"),
        (replace(OPEN_HALF, has_merged=True), OPEN_HALF, "merge_the_other_way"),
        (OPEN_HALF, replace(OPEN_HALF, state=CaseState.CLOSED), "target_is_closed"),
        (replace(OPEN_HALF, state=CaseState.CLOSED), OPEN_HALF, "case_is_closed"),
    ):
        with pytest.raises(ConflictError) as refusal:
            refuse_merge(source, target)
        assert refusal.value.code == code
