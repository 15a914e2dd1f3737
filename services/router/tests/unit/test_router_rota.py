"""The rota is fair at every moment, in any batches and after any restart (S31)."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ConfigurationError
from router.domain.rota import EMPTY, Member, RotaState, take_turn

members_of_any_weight = st.lists(st.integers(1, 9), min_size=1, max_size=6).map(
    lambda weights: [Member(f"team_{number}", weight) for number, weight in enumerate(weights)]
)
batches = st.lists(st.integers(0, 40), min_size=1, max_size=12)


def take_turns(
    members: list[Member], state: RotaState, *, count: int
) -> tuple[tuple[str, ...], RotaState]:
    """The next `count` names in order, and the state after them."""
    chosen = []
    for _ in range(count):
        name, state = take_turn(members, state)
        chosen.append(name)
    return tuple(chosen), state


@given(members=members_of_any_weight, sizes=batches)
def test_counts_differ_by_no_more_than_the_weights_at_any_moment(
    members: list[Member], sizes: list[int]
) -> None:
    counts = {member.name: 0 for member in members}
    state = EMPTY
    for size in sizes:
        teams, state = take_turns(members, state, count=size)
        for team in teams:
            counts[team] += 1
            for one, other in combinations(members, 2):
                apart = counts[one.name] * other.weight - counts[other.name] * one.weight
                assert abs(apart) <= max(one.weight, other.weight)
    assert {team: count for team, count in counts.items() if count} == dict(state.turns)


@given(members=members_of_any_weight, turns=st.integers(0, 100))
def test_a_full_round_gives_each_its_weight(members: list[Member], turns: int) -> None:
    _, state = take_turns(members, EMPTY, count=turns)
    around, _ = take_turns(members, state, count=sum(member.weight for member in members))
    assert {m.name: around.count(m.name) for m in members} == {m.name: m.weight for m in members}


def test_two_equal_teams_take_turns_and_the_first_named_begins() -> None:
    pair = [Member("community_management", 1), Member("social_support", 1)]
    teams, _ = take_turns(pair, EMPTY, count=4)
    assert teams == ("community_management", "social_support") * 2


def test_who_joins_later_starts_without_credit_and_who_leaves_keeps_their_count() -> None:
    _, state = take_turns([Member("a", 1), Member("b", 1)], EMPTY, count=3)
    teams, after = take_turns([Member("b", 1), Member("c", 1)], state, count=4)
    assert sorted(teams) == ["b", "b", "c", "c"]
    assert after.turns == {"a": 2, "b": 3, "c": 2}


def test_an_empty_rota_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        take_turn([], EMPTY)


availability = st.lists(
    st.tuples(st.sets(st.integers(0, 5), min_size=1), st.integers(0, 25)), min_size=1, max_size=8
)


@given(members=members_of_any_weight, phases=availability)
def test_whatever_happened_before_turns_follow_the_weights_among_the_available(
    members: list[Member], phases: list[tuple[set[int], int]]
) -> None:
    """Absences and returns between the phases; within one, at every moment (S31)."""
    state = EMPTY
    for numbers, size in phases:
        here = [member for n, member in enumerate(members) if n in numbers] or members[:1]
        counts = {member.name: 0 for member in here}
        for _ in range(size):
            name, state = take_turn(here, state)
            counts[name] += 1
            for one, other in combinations(here, 2):
                apart = counts[one.name] * other.weight - counts[other.name] * one.weight
                assert abs(apart) <= one.weight + other.weight


def test_who_comes_back_is_not_owed_what_happened_meanwhile() -> None:
    pair = [Member("a", 1), Member("b", 1)]
    _, state = take_turns(pair[1:], EMPTY, count=40)
    names, after = take_turns(pair, state, count=6)
    assert names == ("a", "a", "b", "a", "b", "a")  # at most one turn more than its share
    assert after.turns == {"a": 4, "b": 42}
