"""The broker for machines without Java: librdkafka's mock cluster, in a process of its own.

A first look only: about 5 MB per partition (older records vanish), memory only, one member per
group, no CreateTopics (topics appear with the first use), `read_committed` ignored. It proves
nothing about loss, volume or rebalances, and CI refuses it. Needs the confluent-kafka wheel.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from common.testing.stack.errors import StackError
from common.testing.stack.guarded import GuardedServer, ServerCommand
from common.testing.stack.parts import BrokerKind
from common.testing.stack.settings import server_environment

NOTICE = (
    "Kafka: using the embedded broker (librdkafka's mock): fine for a first look, it keeps little, "
    "in memory, and proves nothing about loss or volume."
)
_START_S = 20.0


class EmbeddedKafka:
    """A mock broker in a child process; it has no data to keep and so cannot come back."""

    broker: BrokerKind = "embedded"

    def __init__(self, folder: Path, *, temporary: bool = True, log: Callable[[str], None]) -> None:
        if find_spec("confluent_kafka") is None:
            raise StackError("The embedded broker needs the confluent-kafka wheel: `make setup`.")
        self._folder = folder
        self._temporary = temporary
        self._log = log
        self._server: GuardedServer | None = None
        self._bootstrap = ""

    @property
    def bootstrap(self) -> str:
        return self._bootstrap

    def start(self) -> None:
        if self._server is not None:
            return
        self._log(NOTICE)
        self._folder.mkdir(parents=True, exist_ok=True)
        said = self._folder / "address"
        said.unlink(missing_ok=True)
        self._server = GuardedServer(
            ServerCommand(
                name="the embedded broker",
                command=(sys.executable, "-m", __name__, str(said)),
                log=self._folder / "broker.log",
                stop_signal=signal.SIGTERM,
                env=server_environment(),
                remove=self._folder if self._temporary else None,
            )
        )
        try:
            self._server.wait_ready(said.exists, within_s=_START_S)
        except StackError:
            self.close()
            raise
        self._bootstrap = said.read_text()

    def stop(self) -> None:
        self._refuse()

    def kill(self) -> None:
        self._refuse()

    def restart(self) -> None:
        self._refuse()

    def pause(self) -> None:
        if self._server is not None:
            self._server.pause()

    def resume(self) -> None:
        if self._server is not None:
            self._server.resume()

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _refuse(self) -> None:
        raise StackError("The embedded broker keeps nothing: stopping it would prove nothing.")


def _serve(said: Path) -> None:
    """Run the mock until SIGTERM, its address written (at once whole) to the file `said`."""
    from confluent_kafka import Producer

    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    # The brokers live inside this client; `x:1` is never asked.
    producer = Producer({"bootstrap.servers": "x:1", "test.mock.num.brokers": 1})
    brokers = producer.list_topics(timeout=10).brokers.values()
    fresh = said.with_suffix(".fresh")
    fresh.write_text(",".join(f"{broker.host}:{broker.port}" for broker in brokers))
    fresh.rename(said)
    ended.wait()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
