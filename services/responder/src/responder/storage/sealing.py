"""How private words lie in the database: sealed with AES-256-GCM where a key is given (S66).

The first key seals, every key opens, so that a key can be changed without a gap. The case and the
name are authenticated with the value: a row that is moved to another case does not open there.
Without a key values are stored as they are, behind the grants of the service's own role alone.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.errors import ConfigurationError

_NONCE_BYTES = 12
_KEY_BYTES = 32
_PLAIN = ""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A value as it is stored; `key_id` is empty for a plain one."""

    data: bytes
    key_id: str


class Sealing:
    """Seals and opens with these keys of 32 bytes each; raises ConfigurationError for others."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if any(len(key) != _KEY_BYTES for key in keys):
            raise ConfigurationError("a key of the private store has 32 bytes")
        self._keys = {_id_of(key): AESGCM(key) for key in keys}
        self._current = next(iter(self._keys), _PLAIN)

    def seal(self, value: str, *, case_id: UUID, name: str) -> Sealed:
        """The value, unreadable without the key."""
        raw = value.encode("utf-8")
        if self._current == _PLAIN:
            return Sealed(raw, _PLAIN)
        nonce = os.urandom(_NONCE_BYTES)
        data = self._keys[self._current].encrypt(nonce, raw, _bound_to(case_id, name))
        return Sealed(nonce + data, self._current)

    def open(self, sealed: Sealed, *, case_id: UUID, name: str) -> str:
        """The value again. Raises ConfigurationError where its key is not among ours."""
        if sealed.key_id == _PLAIN:
            return sealed.data.decode("utf-8")
        key = self._keys.get(sealed.key_id)
        if key is None:
            raise ConfigurationError(f"the private store needs the key {sealed.key_id}")
        nonce, data = sealed.data[:_NONCE_BYTES], sealed.data[_NONCE_BYTES:]
        return key.decrypt(nonce, data, _bound_to(case_id, name)).decode("utf-8")


def _id_of(key: bytes) -> str:
    return hashlib.sha256(b"ombud.private.v1" + key).hexdigest()[:12]


def _bound_to(case_id: UUID, name: str) -> bytes:
    return case_id.bytes + name.encode("utf-8")
