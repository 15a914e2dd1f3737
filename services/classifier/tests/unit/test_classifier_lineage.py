"""Who decides and who may: lineage, promotion, the bounds of a crisis. Values only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, poisson

from classifier.domain.crisis import (
    Bounds,
    Counted,
    Rates,
    TopicCount,
    chance_of,
    counts_of,
    rise_of,
)
from classifier.domain.lineage import Change, What, promotion, rollback, shadow
from classifier.domain.promotion import Evaluation, Figures, compared, is_worse, objections
from common.errors import ConflictError

BOUNDS = Bounds()
LONG = timedelta(days=7)


def after(*steps) -> list[Change]:
    """The changes that these steps make, each from those before it."""
    changes: list[Change] = []
    for step in steps:
        changes.append(step(changes))
    return changes


def promote(version):
    return lambda changes: promotion(changes, version)


def beside(version):
    return lambda changes: shadow(changes, version)


def test_promotions_are_undone_one_by_one_down_to_the_shipped_model():
    changes = after(promote("a"), promote("b"), rollback, promote("c"), rollback, rollback)
    assert [change.champion for change in changes] == ["a", "b", "a", "c", "a", None]
    assert [change.number for change in changes] == [1, 2, 3, 4, 5, 6]
    with pytest.raises(ConflictError):
        rollback(changes)


def test_a_challenger_that_is_promoted_no_longer_answers_beside_itself():
    changes = after(beside("a"), promote("a"), beside("b"), rollback)
    assert [(c.champion, c.challenger) for c in changes] == [
        (None, "a"),
        ("a", None),
        ("a", "b"),
        (None, "b"),
    ]
    assert changes[-1].what is What.ROLLED_BACK


def test_the_champion_is_neither_promoted_again_nor_its_own_challenger():
    changes = after(promote("a"))
    for change in (promote("a"), beside("a")):
        with pytest.raises(ConflictError):
            change(changes)


def figures(both: int, only_champion: int, only_challenger: int, neither: int = 0) -> Figures:
    posts = both + only_champion + only_challenger + neither
    return Figures(
        part="corrections",
        posts=posts,
        champion_right=both + only_champion,
        challenger_right=both + only_challenger,
        only_champion=only_champion,
        only_challenger=only_challenger,
        champion_f1=0.9,
        challenger_f1=0.9,
    )


def verdict(*parts: Figures) -> list[str]:
    return objections(Evaluation(champion="a", challenger="b", data="d", parts=parts))


@pytest.mark.parametrize(
    ("parts", "refused"),
    [
        ([figures(90, 0, 10)], None),
        ([figures(90, 5, 5)], None),
        ([figures(90, 6, 5)], "worse on the whole: 95 of 101 right, the champion 96"),
        ([figures(90, 10, 0)], "worse on corrections"),
        ([figures(10, 0, 5)], "only 15 held-out posts"),
        ([figures(50, 0, 30), figures(50, 9, 1)], "worse on corrections"),
    ],
)
def test_worse_is_refused_and_said(parts, refused):
    said = verdict(*parts)
    assert bool(said) is (refused is not None)
    if refused:
        assert refused in said[0]


@given(st.integers(0, 40), st.integers(0, 40))
def test_worse_is_what_the_exact_test_says(only_champion, only_challenger):
    differing = only_champion + only_challenger
    expected = bool(
        only_champion > only_challenger
        and binomtest(only_champion, differing, alternative="greater").pvalue <= 0.05
    )
    assert is_worse(figures(50, only_champion, only_challenger)) is expected


def test_two_models_on_the_same_posts():
    truth = [True, True, True, False, False]
    found = compared(
        "de",
        truth,
        champion=[True, True, False, True, False],
        challenger=[True, True, True, False, True],
    )
    assert (found.champion_right, found.challenger_right) == (3, 4)
    assert (found.only_champion, found.only_challenger) == (1, 2)
    assert found.champion_f1 == pytest.approx(2 / 3)
    assert found.challenger_f1 == pytest.approx(6 / 7)


@given(st.integers(0, 400), st.floats(0.1, 200))
def test_the_chance_is_poissons(observed, expected):
    exact = float(poisson.sf(observed - 1, expected))
    found = chance_of(observed, expected)
    assert found == 1.0 if observed <= expected else found == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize(
    ("observed", "usual", "signal"),
    [
        ({"service": 19}, {}, None),
        ({"service": 20}, {}, "service"),
        ({"service": 60}, {"service": 30.0}, None),
        ({"service": 95}, {"service": 30.0}, "service"),
        ({"service": 30, "abusive": 25}, {"service": 20.0, "abusive": 1.0}, "abusive"),
        ({"reach": 240_000}, {}, None),
        ({"reach": 300_000}, {"reach": 50_000.0}, "reach"),
        ({"reach": 300_000}, {"reach": 150_000.0}, None),
    ],
)
def test_a_rise_needs_number_factor_and_improbability(observed, usual, signal):
    nothing = {"service": 0, "abusive": 0, "reach": 0}
    rates = Rates("brakes", nothing | observed, nothing | usual, known_for=LONG)
    rise = rise_of(rates, BOUNDS)
    assert (rise.signal if rise else None) == signal


def test_nothing_is_a_rise_before_the_usual_is_known():
    rates = Rates("brakes", {"service": 500}, {"service": 0.0}, known_for=timedelta(hours=3))
    assert rise_of(rates, BOUNDS) is None


def test_mentions_are_summed_by_topic_and_bucket():
    at = datetime(2026, 3, 2, 8, 3, tzinfo=UTC)

    def counted(topics, minutes, *, service=True, followers=10):
        moment = at + timedelta(minutes=minutes)
        return Counted(topics, moment, service, not service, followers)

    found = counts_of(
        [
            counted(("a", "b"), 0),
            counted(("a",), 1, service=False),
            counted(("a",), 3),
        ],
        bucket=timedelta(minutes=5),
    )
    eight, later = at.replace(minute=0), at.replace(minute=5)
    assert found == [
        TopicCount("a", eight, 1, 1, 20),
        TopicCount("a", later, 1, 0, 10),
        TopicCount("b", eight, 1, 0, 10),
    ]
