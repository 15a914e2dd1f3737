"""Sources: where posts come from, and the rules about their secrets. No I/O."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.errors import ConflictError

MAX_ACTIVE_SECRETS = 2
"""Two, so that a rotation has an overlap and no more: what is forgotten gets stolen."""


class SourceKind(enum.StrEnum):
    """How posts arrive: pushed and signed, or uploaded as lines of JSON."""

    WEBHOOK = "webhook"
    NDJSON = "ndjson"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretInfo:
    """A secret without the secret."""

    id: UUID
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A connected source. `account` is our channel account that its posts are addressed to."""

    id: UUID
    network: str
    kind: SourceKind
    account: str | None
    is_enabled: bool
    created_at: datetime
    version: int
    secrets: tuple[SecretInfo, ...] = ()

    def demand_enabled(self) -> None:
        """Raises ConflictError while the source is switched off (S4)."""
        if not self.is_enabled:
            raise ConflictError("this source is switched off", code="source_disabled")

    def demand_kind(self, kind: SourceKind) -> None:
        """Raises ConflictError where the source takes posts in another way."""
        if self.kind is not kind:
            raise ConflictError(f"this source is of kind {self.kind.value}", code="other_kind")

    def demand_room_for_secret(self) -> None:
        """Raises ConflictError when a rotation is under way already."""
        self.demand_kind(SourceKind.WEBHOOK)
        if len(self.secrets) >= MAX_ACTIVE_SECRETS:
            raise ConflictError(
                "two secrets are active; delete the old one first", code="two_secrets_active"
            )
