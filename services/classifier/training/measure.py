"""Measures with their uncertainty, calibration, and the choice of thresholds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from corpus import KINDS, Post
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from classifier.domain.labels import KINDS_OF, Kind, Label

Array = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]
_SLACK = 0.02
_LEAST_DECISIONS = 40


def calibrate(scores: Array, truth: Truth) -> tuple[float, float]:
    """Slope and offset that turn log odds into probabilities (Platt)."""
    model = LogisticRegression(C=1e4, tol=1e-8, max_iter=500).fit(scores[:, None], truth)
    return round(float(model.coef_[0, 0]), 3), round(float(model.intercept_[0]), 3)


@dataclass(frozen=True, slots=True)
class Scored:
    """Held-out log odds: of all outputs, of service at first, of service at the second look."""

    outputs: Array
    first: Array
    second: Array

    def __getitem__(self, rows: Truth) -> "Scored":
        """The scores of some posts."""
        return Scored(self.outputs[rows], self.first[rows], self.second[rows])


def judged(scored: Scored, settled: Mapping[str, Any], signed: Truth) -> tuple[Array, Truth]:
    """The probability of service as at run time, and which posts were looked at again."""
    look = settled["look"]
    low, high = look["band"]
    first = _probability(scored.first, settled["calibration"])
    again = (first > low) & (first < high)
    probability = np.where(again, _probability(scored.second, look["calibration"]), first)
    probability[signed] = 0.02
    return probability, again


def _probability(scores: Array, calibration: Sequence[float]) -> Array:
    slope, offset = calibration
    return np.asarray(1.0 / (1.0 + np.exp(-(slope * scores + offset))))


def best_cut(scores: Array, truth: Truth, low: float, high: float) -> float:
    """The cut between `low` and `high` (steps of a hundredth) with the best F1."""
    cuts = np.round(np.arange(low, high + 1e-9, 0.01), 2)
    return float(max(cuts, key=lambda c: (f1_score(truth, scores >= c, zero_division=0), -c)))


def even_kinds(scores: Array, posts: Sequence[Post]) -> Array:
    """Offsets per kind that lift the mean F1 over kinds without costing accuracy.

    Rare kinds lose every comparison otherwise. Labels are taken as given: an offset only has to
    choose among the kinds that the label allows.
    """
    names = np.array(KINDS)
    truth = np.array([p.kind for p in posts])
    allowed = np.array(
        [
            [Kind(k) in KINDS_OF[Label.SERVICE if p.service else Label.NON_SERVICE] for k in KINDS]
            for p in posts
        ]
    )

    def worth(offsets: Array) -> float:
        said = names[np.where(allowed, scores + offsets, -np.inf).argmax(axis=1)]
        mean_f1 = f1_score(truth, said, labels=KINDS, average="macro", zero_division=0)
        return float(mean_f1 + 2.0 * (said == truth).mean())

    offsets = np.zeros(len(KINDS))
    for _ in range(2):
        for column in range(len(KINDS)):
            tries = []
            for step in np.arange(-0.5, 2.01, 0.25):
                trial = offsets.copy()
                trial[column] = step
                tries.append((worth(trial), -abs(step), step))
            offsets[column] = max(tries)[2]
    return offsets


def safe_cuts(probability: Array, truth: Truth, precision: float) -> tuple[float, float]:
    """The cuts for `non_service` and `service` that decide most posts with this precision.

    All decisions together reach `precision`; either side alone may fall short of it by two
    hundredths and no more. Sides of fewer than forty decisions are lucky dips and do not count.
    """
    up = np.sort(np.unique(probability))[::-1]
    certain = _sides(probability, truth, up, floor=precision - _SLACK)
    rejected = _sides(1.0 - probability, ~truth, 1.0 - up[::-1], floor=precision - _SLACK)
    best = (0, 1.0, 0.0)
    for cut, many, right in certain:
        for other, more, good in rejected:
            total = many + more
            if total > best[0] and cut > 1.0 - other and right + good >= precision * total:
                best = (total, cut, 1.0 - other)
    return round(best[2], 3), round(best[1], 3)


def _sides(
    probability: Array, right: Truth, cuts: Array, *, floor: float
) -> list[tuple[float, int, int]]:
    """Cuts in thousandths with how many lie at or above and how many of them are right."""
    found = []
    for cut in np.unique(np.round(cuts, 3)):
        above = probability >= cut
        many, good = int(above.sum()), int((right & above).sum())
        if many >= _LEAST_DECISIONS and good >= floor * many:
            found.append((float(cut), many, good))
    return found


def precise_cut(scores: Array, truth: Truth, precision: float) -> float:
    """The lowest cut from which on every stricter cut of at least forty posts is this precise.

    Infinity where not even the forty highest scores are: better no answer than a wrong one.
    """
    order = np.argsort(-scores, kind="stable")
    share = np.cumsum(truth[order]) / np.arange(1, len(order) + 1)
    failing = np.flatnonzero(share[_LEAST_DECISIONS - 1 :] < precision)
    holds = int(failing[0]) if len(failing) else len(order) - _LEAST_DECISIONS + 1
    if holds <= 0:
        return math.inf
    return round(float(scores[order[_LEAST_DECISIONS - 2 + holds]]), 3)


@dataclass(frozen=True, slots=True)
class Interval:
    """A measure and the middle 95 % of its bootstrap distribution."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}-{self.high:.3f})"


def f1_interval(said: Truth, truth: Truth, groups: npt.NDArray[np.int64]) -> Interval:
    """F1 with a bootstrap over groups of near-duplicates, 1,000 draws, seeded."""
    _, group = np.unique(groups, return_inverse=True)
    tp, fp, fn = (np.bincount(group, x) for x in (said & truth, said & ~truth, ~said & truth))
    return _bootstrap(np.array([2.0 * tp, 2.0 * tp + fp + fn]))


def share_interval(hit: Truth, of: Truth, groups: npt.NDArray[np.int64]) -> Interval:
    """The share of `hit` among `of`, with the same bootstrap."""
    _, group = np.unique(groups, return_inverse=True)
    return _bootstrap(np.array([np.bincount(group, hit & of), np.bincount(group, of)]))


def _bootstrap(parts: Array) -> Interval:
    random = np.random.default_rng(7)
    count = parts.shape[1]
    draws = []
    for _ in range(1000):
        sums = parts[:, random.integers(0, count, count)].sum(axis=1)
        draws.append(sums[0] / max(sums[1], 1e-9))
    low, high = np.percentile(draws, [2.5, 97.5])
    value = parts[0].sum() / max(parts[1].sum(), 1e-9)
    return Interval(float(value), float(low), float(high))


def calibration_error(probability: Array, truth: Truth) -> float:
    """Expected calibration error over ten equal bins."""
    bins = np.minimum((probability * 10).astype(int), 9)
    errors = [
        abs(probability[bins == b].mean() - truth[bins == b].mean()) * float((bins == b).mean())
        for b in range(10)
        if np.any(bins == b)
    ]
    return float(sum(errors))


def table(rows: Sequence[tuple[str, str]]) -> str:
    """Two-column Markdown lines."""
    return "\n".join(f"| {name} | {value} |" for name, value in rows)
