"""The input side's table of contents: event to use case."""

from __future__ import annotations

from classifier.handlers.classify_mentions import MentionClassifier
from common.events.ingest import MentionReceived
from common.inbox.handling import HandlerTable


def handlers(classify_mentions: MentionClassifier) -> HandlerTable:
    """What is done with each event."""
    return {MentionReceived: classify_mentions}
