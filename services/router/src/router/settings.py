"""What the router reads from the environment: the common blocks, nothing of its own.

What a company sets (teams, rules, clocks) is the configuration in the database, not this.
"""

from __future__ import annotations

from common.settings import (
    AuthSettings,
    DatabaseSettings,
    HttpSettings,
    KafkaSettings,
    LogSettings,
)


class RouterSettings(DatabaseSettings, KafkaSettings, HttpSettings, AuthSettings, LogSettings):
    """Every block in one; a flat name each."""
