"""Propose a crisis where a topic rises far above what is usual; switching it on is a person's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from classifier.domain.crisis import Bounds, Rise, rise_of
from classifier.handlers.wire import CRISES_STREAM
from classifier.storage import crises
from common.db.unit_of_work import UnitOfWork
from common.events.classifier import CrisisProposed
from common.events.envelope import new_event
from common.ids import IdFactory, derived_id
from common.observability import metrics

HISTORY = timedelta(days=14)
LAPSES_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrisisWatch:
    """What counts as a rise, and over which window."""

    bounds: Bounds
    window: timedelta
    new_id: IdFactory

    async def __call__(self, uow: UnitOfWork) -> list[Rise]:
        """Propose what rose and is not under way; the same rise never twice, on any replica."""
        await crises.lapse(uow.connection, now=uow.now, after=LAPSES_AFTER)
        found = await crises.rates(uow.connection, now=uow.now, window=self.window, history=HISTORY)
        proposed = []
        for rates in found:
            rise = rise_of(rates, self.bounds)
            if rise is not None and await self._propose(uow, rise):
                proposed.append(rise)
        return proposed

    async def _propose(self, uow: UnitOfWork, rise: Rise) -> bool:
        crisis_id = self.new_id()
        is_new = await crises.propose(
            uow.connection, rise, crisis_id=crisis_id, window=self.window, at=uow.now
        )
        if is_new:
            data = CrisisProposed(
                stream_id=CRISES_STREAM,
                crisis_id=crisis_id,
                topic=rise.topic,
                signal=rise.signal,
                observed=rise.observed,
                expected=round(rise.expected, 2),
                window_seconds=round(self.window.total_seconds()),
                proposed_at=uow.now,
            )
            event_id = derived_id("crisis_proposed", crisis_id)
            uow.publish(new_event(data, id=event_id, subject=crisis_id, time=uow.now))
            metrics.CLASSIFIER_CRISES_PROPOSED_TOTAL.labels(rise.signal).inc()
        return is_new


async def merge_counts(uow: UnitOfWork) -> None:
    """Keep the counts small."""
    await crises.merge(uow.connection, now=uow.now, history=HISTORY)
