"""What the classifier publishes on `mentions.classified`."""

from __future__ import annotations

from common.events.parts import Classification, Mention, Part


class MentionClassified(Part, frozen=True, kw_only=True):
    """A mention got its label; the mention travels inside so that nobody has to ask for it."""

    mention: Mention
    classification: Classification
