"""Whether a challenger may take the champion's place: measured on the same posts, and not worse.

Figures are of posts that neither model was trained on. On the whole the challenger must be right
at least as often; in a part of them a difference counts where it is more than chance: the posts on
which just one of the two is right are compared (McNemar's exact test, one-sided).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb

LEAST_POSTS = 30
"""Fewer say nothing."""
_ONE_IN = 20
"""A difference that chance brings about less often than this counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A part of an evaluation. `only_*` count posts that just that model labels rightly."""

    part: str
    posts: int
    champion_right: int
    challenger_right: int
    only_champion: int
    only_challenger: int
    champion_f1: float
    challenger_f1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Champion and challenger on the same posts; `parts` are corrections, de, en ..."""

    champion: str
    challenger: str
    data: str
    parts: tuple[Figures, ...]


def objections(evaluation: Evaluation) -> list[str]:
    """Why the challenger may not be promoted, in words; empty where it may."""
    found = []
    posts = sum(part.posts for part in evaluation.parts)
    if posts < LEAST_POSTS:
        found.append(f"only {posts} held-out posts; at least {LEAST_POSTS} are needed")
    found += [_words(part) for part in evaluation.parts if is_worse(part)]
    right = sum(part.challenger_right for part in evaluation.parts)
    before = sum(part.champion_right for part in evaluation.parts)
    if not found and right < before:
        found.append(f"worse on the whole: {right} of {posts} right, the champion {before}")
    return found


def is_worse(part: Figures) -> bool:
    """Whether the champion is right more often than chance explains."""
    differing = part.only_champion + part.only_challenger
    if part.only_champion <= part.only_challenger:
        return False
    tail = sum(comb(differing, k) for k in range(part.only_champion, differing + 1))
    return tail * _ONE_IN <= 1 << differing


def _words(part: Figures) -> str:
    return (
        f"worse on {part.part}: {part.challenger_right} of {part.posts} right "
        f"(F1 {part.challenger_f1:.3f}), the champion {part.champion_right} "
        f"(F1 {part.champion_f1:.3f})"
    )


def compared(
    part: str,
    truth: Sequence[bool],
    *,
    champion: Sequence[bool],
    challenger: Sequence[bool],
) -> Figures:
    """The figures of two models on the same posts; True is service."""
    both = list(zip(truth, champion, challenger, strict=True))
    return Figures(
        part=part,
        posts=len(both),
        champion_right=sum(t == a for t, a, _ in both),
        challenger_right=sum(t == b for t, _, b in both),
        only_champion=sum(t == a != b for t, a, b in both),
        only_challenger=sum(t == b != a for t, a, b in both),
        champion_f1=_f1(truth, champion),
        challenger_f1=_f1(truth, challenger),
    )


def _f1(truth: Sequence[bool], said: Sequence[bool]) -> float:
    hits = sum(t and s for t, s in zip(truth, said, strict=True))
    return 2 * hits / (sum(truth) + sum(said)) if hits else 0.0


def figures_of(document: Mapping[str, object]) -> Figures:
    """Figures as they were stored."""
    return Figures(**document)  # type: ignore[arg-type]
