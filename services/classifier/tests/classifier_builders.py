"""Invented mentions for the classifier's tests, and what comes out of its outbox."""

from __future__ import annotations

from datetime import UTC, datetime

from common import ids
from common.events import codec
from common.events.envelope import Message, new_event
from common.events.ingest import MentionReceived
from common.events.parts import Author, Mention
from common.testing.contracts import assert_satisfies_consumers

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
QUESTION = "@motorrad_ag Mein Motor springt nicht an, wann kann ich in die Werkstatt kommen?"
NEWS = "Bericht: Zweiradbranche wächst um vier Prozent https://zeitung.example/a"


def received(
    number,
    words=QUESTION,
    account=None,
    *,
    author="u1",
    network="testnet",
    posted_at=NOW,
    followers=None,
):
    """The event of a post; the same number is the same post."""
    native_id = f"post-{number}"
    mention = Mention(
        mention_id=ids.mention_id(network, native_id),
        conversation_id=ids.conversation_id(network, native_id),
        network=network,
        native_id=native_id,
        author=Author(id=author, handle=f"{author}_handle", followers=followers),
        text=words,
        posted_at=posted_at,
        detected_at=posted_at,
        detected_via=("mention",),
        source_id=ids.derived_id("source"),
        account=account,
    )
    data = MentionReceived(mention=mention)
    return new_event(data, id=ids.new_id(), subject=mention.mention_id, time=NOW)


def decoded(message: Message):
    """A message of the outbox as whoever consumes it gets it."""
    assert_satisfies_consumers(message)
    headers = [(name, value.encode()) for name, value in message.headers.items()]
    return codec.decode(codec.read_head(headers), message.key.encode(), message.payload)


async def classify(units, use_case, events):
    """What is in the outbox after these events, decoded, in order."""
    prepared = await use_case.prepare(events)
    async with units.begin(prepared=prepared) as uow:
        await use_case(uow, events)
        emitted = list(uow.messages)
    return [decoded(message) for message in emitted]
