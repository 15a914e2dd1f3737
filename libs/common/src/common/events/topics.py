"""The topics: one per publishing service, keyed by conversation, and their dead letters.

The crisis topic is the one exception: who needs the switch need not read every mention (ADR 0006).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic, its owner, how it is kept. Partitions are never decreased (RELIABILITY 9.9)."""

    name: str
    owner: str
    about: str
    partitions: int = 12
    retention: timedelta = timedelta(days=14)


MENTIONS_RAW = Topic("mentions.raw", "ingest", "every post found, once")
MENTIONS_CLASSIFIED = Topic("mentions.classified", "classifier", "every mention with its label")
CRISIS_EVENTS = Topic(
    "crisis.events", "classifier", "crises proposed, and the switch that a person set", partitions=3
)
CASES_EVENTS = Topic("cases.events", "router", "where each mention went; cases, claims, clocks")
REPLIES_EVENTS = Topic("replies.events", "responder", "drafts, reviews, approvals, dispatches")

TOPICS: tuple[Topic, ...] = (
    MENTIONS_RAW,
    MENTIONS_CLASSIFIED,
    CRISIS_EVENTS,
    CASES_EVENTS,
    REPLIES_EVENTS,
)


def dead_letter_topic(topic: str, consumer: str) -> str:
    """Where `consumer` puts the records of `topic` that it could not handle."""
    return f"{topic}.{consumer}.dlq"


def dead_letters_of(topic: Topic, consumer: str) -> Topic:
    """The dead-letter topic as a topic: kept for 30 days, few partitions."""
    return Topic(
        dead_letter_topic(topic.name, consumer),
        consumer,
        f"records of {topic.name} that {consumer} could not handle",
        partitions=3,
        retention=timedelta(days=30),
    )
