"""The lies a network tells, and how often: a seeded draw per request, or one named by a header."""

from __future__ import annotations

import enum
import random
from collections.abc import Mapping


class Fault(enum.StrEnum):
    """What goes wrong with one post. The first three happen after it took effect."""

    EFFECT_THEN_TIMEOUT = "effect_then_timeout"
    EFFECT_THEN_RESET = "effect_then_reset"
    EFFECT_THEN_5XX = "effect_then_5xx"
    RESET_BEFORE_EFFECT = "reset_before_effect"
    REFUSED_4XX = "refused_4xx"
    RATE_LIMITED = "rate_limited"
    NONE = "none"


class FaultPlan:
    """Draws a fault per post with the given rates (0..1, their sum at most 1)."""

    def __init__(self, rates: Mapping[Fault, float], *, seed: int) -> None:
        if sum(rates.values()) > 1.0 or min(rates.values(), default=0.0) < 0.0:
            raise ValueError("rates are shares of all posts and add up to at most 1")
        self._rates = dict(rates)
        self._random = random.Random(seed)  # noqa: S311  (a repeatable draw, no secret)

    def draw(self, asked: str | None) -> Fault:
        """The fault asked for by the request, else the next of the plan."""
        if asked:
            return Fault(asked)
        share = self._random.random()
        for fault, rate in self._rates.items():
            share -= rate
            if share < 0.0:
                return fault
        return Fault.NONE


def parse_rates(texts: list[str]) -> dict[Fault, float]:
    """`effect_then_reset=0.03` and the like as rates. Raises ValueError for other text."""
    rates = {}
    for text in texts:
        name, _, rate = text.partition("=")
        rates[Fault(name)] = float(rate)
    return rates
