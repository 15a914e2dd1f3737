"""Waiting, counting and percentiles: the little that every measurement needs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence


async def until(count: Callable[[], Awaitable[int]], wanted: int, *, within_s: float) -> float:
    """Seconds until `count` reaches `wanted`; TimeoutError with the count otherwise."""
    began = time.perf_counter()
    seen = 0
    while time.perf_counter() - began < within_s:
        seen = await count()
        if seen >= wanted:
            return time.perf_counter() - began
        await asyncio.sleep(0.1)
    raise TimeoutError(f"{seen} of {wanted} after {within_s:.0f} s")


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]
