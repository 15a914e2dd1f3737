"""A channel that can hide, delete or block on its network; most cannot (CONNECTORS 12)."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from responder.domain.dispatches import Outcome
from responder.domain.moderation import Moderation


@runtime_checkable
class Moderating(Protocol):
    """The process border to a network's moderation."""

    async def moderate(self, moderation: Moderation) -> Outcome:
        """Carry it out once. Hiding, deleting and blocking twice is the same as once, so an
        unclear outcome may be tried again; never raises for what the network does."""
        ...
