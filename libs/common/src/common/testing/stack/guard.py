"""A small process between us and a server: the server never outlives the one who wanted it.

Run as a script with the standard library only: `python -I guard.py '{"command": [...], ...}'`.
It starts the command, says `pid N` on its output, obeys the lines `stop`, `kill`, `pause` and
`resume` on its input, says `paused` when no thread of the server runs any more, and `exit CODE`
when it ended; `bye` then lets the guard go. When its input ends, because the owner closed it or was
killed with SIGKILL, it stops the server in order and removes the temporary folder.

A pipe rather than only PR_SET_PDEATHSIG: that signal comes when the *thread* that forked ends, so
a stack opened from a worker thread would lose its servers. Between guard and server, where there
are no threads, PDEATHSIG is right and covers a killed guard. Knows neither PostgreSQL nor Kafka.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from typing import Any

PR_SET_PDEATHSIG = 1


def main(spec: dict[str, Any]) -> int:
    """Guard one command until it ends or the owner is gone; its exit code, 128+N for a signal."""
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is for the owner, who stops us in order
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: None)
    child = _start(spec)
    _say(f"pid {child.pid}")
    orphaned = False
    while child.poll() is None:
        readable, _, _ = select.select([0, woken], [], [])
        if woken in readable and signal.SIGTERM in os.read(woken, 256):
            _stop(child, spec)
        if 0 in readable:
            words = os.read(0, 4096).decode()
            if not words:
                orphaned = True
                _stop(child, spec)
            for word in words.split("\n"):
                _obey(word, child, spec)
    code = child.returncode if child.returncode >= 0 else 128 - child.returncode
    with contextlib.suppress(OSError):  # the owner may be gone
        _say(f"exit {code}")
    # Waiting here for the owner's `bye` keeps the promise for a server that is down when he dies.
    if spec.get("remove") and (orphaned or not sys.stdin.read()):
        shutil.rmtree(spec["remove"], ignore_errors=True)
        with contextlib.suppress(OSError):  # not empty: another guard still has its part in it
            os.rmdir(os.path.dirname(spec["remove"]))
    return int(code)


def _start(spec: dict[str, Any]) -> subprocess.Popen[bytes]:
    identity: dict[str, Any] = {}
    if spec.get("uid") is not None:
        identity = {"user": spec["uid"], "group": spec["gid"], "extra_groups": []}
    with open(spec["log"], "ab", buffering=0) as log:
        return subprocess.Popen(
            spec["command"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=spec.get("env"),
            cwd="/",  # the account of the server may not be allowed into ours
            preexec_fn=lambda: _die_with_parent(spec["stop_signal"]),
            **identity,
        )


def _die_with_parent(stop_signal: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, stop_signal)


def _obey(word: str, child: subprocess.Popen[bytes], spec: dict[str, Any]) -> None:
    if word == "stop":
        _stop(child, spec)
    elif word == "kill":
        child.kill()
    elif word == "pause":
        child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        _say("paused")
    elif word == "resume":
        child.send_signal(signal.SIGCONT)


def _stop(child: subprocess.Popen[bytes], spec: dict[str, Any]) -> None:
    child.send_signal(signal.SIGCONT)  # a paused process takes no other signal
    child.send_signal(spec["stop_signal"])
    try:
        child.wait(spec["grace_s"])
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
