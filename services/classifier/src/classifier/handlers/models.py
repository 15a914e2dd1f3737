"""The border to a model, and the one thread that runs it.

A model is CPU work: on the event loop it would starve Kafka's heartbeats (RELIABILITY 1.2). The
shipped model is not thread safe, so there is one thread for it, and requests take turns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from classifier.domain.labels import Classification, PostText


class Model(Protocol):
    """Whatever labels posts: the shipped model, or one that an operator brings."""

    @property
    def version(self) -> str:
        """Names exactly these weights and rules."""
        ...

    def classify(self, texts: Sequence[PostText]) -> list[Classification]:
        """One classification per post, in order. May take its time."""
        ...


class ModelThread:
    """Runs a model beside the event loop."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")

    @property
    def version(self) -> str:
        return self._model.version

    async def classify(self, texts: Sequence[PostText]) -> list[Classification]:
        """The model's answer; other tasks go on meanwhile."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._model.classify, texts)

    async def close(self) -> None:
        """Let the running batch end and take no other."""
        await asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True)
