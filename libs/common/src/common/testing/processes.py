"""A service as an operating system process: started, killed, paused, asked for its readiness.

Used by the system and fault tests, the benchmarks and the `ombud` command. The process never
outlives its owner (`stack.guard`). Knows no event and no table.
"""

from __future__ import annotations

import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from common.testing.stack.guarded import GuardedServer, ServerCommand

_GRACE_S = 15.0


@dataclass(slots=True)
class ServiceProcess:
    """One replica: `python -m <module> <part>` with its environment, port and log file."""

    name: str
    module: str
    port: int
    env: Mapping[str, str]
    log: Path
    arguments: tuple[str, ...] = ("run",)
    ready_path: str = "/health/ready"
    starts: int = 0
    _server: GuardedServer | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        return self._server.pid if self._server else None

    @property
    def is_running(self) -> bool:
        return self._server is not None and self._server.running

    @property
    def exit_code(self) -> int | None:
        """Of the last run; None while it runs, 128+N after a signal."""
        return self._server.exit_code if self._server else None

    def start(self) -> None:
        """Start it, again if it ended before; returns at once, `wait_ready` waits."""
        if self.is_running:
            return
        if self._server:
            self._server.release()
        self.starts += 1
        self._server = GuardedServer(
            ServerCommand(
                name=self.name,
                command=(sys.executable, "-m", self.module, *self.arguments),
                log=self.log,
                stop_signal=signal.SIGTERM,
                env=self.env,
                grace_s=_GRACE_S,
            )
        )

    def wait_ready(self, within_s: float = 60.0) -> None:
        """Return once it says that it is ready; StackError with the end of its log otherwise."""
        assert self._server is not None, f"{self.name} was not started"
        self._server.wait_ready(self.is_ready, within_s=within_s)

    def is_ready(self) -> bool:
        """Whether the readiness probe answers 200."""
        return self._answers(self.ready_path)

    def is_live(self) -> bool:
        """Whether the liveness probe answers 200."""
        return self._answers("/health/live")

    def terminate(self) -> int | None:
        """SIGTERM, wait for the end, and its exit code."""
        if self._server and self._server.running:
            self._server.stop()
        return self.exit_code

    def kill(self) -> None:
        """SIGKILL and wait until it is gone."""
        if self._server and self._server.running:
            self._server.kill()

    def close(self) -> None:
        """Stop for good."""
        if self._server:
            self._server.close()
            self._server = None

    def _answers(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(self.url + path, timeout=2) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False
