"""A circuit that opens after failures in a row, so that nobody waits for what is away (S112).

Per process and in memory: what one replica learned, another learns by itself within a few calls.
"""

from __future__ import annotations

from collections.abc import Callable


class Circuit:
    """Closed: calls go through. After `failures` in a row it is open for `open_s` seconds.

    Then one call is let through as a trial; if it fails, the circuit opens again at once.
    """

    def __init__(self, *, failures: int, open_s: float, monotonic: Callable[[], float]) -> None:
        self._most = failures
        self._open_s = open_s
        self._monotonic = monotonic
        self._failures = 0
        self._open_until: float | None = None
        self._on_trial = False

    def lets_through(self) -> bool:
        """Whether to call now; says yes to one caller only while it is a trial."""
        if self._open_until is None:
            return True
        if self._on_trial or self._monotonic() < self._open_until:
            return False
        self._on_trial = True
        return True

    def succeeded(self) -> None:
        """The call came back with an answer."""
        self._failures, self._open_until, self._on_trial = 0, None, False

    def failed(self) -> None:
        """The call brought nothing, or too late."""
        self._failures += 1
        if self._on_trial or self._failures >= self._most:
            self._open_until = self._monotonic() + self._open_s
        self._on_trial = False

    def abandoned(self) -> None:
        """The caller went away before there was an answer: that says nothing of the other side."""
        self._on_trial = False
