"""How late the event loop is: the one number that shows a blocked loop (RELIABILITY 9.2)."""

from __future__ import annotations

import asyncio

from common.observability import metrics
from common.observability.logging import get_logger

_TICK_S = 0.25
_TICKS = 20
_ALARM_S = 0.25
_log = get_logger("common.runtime")


async def watch_event_loop(stop: asyncio.Event) -> None:
    """Show the worst lag of every 5 s until `stop`; a lag over 250 ms is logged."""
    clock = asyncio.get_running_loop().time
    while not stop.is_set():
        worst = 0.0
        for _ in range(_TICKS):
            before = clock()
            await asyncio.sleep(_TICK_S)
            worst = max(worst, clock() - before - _TICK_S)
            # Shown at once when it grows, so that a short scrape interval sees it too.
            metrics.RUNTIME_EVENT_LOOP_LAG_SECONDS.set(worst)
            if stop.is_set():
                return
        if worst > _ALARM_S:
            _log.warning("event_loop_lagged", worst_seconds=round(worst, 3))
