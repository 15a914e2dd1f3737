"""The fixtures that every test may ask for; the root conftest names this module in pytest_plugins.

Parts are started when the first test asks for one, and once per run: under pytest-xdist the
controller holds them and the workers get their addresses. A test that kills things asks for
`own_stack`. Where only the embedded broker is to be had, tests of Kafka are skipped with the
reason (in CI that is an error). Fixtures of one service live in that service's conftest.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from common.testing.clock import ManualClock
from common.testing.ids import SequentialIds
from common.testing.stack import Durability, PartName, Stack, StackSettings, open_stack

_WORKER_INPUT = "ombud_stack"
_SHARED: Durability = "fast"
"""Nobody kills the shared server, and making and dropping databases is three times as quick."""
_controller_stack = pytest.StashKey[tuple[ExitStack, dict[str, str]]]()


class SharedParts:
    """The parts of this run, each started at its first use."""

    def __init__(self, settings: StackSettings, ends: ExitStack) -> None:
        self._settings = settings
        self._ends = ends
        self._open: dict[PartName, Stack] = {}

    def part(self, name: PartName) -> Stack:
        """A stack of that one part. Raises StackError, in CI also for a missing JVM broker."""
        if name not in self._open:
            opening = open_stack(want=(name,), durability=_SHARED, settings=self._settings)
            self._open[name] = self._ends.enter_context(opening)
        return self._open[name]


@pytest.fixture(scope="session")
def shared_parts(request: pytest.FixtureRequest) -> Iterator[SharedParts]:
    """What `stack`, `postgres_admin_dsn` and `kafka_bootstrap` stand on."""
    settings = StackSettings.from_environment()
    given = getattr(request.config, "workerinput", {}).get(_WORKER_INPUT)
    if given:
        settings = replace(settings, **given)
    with ExitStack() as ends:
        yield SharedParts(settings, ends)


@pytest.fixture(scope="session")
def stack(shared_parts: SharedParts) -> Stack:
    """PostgreSQL and Kafka, shared: use random names, stop nothing."""
    kafka = _real(shared_parts.part("kafka")).kafka
    return Stack(shared_parts.part("postgres").postgres, kafka)


@pytest.fixture(scope="session")
def postgres_admin_dsn(shared_parts: SharedParts) -> str:
    """DSN of a superuser; only PostgreSQL is started for it."""
    return shared_parts.part("postgres").postgres_dsn


@pytest.fixture(scope="session")
def kafka_bootstrap(shared_parts: SharedParts) -> str:
    """`host:port`; only Kafka is started for it."""
    return _real(shared_parts.part("kafka")).kafka_bootstrap


@pytest.fixture(scope="module")
def own_stack() -> Iterator[Stack]:
    """A stack of this module's own processes, to be killed and paused at will."""
    chosen = StackSettings.from_environment()
    with open_stack(settings=replace(chosen, postgres_dsn=None, kafka_bootstrap=None)) as stack:
        yield _real(stack)


def _real(stack: Stack) -> Stack:
    if stack.broker == "embedded":
        pytest.skip("needs a real Kafka broker: Java 17 and, once, Maven and network")
    return stack


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still on a Monday morning."""
    return ManualClock()


@pytest.fixture
def ids() -> SequentialIds:
    """Ids that count from one."""
    return SequentialIds()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist, in the controller, for each worker: start both parts once and pass their addresses."""
    if _controller_stack not in node.config.stash:
        ends = ExitStack()
        stack = ends.enter_context(open_stack(durability=_SHARED))
        given = {"postgres_dsn": stack.postgres_dsn, "kafka_bootstrap": stack.kafka_bootstrap}
        node.config.stash[_controller_stack] = (ends, given)
    node.workerinput[_WORKER_INPUT] = node.config.stash[_controller_stack][1]


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what the controller started."""
    if _controller_stack in config.stash:
        config.stash[_controller_stack][0].close()
