"""The watchdog's alert stands on a counter; this is who counts, and that it counts once a stall."""

from __future__ import annotations

from common.kafka.health import LoopHealth
from common.observability import metrics


def test_a_stall_is_counted_once_until_there_is_progress_again():
    now = [0.0]
    health = LoopHealth(lambda: now[0], consumer="watchdog-test")
    counted = metrics.LOOP_STALLS_TOTAL.labels("watchdog-test")._value
    health.is_running, health.assigned, health.lag = True, 1, 5
    assert health.is_live()
    for stall in (1, 2):
        now[0] += 61
        health.beat()
        assert not health.is_live()
        assert not health.is_live()
        assert counted.get() == stall
        health.progress()
        assert health.is_live()
