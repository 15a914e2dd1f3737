"""Record keys of the AT protocol that repeat when the same reply is sent again.

A TID is 64 bits in 13 signs: 0, 53 bits of microseconds, 10 bits that tell clocks apart. Ours come
from the reply's id and moment, so a second put writes the same record and not a second one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

_SIGNS = "234567abcdefghijklmnopqrstuvwxyz"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def tid(reply_id: UUID, written_at: datetime) -> str:
    """The record key of this reply, for ever the same. `written_at` must be aware."""
    micros = (written_at - _EPOCH) // timedelta(microseconds=1)
    clock = int.from_bytes(sha256(reply_id.bytes).digest()[:2], "big") & 0x3FF
    number = (micros & (1 << 53) - 1) << 10 | clock
    return "".join(_SIGNS[number >> shift & 31] for shift in range(60, -1, -5))
