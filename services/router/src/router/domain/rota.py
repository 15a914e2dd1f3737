"""Whose turn it is: smooth weighted round robin with its state stored (S31).

Every turn each member earns its weight, the richest takes the turn and pays the sum of all
weights. Deterministic, and fair at every moment: from an empty state, after any number of turns,
`turns / weight` of two members differ by at most 1, and credit survives a restart or a change of
weights. Ties go to the member named first in the configuration.

Availability and absences are not known here yet; whoever is a member is available.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from common.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Member:
    """`weight` is a whole number above 0."""

    team: str
    weight: int


@dataclass(frozen=True, slots=True)
class RotaState:
    """What is stored: how much each member is owed, and how often it had its turn."""

    credit: Mapping[str, int]
    turns: Mapping[str, int]


EMPTY = RotaState({}, {})


def take_turns(
    members: Sequence[Member], state: RotaState, *, count: int
) -> tuple[tuple[str, ...], RotaState]:
    """The next `count` teams in order, and the state after them.

    Members that the state does not know begin with no credit; what left the rota loses its
    credit but keeps its count of turns, for the record.
    """
    if not members:
        raise ConfigurationError("a rota needs at least one member")
    total = sum(member.weight for member in members)
    credit = {member.team: state.credit.get(member.team, 0) for member in members}
    turns = dict(state.turns)
    chosen: list[str] = []
    for _ in range(count):
        for member in members:
            credit[member.team] += member.weight
        winner = max(members, key=lambda member: credit[member.team]).team
        credit[winner] -= total
        turns[winner] = turns.get(winner, 0) + 1
        chosen.append(winner)
    return tuple(chosen), RotaState(credit, turns)
