"""Ids that count, so that a test can name what it expects. An `IdFactory` of `common.ids`."""

from __future__ import annotations

from itertools import count
from uuid import UUID


class SequentialIds:
    """UUIDs in the layout of version 7, 1, 2, 3 and so on, in order within one series."""

    def __init__(self, series: int = 0) -> None:
        self._series = series
        self._numbers = count(1)

    def __call__(self) -> UUID:
        return self.nth(next(self._numbers))

    def nth(self, number: int) -> UUID:
        """The id that the `number`-th call (from 1) gives; takes none away."""
        return UUID(f"{self._series:08x}-0000-7000-8000-{number:012x}")
