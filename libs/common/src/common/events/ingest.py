"""What ingest publishes on `mentions.raw`."""

from __future__ import annotations

from common.events.parts import Mention, Part


class MentionReceived(Part, frozen=True, kw_only=True):
    """A post was found for the first time and is durable (S1, S6)."""

    mention: Mention
