"""Our end of the guard: a server process that is started, stopped, killed and started again.

The order of words on the pipe is `guard`'s; this module knows neither PostgreSQL nor Kafka.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from common.testing.stack import guard
from common.testing.stack.errors import StackError

_POLL_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCommand:
    """What the guard needs to know about one server."""

    name: str
    command: tuple[str, ...]
    log: Path
    stop_signal: signal.Signals
    env: Mapping[str, str] | None = None
    uid: int | None = None
    gid: int | None = None
    grace_s: float = 20.0
    remove: Path | None = field(default=None)
    """Removed by the guard when the owner ends, however he ends."""


class GuardedServer:
    """One run of one server under its guard. A new start is a new object."""

    def __init__(self, command: ServerCommand) -> None:
        self._command = command
        spec = {
            "command": list(command.command),
            "log": str(command.log),
            "stop_signal": int(command.stop_signal),
            "env": None if command.env is None else dict(command.env),
            "uid": command.uid,
            "gid": command.gid,
            "grace_s": command.grace_s,
            "remove": None if command.remove is None else str(command.remove),
        }
        self._guard = subprocess.Popen(
            [sys.executable, "-I", guard.__file__, json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches us, and we decide in which order all ends
        )
        self._ended = threading.Event()
        self._paused = threading.Event()
        self.exit_code: int | None = None
        """What the server returned once it ended; 128+N for a signal."""
        first = self._read_line()
        if not first.startswith("pid "):
            self._guard.wait(10)
            raise StackError(f"{command.name} could not be started: {command.command[0]}")
        self.pid = int(first.split()[1])
        threading.Thread(target=self._watch, daemon=True, name=f"watch-{command.name}").start()

    @property
    def running(self) -> bool:
        """Whether the server process lives."""
        return not self._ended.is_set()

    def wait_ready(self, is_ready: Callable[[], bool], *, within_s: float) -> None:
        """Return once `is_ready` holds, or raise StackError with the end of the log."""
        deadline = time.monotonic() + within_s
        while not is_ready():
            if not self.running:
                raise StackError(f"{self._command.name} ended while starting.\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise StackError(
                    f"{self._command.name} was not ready within {within_s:g} s.\n{self.log_tail()}"
                )
            time.sleep(_POLL_S)

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of the server's log, with the file's name."""
        log = self._command.log
        text = log.read_text(errors="replace") if log.exists() else ""
        return "\n".join([f"--- end of {log}", *text.splitlines()[-lines:]])

    def pause(self) -> None:
        """SIGSTOP. When this returns no thread of the server runs, until `resume`."""
        self._paused.clear()
        self._say("pause")
        if not self._paused.wait(self._command.grace_s):
            raise StackError(f"{self._command.name} (pid {self.pid}) did not pause.")

    def resume(self) -> None:
        """SIGCONT."""
        self._say("resume")

    def stop(self) -> None:
        """Orderly end; SIGKILL when the grace is over. Temporary folders stay."""
        self._end("stop")

    def kill(self) -> None:
        """SIGKILL. Temporary folders stay."""
        self._end("kill")

    def close(self) -> None:
        """Orderly end, and the guard removes what was temporary."""
        with contextlib.suppress(OSError):
            self._stdin.close()
        self._guard.wait(self._command.grace_s + 10)

    def _end(self, word: str) -> None:
        self._say(word)
        if not self._ended.wait(self._command.grace_s + 10):
            raise StackError(f"{self._command.name} (pid {self.pid}) did not end.")

    def release(self) -> None:
        """Let the guard of an ended server go without removing anything, before a new start."""
        self._say("bye")
        with contextlib.suppress(OSError):
            self._stdin.close()
        self._guard.wait(10)

    def _say(self, word: str) -> None:
        with contextlib.suppress(OSError):  # the server ended by itself, and the guard with it
            self._stdin.write(f"{word}\n".encode())
            self._stdin.flush()

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._guard.stdin is not None
        return self._guard.stdin

    def _read_line(self) -> str:
        assert self._guard.stdout is not None
        return self._guard.stdout.readline().decode().strip()

    def _watch(self) -> None:
        while line := self._read_line():
            if line.startswith("exit "):
                self.exit_code = int(line.split()[1])
                break
            if line == "paused":
                self._paused.set()
        self._ended.set()
        self._paused.set()
