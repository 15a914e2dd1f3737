"""What a part of the stack can do, whichever way it came. The process border of this room.

A part that was given by its address belongs to somebody else: it can be used, not stopped.
"""

from __future__ import annotations

from typing import Literal, Protocol

from common.testing.stack.errors import StackError

PartName = Literal["postgres", "kafka"]
BrokerKind = Literal["jvm", "embedded", "external", "container"]
Durability = Literal["real", "fast"]


class Part(Protocol):
    """A server that can be stopped and comes back on the same address with its data."""

    def start(self) -> None:
        """Start and return once it answers; without effect when it runs."""
        ...

    def stop(self) -> None:
        """Stop in order and return when it is gone; without effect when it is stopped."""
        ...

    def kill(self) -> None:
        """SIGKILL, as a machine that loses power would; data written stays."""
        ...

    def restart(self) -> None:
        """`stop` and `start`."""
        ...

    def pause(self) -> None:
        """SIGSTOP: from now on the address accepts, nobody answers. `resume` ends it."""
        ...

    def resume(self) -> None:
        """Let a paused part go on."""
        ...

    def close(self) -> None:
        """Stop for good and remove what was temporary."""
        ...


class PostgresPart(Part, Protocol):
    """A PostgreSQL server."""

    @property
    def dsn(self) -> str:
        """`postgresql://user@host:port/database` of a superuser, as asyncpg takes it."""
        ...


class KafkaPart(Part, Protocol):
    """A Kafka broker."""

    @property
    def bootstrap(self) -> str:
        """`host:port`."""
        ...

    @property
    def broker(self) -> BrokerKind:
        """What kind of broker it is; `embedded` proves nothing about loss or volume."""
        ...


class _NotOurs:
    """A part given by its address."""

    _what = ""

    def start(self) -> None:
        self._refuse()

    def stop(self) -> None:
        self._refuse()

    def kill(self) -> None:
        self._refuse()

    def restart(self) -> None:
        self._refuse()

    def pause(self) -> None:
        self._refuse()

    def resume(self) -> None:
        self._refuse()

    def close(self) -> None:
        """Nothing to do: whoever gave the address owns the server."""

    def _refuse(self) -> None:
        raise StackError(
            f"{self._what} was given by its address and is not ours to stop or start. "
            "A test that kills things opens its own stack: open_stack(settings=StackSettings())."
        )


class GivenPostgres(_NotOurs):
    """PostgreSQL at an address from the environment."""

    _what = "PostgreSQL"

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn


class GivenKafka(_NotOurs):
    """Kafka at an address from the environment."""

    _what = "Kafka"
    broker: BrokerKind = "external"

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
