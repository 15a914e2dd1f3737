"""What the loop does about failures, as values: how long it waits, when it gives up, when it stops.

Sources: HOUSE section 3, RELIABILITY 9.3 and R8. Nothing here sleeps or writes.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from common.errors import RetryableError, TooManyDeadLettersError
from common.kafka.port import TopicPartition


class OutageError(RetryableError):
    """Nothing works for anybody (the database is gone): trying a smaller batch is of no use."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential back-off with full jitter, and how often an unexplained error is tried."""

    first: timedelta = timedelta(milliseconds=200)
    longest: timedelta = timedelta(seconds=30)
    attempts: int = 5
    within: timedelta = timedelta(seconds=60)

    def delay(self, attempt: int, *, luck: random.Random) -> timedelta:
        """How long to wait after the attempt of that number (from 1).

        Evenly spread up to the doubled bound, so that replicas that failed together do not come
        back together; never less than `first`.
        """
        bound = min(self.longest, self.first * (1 << min(attempt, 30)))
        return self.first + luck.random() * (bound - self.first)

    def is_exhausted(self, attempts: int, *, first_failed_at: datetime, now: datetime) -> bool:
        """Whether an unexplained error has been tried often or long enough."""
        return attempts >= self.attempts or now - first_failed_at >= self.within


@dataclass(frozen=True, slots=True)
class DeadLetterPolicy:
    """How many records may be put away before it must be our own bug (R8)."""

    most_in_a_row: int = 50
    most_of_window: float = 0.2
    window: int = 1000


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one record, tried alone, could not be handled."""

    error: Exception
    attempts: int
    failed_at: datetime


class DeadLetterBreaker:
    """Counts what is put away and stops the loop before a bad release empties a topic into it.

    Runs are counted per partition, shares over all of them. `admit` is asked *before* anything
    is written, so that the record that is one too many stays where it is.
    """

    def __init__(self, policy: DeadLetterPolicy) -> None:
        self._policy = policy
        self._in_a_row: dict[TopicPartition, int] = {}
        self._recent: deque[tuple[int, int]] = deque()
        self._seen = 0
        self._dead = 0

    def admit(self, dead: Mapping[TopicPartition, int]) -> None:
        """Raise TooManyDeadLettersError if putting away so many more would be too many."""
        for partition, count in dead.items():
            if self._in_a_row.get(partition, 0) + count > self._policy.most_in_a_row:
                raise TooManyDeadLettersError(
                    f"more than {self._policy.most_in_a_row} records in a row of "
                    f"{partition.topic}/{partition.partition} cannot be handled"
                )
        allowed = self._policy.most_of_window * self._policy.window
        if self._dead + sum(dead.values()) > allowed:
            raise TooManyDeadLettersError(
                f"more than {allowed:.0f} of the last {self._policy.window} records "
                "cannot be handled"
            )

    def record(self, handled: Mapping[TopicPartition, int], dead: int = 0) -> None:
        """Count a committed batch: how many were handled, how many (of any partition) were not."""
        for partition, count in handled.items():
            if count:
                self._in_a_row.pop(partition, None)
        self._count(sum(handled.values()), dead)

    def record_dead(self, dead: Mapping[TopicPartition, int]) -> None:
        """Count records that were put away, after the commit."""
        for partition, count in dead.items():
            self._in_a_row[partition] = self._in_a_row.get(partition, 0) + count
        self._count(0, sum(dead.values()))

    def _count(self, handled: int, dead: int) -> None:
        self._recent.append((handled + dead, dead))
        self._seen += handled + dead
        self._dead += dead
        while self._seen - self._recent[0][0] >= self._policy.window:
            seen, gone = self._recent.popleft()
            self._seen -= seen
            self._dead -= gone
