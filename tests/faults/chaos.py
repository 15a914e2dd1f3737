"""What goes wrong in a fault run, when, and to whom: a seeded schedule over a running pipeline.

The schedule is made of values, so that a failing run can be repeated with its seed.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from common.testing.pipeline import Pipeline

Kind = Literal["kill", "broker", "database"]


@dataclass(frozen=True, slots=True)
class Fault:
    """`share` of the feed (0..1) after which it happens; `seconds` is how long it lasts."""

    share: float
    kind: Kind
    target: str
    seconds: float = 0.0


def schedule(
    seed: int, services: Sequence[str], *, kills_each: int, broker_outages: Sequence[float]
) -> list[Fault]:
    """Kills of every service, broker outages and one database restart, spread over the feed."""
    dice = random.Random(seed)
    faults = [
        Fault(dice.uniform(0.03, 0.97), "kill", service)
        for service in services
        for _ in range(kills_each)
    ]
    faults += [
        Fault(dice.uniform(0.15, 0.9), "broker", "kafka", seconds) for seconds in broker_outages
    ]
    faults.append(Fault(dice.uniform(0.2, 0.8), "database", "postgres"))
    return sorted(faults, key=lambda fault: fault.share)


class Chaos:
    """Carries a schedule out beside a feed. `happened` counts what was really done."""

    def __init__(self, pipeline: Pipeline, faults: Sequence[Fault]) -> None:
        self._pipeline = pipeline
        self._faults = list(faults)
        self._progress = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.happened: Counter[str] = Counter()
        self.errors: list[BaseException] = []

    def start(self) -> None:
        self._thread.start()

    def progress(self, share: float) -> None:
        """Say how much of the feed has been acknowledged."""
        self._progress = share

    def finish(self, within_s: float) -> None:
        """Wait until every fault has happened and everything runs again."""
        self._progress = 1.0
        self._thread.join(within_s)
        assert not self._thread.is_alive(), "the faults did not end"
        if self.errors:
            raise self.errors[0]

    def _run(self) -> None:
        try:
            for fault in self._faults:
                while self._progress < fault.share:
                    time.sleep(0.05)
                self._commit(fault)
        except BaseException as error:
            self.errors.append(error)

    def _commit(self, fault: Fault) -> None:
        if fault.kind == "kill":
            for process in self._pipeline.replicas[fault.target]:
                process.kill()
                self.happened[fault.target] += 1
                process.start()
        elif fault.kind == "broker":
            self._pipeline.stack.kafka.stop()
            time.sleep(fault.seconds)
            self._pipeline.stack.kafka.start()
            self.happened["broker"] += 1
        else:
            self._pipeline.stack.postgres.restart()
            self.happened["postgres"] += 1
