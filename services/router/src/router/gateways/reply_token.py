"""Secrets that let an answer in by mail: they stand in addresses, so in lower case (RFC 5321).

A reply token proves that its sender got our question; it is no more than that, and no less.
"""

from __future__ import annotations

import base64
import secrets

_BYTES = 15


def new_reply_token() -> str:
    """`q-` and 24 letters and digits: 120 random bits."""
    return "q-" + base64.b32encode(secrets.token_bytes(_BYTES)).decode().lower()
