"""How many requests one principal may make: a token bucket per principal (SEC9).

It lives in the process: with N replicas the true limit is up to N times as high, which is enough
against a run-away script and needs no shared state. It is no defence against a flood of strangers.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from common.observability import metrics
from common.web.problems import ProblemError

_MOST_BUCKETS = 10_000


class RateLimit:
    """`per_second` requests on average, `burst` at once."""

    def __init__(
        self,
        per_second: float = 50.0,
        burst: int = 200,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, principal_id: str) -> None:
        """Count one request; raises ProblemError 429 with Retry-After when there are too many."""
        now = self._clock()
        level, at = self._buckets.pop(principal_id, (self._burst, now))
        level = min(self._burst, level + (now - at) * self._per_second)
        allowed = level >= 1.0
        # The most recently used stand at the end; a forgotten bucket would be full again anyway.
        self._buckets[principal_id] = (level - 1.0 if allowed else level, now)
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        if not allowed:
            metrics.HTTP_REFUSED_TOTAL.labels("rate_limited").inc()
            wait = max(1, math.ceil((1.0 - level) / self._per_second))
            raise ProblemError(
                429, "rate_limited", "Too many requests.", headers={"Retry-After": str(wait)}
            )
