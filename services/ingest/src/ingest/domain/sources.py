"""Sources: where posts come from, and the rules about their secrets. No I/O."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from common.errors import ConflictError

MAX_ACTIVE_SECRETS = 2
"""Two, so that a rotation has an overlap and no more: what is forgotten gets stolen."""


class SourceKind(enum.StrEnum):
    """How posts arrive: pushed and signed, uploaded as lines of JSON, or read by us."""

    WEBHOOK = "webhook"
    NDJSON = "ndjson"
    BLUESKY = "bluesky"
    MAIL = "mail"

    @property
    def is_read(self) -> bool:
        """Whether we go and look, and keep a cursor."""
        return self in (SourceKind.BLUESKY, SourceKind.MAIL)


# How much of the time before a source was connected is read at the first time: somebody who
# complained last night is still waiting.
LOOK_BACK = timedelta(days=1)
_FIRST_PAUSE = timedelta(seconds=2)
_LONGEST_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A source that is ours to read for a while; `fence` is who we are."""

    source_id: UUID
    fence: int
    cursor: Mapping[str, Any] | None
    network: str
    kind: SourceKind
    account: str
    connected_at: datetime

    @property
    def since(self) -> datetime:
        """Where a reading without a cursor begins."""
        return self.connected_at - LOOK_BACK


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingState:
    """How the reading of a source goes (S5)."""

    last_success_at: datetime | None
    last_error: str | None
    failures: int
    next_at: datetime


def pause_after(failures: int) -> timedelta:
    """How long a source rests after so many failures in a row (from 1)."""
    return min(_FIRST_PAUSE * float(2 ** min(failures - 1, 16)), _LONGEST_PAUSE)


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
