"""What ingest reads from its environment; nothing else of the service looks there."""

from __future__ import annotations

from pydantic import Field

from common.settings import (
    AuthSettings,
    DatabaseSettings,
    HttpSettings,
    KafkaSettings,
    LinkSettings,
    LogSettings,
)


class IngestSettings(
    DatabaseSettings, KafkaSettings, HttpSettings, AuthSettings, LogSettings, LinkSettings
):
    """Every knob of ingest; times in seconds.

    `intake_timeout` bounds a webhook delivery's transaction: then the sender gets 503 and comes
    again. `upload_max_bytes` bounds one upload; it is streamed, never held as a whole.
    `source_poll` is the pause between two readings of a source that pushes nothing;
    `source_timeout` bounds one call to a network.
    """

    intake_timeout: float = Field(3.0, gt=0, le=30)
    upload_max_bytes: int = Field(268_435_456, ge=1_048_576)
    source_poll: float = Field(5.0, ge=0.2, le=30)
    source_timeout: float = Field(10.0, gt=0, le=15)
