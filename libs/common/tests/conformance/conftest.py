"""Fixtures of the conformance suite: every kind of broker that the loop is said to work with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from common.testing.stack import StackError, StackSettings, open_stack


@pytest.fixture(scope="module", params=["jvm", "embedded"])
def broker(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """(kind, address). The embedded one knows one member per group and no topics to create."""
    if request.param == "jvm":
        yield "jvm", request.getfixturevalue("kafka_bootstrap")
        return
    chosen = StackSettings.from_environment()
    settings = replace(chosen, kafka_bootstrap=None, broker="embedded")
    try:
        opening = open_stack(want=("kafka",), settings=settings)
    except StackError as error:
        pytest.skip(f"no embedded broker: {error}")
    with opening as stack:
        yield "embedded", stack.kafka_bootstrap
