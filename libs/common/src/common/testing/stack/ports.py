"""Free loopback ports that stay free while a server is down.

Not `bind(0)`: a port from the ephemeral range can be taken during a broker's outage by an outgoing
connection, even by a client that keeps knocking and by chance connects to itself; then the broker
cannot come back on its address. So ports are drawn below that range.
"""

from __future__ import annotations

import random
import socket
from pathlib import Path

from common.testing.stack.errors import StackError

LOOPBACK = "127.0.0.1"
_RANGE_FILE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 15_000
_TRIES = 200


def free_ports(count: int) -> list[int]:
    """That many different ports of 127.0.0.1 on which nobody listens now."""
    below = int(_RANGE_FILE.read_text().split()[0]) if _RANGE_FILE.exists() else 32_768
    candidates = range(_LOWEST, below) if below > _LOWEST + 1000 else range(_LOWEST, 30_000)
    chosen: list[int] = []
    for port in random.SystemRandom().sample(candidates, min(_TRIES, len(candidates))):
        if is_free(port):
            chosen.append(port)
            if len(chosen) == count:
                return chosen
    raise StackError(f"No {count} free ports on {LOOPBACK} in {candidates}.")


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
