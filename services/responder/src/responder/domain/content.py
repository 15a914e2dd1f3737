"""What an approval is bound to: every byte that decides what is said, where, to whom (S58).

The hash is computed here and again by a database trigger (`content_hash_of` in the migration), so
that neither a defect here nor a statement in SQL can bind an approval to other bytes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from responder.domain.words import Audience, Kind

_PREFIX = b"ombud.reply.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A reply as it would leave: recipient (`in_reply_to`), channel account, visibility, text.

    `details` are what else a decision says: a no-reply's two answers. Replies have none.
    """

    network: str
    account: str
    in_reply_to: str
    visibility: Audience
    kind: Kind
    text: str
    details: str = ""

    @property
    def hash(self) -> bytes:
        """SHA-256 over a canonical encoding; 32 bytes.

        Each field is preceded by its length in bytes (4 bytes, big-endian), so no two contents
        share an encoding: "ab"+"c" and "a"+"bc" differ. Details are a field only where there are
        any, so that what was hashed before there were details keeps its hash.
        """
        digest = hashlib.sha256(_PREFIX)
        for field in (
            self.network,
            self.account,
            self.in_reply_to,
            self.visibility.value,
            self.kind.value,
            self.text,
            *((self.details,) if self.details else ()),
        ):
            raw = field.encode("utf-8")
            digest.update(len(raw).to_bytes(4, "big"))
            digest.update(raw)
        return digest.digest()
