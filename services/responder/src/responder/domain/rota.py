"""Whose turn it is to read: smooth weighted round robin among those who may be asked (S57).

Each turn every candidate earns their weight, the richest is asked and pays what all earned. Who is
away or wrote the text earns nothing meanwhile, so nobody comes back to a heap of reviews.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from responder.domain.colleagues import Colleague

_SCALE = 1000


@dataclass(frozen=True, slots=True)
class RotaState:
    """What is stored: what each person is owed (weights times 1000), how often they were asked."""

    credit: Mapping[str, int]
    turns: Mapping[str, int]


EMPTY = RotaState({}, {})


def take_turn(members: Sequence[Colleague], state: RotaState) -> tuple[Colleague, RotaState]:
    """Who is asked, and the state after it. `members` is not empty; ties go to the smaller id."""
    members = sorted(members, key=lambda each: each.person.id)
    credit, turns = dict(state.credit), dict(state.turns)
    total = 0
    for each in members:
        weight = max(1, round(each.weight * _SCALE))
        credit[each.person.id] = credit.get(each.person.id, 0) + weight
        total += weight
    winner = max(members, key=lambda each: credit[each.person.id])
    credit[winner.person.id] -= total
    turns[winner.person.id] = turns.get(winner.person.id, 0) + 1
    return winner, RotaState(credit, turns)
