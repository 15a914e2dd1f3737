"""A clock that stands still until it is told to move. Implements `common.clock.Clock`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

A_MONDAY_MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class ManualClock:
    """Tells the time it was set to; starts on a Monday at nine (UTC)."""

    def __init__(self, start: datetime = A_MONDAY_MORNING) -> None:
        self._now = _aware(start)

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move on and return the new time. Raises ValueError for a step back."""
        if by < timedelta(0):
            raise ValueError(f"time does not run back: {by}")
        self._now += by
        return self._now

    def set(self, to: datetime) -> None:
        """Jump anywhere, also back, as a badly kept machine clock would."""
        self._now = _aware(to)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"naive time: {moment}")
    return moment.astimezone(UTC)
