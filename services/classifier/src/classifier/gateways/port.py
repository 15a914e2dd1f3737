"""The border to whatever labels posts: shipped weights, an ONNX file, an endpoint somewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from classifier.domain.labels import Classification, PostText


class Model(Protocol):
    """Labels posts. Called from one thread at a time, never from the event loop."""

    @property
    def version(self) -> str:
        """Names exactly these weights and rules; stands in every event as `model`."""
        ...

    def classify(self, texts: Sequence[PostText]) -> list[Classification]:
        """One classification per post, in order. May take its time; answers always.

        A model that cannot answer hands over to another one and lets that one's name stand.
        """
        ...
