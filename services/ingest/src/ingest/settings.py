"""What ingest reads from its environment; nothing else of the service looks there."""

from __future__ import annotations

from pydantic import Field

from common.settings import (
    AuthSettings,
    DatabaseSettings,
    HttpSettings,
    KafkaSettings,
    LogSettings,
)


class IngestSettings(DatabaseSettings, KafkaSettings, HttpSettings, AuthSettings, LogSettings):
    """Every knob of ingest; times in seconds.

    `intake_timeout` bounds a webhook delivery's transaction: then the sender gets 503 and comes
    again. `upload_max_bytes` bounds one upload; it is streamed, never held as a whole.
    """

    intake_timeout: float = Field(3.0, gt=0, le=30)
    upload_max_bytes: int = Field(268_435_456, ge=1_048_576)
