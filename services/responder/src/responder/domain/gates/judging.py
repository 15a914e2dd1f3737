"""What a learned judge says of a reply, and which of its verdicts speak.

The numbers live in a gateway; here is only what a verdict is. The domain decides what follows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Judge = Callable[[str], Sequence["Verdict"]]
"""Weighs a reply by rules that no list of words can hold (gateways.judgement)."""

_CLEARLY = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A sentence that breaks a rule, or for which the whole reply does.

    `margin` is how far the score lies above the rule's cut, in its own spread over sentences it was
    not trained on; `words` are those that weighed most, as they stand, the heaviest first.
    """

    rule: str
    start: int
    end: int
    margin: float
    words: tuple[str, ...] = ()


def loudest(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Of what is said of one place the strongest verdict, and others only where they are clear."""
    if not verdicts:
        return []
    top = max(verdicts, key=lambda verdict: (verdict.margin, verdict.rule))
    return [verdict for verdict in verdicts if verdict is top or verdict.margin > _CLEARLY]


def reason(message: str, words: Sequence[str]) -> str:
    """The rule's message with the words that weighed most."""
    if not words:
        return message
    quoted = ", ".join(f"“{word}”" for word in words)
    return f"{message} What weighed most: {quoted}."
