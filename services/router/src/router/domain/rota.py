"""Whose turn it is: start-time fair queueing over whoever is available, its state stored (S31).

Every member has a `served` position that moves on by 1/weight with each turn; the one that is
furthest behind takes the turn, ties go to whoever is named first. The rota's own position is where
the last turn began. Who was away is not owed what happened meanwhile: they come back at the rota's
position, as does who is new. So, whatever happened before: as long as the same members are
available, any two of them differ by at most one turn's worth each, that is |turns_a * weight_b -
turns_b * weight_a| <= weight_a + weight_b, and from a common start by at most the larger weight.
(Goyal, Vin, Cheng: Start-time Fair Queueing, 1996.)

A rota takes turns among names: of teams, or of people. Who is available is decided in duty.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import lcm

from common.errors import ConfigurationError
from router.domain.people import NO_NEEDS, Needs

HEAVIEST = 20
UNIT = lcm(*range(1, HEAVIEST + 1))
"""One turn of weight 1: divisible by every weight, so that positions are whole numbers."""


@dataclass(frozen=True, slots=True)
class Member:
    """Who takes turns. `weight` is a whole number from 1 to 20."""

    name: str
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rota:
    """Teams that take turns; which people have duty, and how long an offer stands."""

    name: str
    members: tuple[Member, ...]
    role: str = "triage"
    needs: Needs = NO_NEEDS
    offered_for: timedelta = timedelta(minutes=2)
    most_offers: int = 6


@dataclass(frozen=True, slots=True)
class RotaState:
    """What is stored: where the rota and each member stand, and how often each had its turn."""

    position: int
    served: Mapping[str, int]
    turns: Mapping[str, int]


EMPTY = RotaState(0, {}, {})


def take_turn(members: Sequence[Member], state: RotaState) -> tuple[str, RotaState]:
    """Whose turn it is among these, and the state after it.

    Raises ConfigurationError where there is nobody.
    """
    if not members:
        raise ConfigurationError("a rota needs at least one member")
    behind = [(start_of(member, state), number) for number, member in enumerate(members)]
    begins, number = min(behind)
    chosen = members[number]
    served = {**state.served, chosen.name: begins + UNIT // chosen.weight}
    turns = {**state.turns, chosen.name: state.turns.get(chosen.name, 0) + 1}
    return chosen.name, RotaState(begins, served, turns)


def start_of(member: Member, state: RotaState) -> int:
    """Where a member's next turn begins: who was away or is new stands where the rota is."""
    return max(state.position, state.served.get(member.name, 0))
