"""Mentions for a measurement: invented, different from each other, as ingest would publish them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime

from common import ids
from common.events import codec
from common.events.envelope import Message, new_event
from common.events.ingest import MentionReceived
from common.events.parts import Author, Mention

_SOURCE = ids.derived_id("bench")
_TEXTS = (
    "@motorrad_ag Mein Anlasser klackert nur noch, was kann ich tun?",
    "@motorrad_ag Seit drei Wochen kein Rückruf zu meiner Reklamation. So geht das nicht!",
    "@motorrad_ag Die App zeigt meinen Werkstatttermin nicht mehr an. Bitte um Hilfe.",
    "Sonntags über den Pass, Sonne, leere Straße. Mehr braucht es nicht.",
    "Neue Zahlen der Zweiradbranche: https://zeitung.example/zahlen",
    "@motorrad_ag Danke an die Werkstatt in Kassel, das ging schnell!",
    "Motorräder sind einfach zu laut, das ist meine Meinung.",
    "@motorrad_ag Where can I order the manual for the Tourer 700?",
)


def mention(number: int, run: str, now: datetime) -> Mention:
    """The mention of that number in a run; every conversation has one or two."""
    text = f"{_TEXTS[number % len(_TEXTS)]} ({random.Random(number).randrange(10**6)})"
    native_id = f"{run}-{number}"
    return Mention(
        mention_id=ids.mention_id("bench", native_id),
        conversation_id=ids.conversation_id("bench", f"{run}-{number // 2 * 2}"),
        network="bench",
        native_id=native_id,
        author=Author(
            id=f"u{number % 5000}", handle=f"user{number % 5000}", followers=number % 900
        ),
        text=text,
        posted_at=now,
        detected_at=now,
        detected_via=("mention" if text.startswith("@") else "search",),
        source_id=_SOURCE,
        account="motorrad_ag" if text.startswith("@") else None,
    )


def messages(first: int, count: int, run: str) -> Iterator[tuple[Mention, Message]]:
    """So many mentions with the records that carry them."""
    now = datetime.now(UTC)
    for number in range(first, first + count):
        found = mention(number, run, now)
        event = new_event(
            MentionReceived(mention=found), id=ids.new_id(), subject=found.mention_id, time=now
        )
        yield found, codec.encode(event)
