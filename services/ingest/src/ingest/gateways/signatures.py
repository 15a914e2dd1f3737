"""Who signed a webhook delivery, in ingest's words; the protocol is `platforms`' business."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from common.errors import OmbudError
from platforms import standard_webhooks


class UnsignedDeliveryError(OmbudError):
    """No active secret signed these bytes just now. `reason` is a stable word, safe to log."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"webhook delivery refused: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SignedDelivery:
    """The sender's id of a delivery, the same over its retries."""

    id: str


def new_secret() -> str:
    """A fresh webhook secret in the form the sender needs (`whsec_...`)."""
    return standard_webhooks.new_secret()


def check(
    headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], now: datetime
) -> SignedDelivery:
    """The delivery that one of `secrets` vouches for; raises UnsignedDeliveryError otherwise."""
    try:
        delivery = standard_webhooks.verify(headers, body, secrets=secrets, now=now)
    except standard_webhooks.SignatureRefusedError as error:
        raise UnsignedDeliveryError(error.refusal.value) from error
    return SignedDelivery(delivery.id)
