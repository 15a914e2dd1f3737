"""A proxy that lets the far end do its work and then kills the one who asked, once.

The worst moment to die: the effect is there, and nobody on our side knows. It reads the stream only
to see when that moment is.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType

_CHUNK = 65_536


class KillAfterEffect:
    """Listens on `port` and passes everything to `target`; see `arm`."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._marker: bytes | None = None
        self._kill: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self.fired = threading.Event()
        self.seen = 0
        """How many times the marker passed, also when nothing was armed."""
        self.watched = b"\x00"

    def __enter__(self) -> KillAfterEffect:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()

    def arm(self, marker: bytes, kill: Callable[[], None]) -> None:
        """After the next request with `marker` was answered, call `kill` and swallow the answer."""
        self._kill, self._marker = kill, marker
        self.watched = marker

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._link, args=(near,), daemon=True).start()

    def _link(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self._target), timeout=5)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        asked = threading.Event()
        up = threading.Thread(target=self._upwards, args=(near, far, asked), daemon=True)
        up.start()
        try:
            while answer := far.recv(_CHUNK):
                if asked.is_set() and self._fires():
                    self._kill()
                    self.fired.set()
                    break
                near.sendall(answer)
        except OSError:
            pass
        for end in (near, far):
            with contextlib.suppress(OSError):
                # Closing alone would wait for the thread that still reads from it.
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _upwards(self, near: socket.socket, far: socket.socket, asked: threading.Event) -> None:
        tail = b""
        try:
            while chunk := near.recv(_CHUNK):
                if self.watched in tail + chunk:
                    self.seen += 1
                    asked.set()
                tail = chunk[-64:]
                far.sendall(chunk)
            far.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def _fires(self) -> bool:
        with self._lock:
            armed, self._marker = self._marker is not None, None
            return armed
