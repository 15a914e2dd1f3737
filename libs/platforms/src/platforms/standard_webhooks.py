"""Standard Webhooks 1.0.0: who signed these bytes, and when? Both directions, no HTTP, no state.

The signature covers `id.timestamp.body` with HMAC-SHA256 over the raw body, so that callers must
hand in the bytes as they came and never a re-serialised form. It does not remember message ids:
a replay inside the tolerance verifies, and the caller's storage makes it change nothing (SEC7).

Source: standardwebhooks.com specification 1.0.0; CONNECTORS sections 2 and 10.
"""

from __future__ import annotations

import base64
import binascii
import enum
import hmac
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from common.errors import OmbudError

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"
TOLERANCE = timedelta(minutes=5)
SECRET_PREFIX = "whsec_"  # noqa: S105  (a prefix, not a secret)

_SECRET_BYTES = 32
_MIN_SECRET_BYTES, _MAX_SECRET_BYTES = 24, 64
_MAX_ID_LENGTH = 256
_MAX_SIGNATURES = 20
_VERSION = "v1"


class Refusal(enum.StrEnum):
    """Why a delivery was not believed: stable words for logs and metrics, free of its content."""

    MISSING_HEADER = "missing_header"
    MALFORMED_HEADER = "malformed_header"
    STALE = "stale"
    WRONG_SIGNATURE = "wrong_signature"


class SignatureRefusedError(OmbudError):
    """The delivery is not from somebody who knows a secret, or not from now."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"webhook signature refused: {refusal.value}")
        self.refusal = refusal


class BadSecretError(OmbudError):
    """A secret is not `whsec_` + base64 of 24 to 64 bytes. The text never repeats it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a verified signature vouches for; `id` stays the same over the sender's retries."""

    id: str
    sent_at: datetime


def new_secret() -> str:
    """A fresh secret in its written form: `whsec_` + base64 of 32 random bytes."""
    return SECRET_PREFIX + base64.b64encode(os.urandom(_SECRET_BYTES)).decode("ascii")


def sign(secret: str, body: bytes, *, message_id: str, sent_at: datetime) -> str:
    """The value of `webhook-signature` for `body`. `sent_at` must be aware.

    During a rotation the sender joins the values of both secrets with a space.
    """
    timestamp = str(int(sent_at.timestamp()))
    return f"{_VERSION},{_signature(_key(secret), message_id, timestamp, body)}"


def signed_headers(
    secrets: Sequence[str], body: bytes, *, message_id: str, sent_at: datetime
) -> dict[str, str]:
    """The three headers of a delivery, one signature for each secret."""
    return {
        ID_HEADER: message_id,
        TIMESTAMP_HEADER: str(int(sent_at.timestamp())),
        SIGNATURE_HEADER: " ".join(
            sign(secret, body, message_id=message_id, sent_at=sent_at) for secret in secrets
        ),
    }


def verify(
    headers: Mapping[str, str],
    body: bytes,
    *,
    secrets: Sequence[str],
    now: datetime,
    tolerance: timedelta = TOLERANCE,
) -> Delivery:
    """The delivery, if one of `secrets` signed exactly these bytes within `tolerance` of `now`.

    `headers` has lower-case names. Every secret is compared with every offered value, in constant
    time, so that the answer's duration tells nothing. Raises SignatureRefusedError on anything
    the sender could have got wrong; never another error for hostile input.
    """
    message_id = headers.get(ID_HEADER, "")
    timestamp = headers.get(TIMESTAMP_HEADER, "")
    offered = headers.get(SIGNATURE_HEADER, "")
    if not (message_id and timestamp and offered):
        raise SignatureRefusedError(Refusal.MISSING_HEADER)
    if len(message_id) > _MAX_ID_LENGTH:
        raise SignatureRefusedError(Refusal.MALFORMED_HEADER)
    sent_at = _moment(timestamp)
    if abs(now - sent_at) > tolerance:
        raise SignatureRefusedError(Refusal.STALE)
    candidates = _candidates(offered)
    is_genuine = False
    for secret in secrets:
        expected = _signature(_key(secret), message_id, timestamp, body).encode("ascii")
        for candidate in candidates:
            is_genuine |= hmac.compare_digest(expected, candidate)
    if not is_genuine:
        raise SignatureRefusedError(Refusal.WRONG_SIGNATURE)
    return Delivery(message_id, sent_at)


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise BadSecretError("a webhook secret is not base64") from None
    if not _MIN_SECRET_BYTES <= len(key) <= _MAX_SECRET_BYTES:
        raise BadSecretError("a webhook secret must have 24 to 64 bytes")
    return key


def _signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    # "replace": an id that is no proper text must fail to match, not raise.
    signed = b".".join((message_id.encode("utf-8", "replace"), timestamp.encode("ascii"), body))
    return base64.b64encode(hmac.digest(key, signed, sha256)).decode("ascii")


def _moment(timestamp: str) -> datetime:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 11):
        raise SignatureRefusedError(Refusal.MALFORMED_HEADER)
    return datetime.fromtimestamp(int(timestamp), tz=UTC)


def _candidates(offered: str) -> list[bytes]:
    """The `v1` values of the header; other versions (v1a) are for other readers."""
    pairs = (value.partition(",") for value in offered.split(" ")[:_MAX_SIGNATURES])
    return [value.encode("utf-8", "replace") for version, _, value in pairs if version == _VERSION]
