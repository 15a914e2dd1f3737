"""Whether the stream or the model changes: the last day beside the time before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from classifier.storage import database_time, drift
from classifier.storage.drift import Spread
from common.db.unit_of_work import UnitOfWorkFactory
from common.observability import metrics

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Drift:
    """Two spans that follow each other."""

    recent: Spread
    before: Spread


async def measure_drift(
    units: UnitOfWorkFactory,
    *,
    span: timedelta = DAY,
    compared_with: timedelta = timedelta(days=7),
    model: str | None = None,
) -> Drift:
    """The last `span` and the `compared_with` before it."""
    async with units.read() as connection:
        now = await database_time(connection) + units.offset
        recent = await drift.spread(connection, since=now - span, until=now, model=model)
        before = await drift.spread(
            connection, since=now - span - compared_with, until=now - span, model=model
        )
    return Drift(recent, before)


def show(spread: Spread) -> None:
    """Set the gauges."""
    for decision, count in spread.decisions.items():
        metrics.CLASSIFIER_DECISION_SHARE.labels(decision).set(_share(count, spread.mentions))
    for label, count in spread.labels.items():
        metrics.CLASSIFIER_LABEL_SHARE.labels(label).set(_share(count, spread.mentions))
    metrics.CLASSIFIER_MEAN_CONFIDENCE.set(spread.mean_confidence or 0.0)
    people = _share(spread.people_differ, spread.corrected)
    metrics.CLASSIFIER_DISAGREEMENT.labels("people").set(people)
    challenger = _share(spread.challenger_differs, spread.shadowed)
    metrics.CLASSIFIER_DISAGREEMENT.labels("challenger").set(challenger)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
