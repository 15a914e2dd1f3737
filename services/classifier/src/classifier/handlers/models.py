"""The one thread that models and rules run in.

A model is CPU work: on the event loop it would starve Kafka's heartbeats (RELIABILITY 1.2). The
shipped model is not thread safe, so there is one thread for it, and requests take turns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class ModelThread:
    """Runs CPU work beside the event loop, one call after the other."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The work's result; other tasks go on meanwhile."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: work(*args, **kwargs))

    async def close(self) -> None:
        """Let the running batch end and take no other."""
        await asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True)
