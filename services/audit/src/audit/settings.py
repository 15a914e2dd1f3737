"""What audit reads from its environment; nothing else of the service looks there."""

from __future__ import annotations

from common.settings import (
    AuthSettings,
    DatabaseSettings,
    HttpSettings,
    KafkaSettings,
    LogSettings,
)


class AuditSettings(DatabaseSettings, KafkaSettings, HttpSettings, AuthSettings, LogSettings):
    """Every knob of audit; all of them are the house's."""
