"""Follows the stream through the pipeline by asking the services, and shows it as it moves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ombud.output import CommandError, console
from ombud.people import LEA
from ombud.target import Target, answer

RECEIVED = "ingest.mention.received.v1"
CLASSIFIED = "classifier.mention.classified.v1"
OPENED = "router.case.opened.v1"
CONTINUED = "router.case.continued.v1"
PARKED = "router.mention.parked.v1"
OWN = "router.own_post.recorded.v1"
SENT = "responder.reply.sent.v1"
CLOCK_STOPPED = "router.clock.stopped.v1"
PLACES = (OPENED, CONTINUED, PARKED, OWN)
_STAGES = {"found": (RECEIVED,), "classified": (CLASSIFIED,), "placed": PLACES}
_PATIENCE_S = 90.0
_ANSWER_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class HistoryCounts:
    """What audit has in its history: entries by event type, and different mentions placed."""

    by_type: dict[str, int]
    entries: int

    def of(self, *types: str) -> int:
        return sum(self.by_type.get(type_, 0) for type_ in types)


def history_counts(target: Target) -> HistoryCounts:
    """Ask audit how much of everything it has."""
    with target.client("audit", LEA) as audit:
        stats = answer(audit.get("/stats"))
    return HistoryCounts(by_type=stats["by_type"], entries=stats["entries"])


def history_with_the_answer(target: Target) -> HistoryCounts:
    """The counts once audit has heard of the sent reply and the stopped clock; as they are else.

    Audit reads each topic at its own pace: what another service told may not be there yet.
    """
    deadline = time.monotonic() + _ANSWER_PATIENCE_S
    while True:
        counts = history_counts(target)
        is_there = counts.of(SENT) and counts.of(CLOCK_STOPPED)
        if is_there or time.monotonic() > deadline:
            return counts
        time.sleep(0.2)


class StreamWatch:
    """Progress bars: uploaded by us, then found, classified and placed as audit sees them."""

    def __init__(self, target: Target, total: int) -> None:
        self._target = target
        self._total = total
        self._progress = Progress(
            TextColumn("{task.description:>12}"),
            BarColumn(40),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._bars = {
            name: self._progress.add_task(name, total=total) for name in ("uploaded", *_STAGES)
        }

    @contextmanager
    def shown(self) -> Iterator[None]:
        with self._progress:
            yield

    def uploaded(self, count: int) -> None:
        """Count posts that ingest acknowledged."""
        self._progress.advance(self._bars["uploaded"], count)
        self.look()

    def look(self) -> int:
        """Update the bars; how many mentions have come through every stage, as audit sees it."""
        counts = history_counts(self._target)
        done = {name: counts.of(*types) for name, types in _STAGES.items()}
        for name, count in done.items():
            self._progress.update(self._bars[name], completed=count)
        return min(done.values())

    def until_placed(self, accepted: int, sleep: Callable[[float], None] = time.sleep) -> None:
        """Wait until every accepted mention is in the history with its place."""
        self._progress.update(self._bars["uploaded"], completed=self._total)
        for name in _STAGES:
            self._progress.update(self._bars[name], total=accepted)
        deadline = time.monotonic() + _PATIENCE_S
        while self.look() < accepted:
            if time.monotonic() > deadline:
                raise CommandError(
                    f"not every mention was placed within {_PATIENCE_S:.0f} s; look at the logs",
                    exit_code=1,
                )
            sleep(0.3)
