"""Identifiers: time-ordered for new facts, name-based where the same fact must get the same id.

Ids are passed in: a handler takes an `IdFactory`, tests hand it one that counts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from uuid import UUID, uuid5

IdFactory = Callable[[], UUID]

_MENTIONS = UUID("6f1d2a52-62a5-5a0e-9d3c-0d6a5d0b9a01")
_CONVERSATIONS = UUID("6f1d2a52-62a5-5a0e-9d3c-0d6a5d0b9a02")
_DERIVED = UUID("6f1d2a52-62a5-5a0e-9d3c-0d6a5d0b9a03")


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): unique, and in the order of creation to the millisecond."""
    random = int.from_bytes(os.urandom(10), "big")
    value = (time.time_ns() // 1_000_000) << 80
    value |= 0x7000_0000_0000_0000_0000 | ((random >> 68) & 0xFFF) << 64
    value |= 0x8000_0000_0000_0000 | (random & 0x3FFF_FFFF_FFFF_FFFF)
    return UUID(int=value)


def mention_id(network: str, native_id: str) -> UUID:
    """The id of a post, the same whoever finds it and however often (S1)."""
    return uuid5(_MENTIONS, f"{network}\x1f{native_id}")


def conversation_id(network: str, root_native_id: str) -> UUID:
    """The id of a thread on one network, named by its first post; also the Kafka key."""
    return uuid5(_CONVERSATIONS, f"{network}\x1f{root_native_id}")


def derived_id(*parts: object) -> UUID:
    """An id that repeats when the same effect is computed twice, as for a timer that fires."""
    return uuid5(_DERIVED, "\x1f".join(str(part) for part in parts))
