"""What a service tells Python's garbage collector about its memory.

A service holds much that stays (code, tables, a model) and makes much that goes by itself as soon
as a batch is done. Left alone, the collector looks through all of it again every few batches and
finds nothing: a tenth of the time of a busy service. Cycles are still found, only later.
"""

from __future__ import annotations

import gc

_THRESHOLDS = (50_000, 20, 20)
"""New objects before a look at the young ones: more than a batch of 500 mentions leaves alive."""


def settle() -> None:
    """Leave alone for good what is alive now, and look less often. Called once, after the start."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
