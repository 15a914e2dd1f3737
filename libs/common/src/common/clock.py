"""Python's clock, for stamps on logs and tokens. Deadlines are decided by the database's clock.

See RELIABILITY 9.4: pods' clocks differ; a unit of work carries the database's time as `now`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; tests put one under control."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)
