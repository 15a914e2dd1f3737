"""Whether the loop lives and moves: a watchdog, not faith (RELIABILITY 9.2, pitfall 10).

aiokafka can be alive and stuck without an error; only missing progress shows it. Asks neither
Kafka nor the database: the loop reports here, liveness reads.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from time import monotonic

from common.observability import metrics

HEARTBEAT_LIMIT = timedelta(seconds=15)
PROGRESS_LIMIT = timedelta(seconds=60)


class LoopHealth:
    """What the loop last did. Times come from a monotonic clock that tests may replace."""

    def __init__(self, clock: Callable[[], float] = monotonic, *, consumer: str = "") -> None:
        self._clock = clock
        self._consumer = consumer
        self._was_live = True
        self._beat_at = clock()
        self._progress_at = clock()
        self.is_running = False
        self.is_joined = False
        self.assigned = 0
        self.lag = 0

    def beat(self) -> None:
        """The loop has come round once more."""
        self._beat_at = self._clock()

    def progress(self) -> None:
        """Records were handled, or were tried and the reason for waiting is known.

        A loop that backs off because the database is away is not stuck: killing it helps nobody.
        """
        self._progress_at = self._clock()

    @property
    def idle_for(self) -> timedelta:
        """Since when there was no progress."""
        return timedelta(seconds=self._clock() - self._progress_at)

    @property
    def is_beating(self) -> bool:
        """The loop came round within the last 15 s, or is not meant to run."""
        since = timedelta(seconds=self._clock() - self._beat_at)
        return not self.is_running or since <= HEARTBEAT_LIMIT

    @property
    def is_stalled(self) -> bool:
        """Partitions are ours, records wait in them, and nothing has moved for 60 s."""
        return (
            self.is_running
            and self.assigned > 0
            and self.lag > 0
            and self.idle_for > PROGRESS_LIMIT
        )

    def is_live(self) -> bool:
        """For the liveness probe; each time it turns to no, the watchdog's alert counts one."""
        is_live = self.is_beating and not self.is_stalled
        if self._was_live and not is_live:
            metrics.LOOP_STALLS_TOTAL.labels(self._consumer).inc()
        self._was_live = is_live
        return is_live
