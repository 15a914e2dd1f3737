"""Bluesky's records: keys that repeat, places in bytes, references, lengths."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from platforms import lengths
from platforms.adapter import Unit
from platforms.bluesky.adapter import CAPABILITIES
from platforms.bluesky.records import facets, parse_address, reply_reference, timestamp
from platforms.bluesky.tids import tid

AT = datetime(2026, 11, 20, 9, 30, 0, 123456, tzinfo=UTC)
REPLY = UUID("019cac00-0000-7000-8000-000000000001")


async def resolve(handle: str) -> str | None:
    return "did:plc:karla" if handle == "karla.example.test" else None


def test_the_key_of_a_reply_is_always_the_same_and_well_formed() -> None:
    key = tid(REPLY, AT)
    assert key == tid(REPLY, AT)
    assert len(key) == 13
    assert set(key) <= set("234567abcdefghijklmnopqrstuvwxyz")
    assert key[0] in "234567abcdefghij"  # the highest bit is 0
    assert tid(REPLY, AT + timedelta(seconds=1)) > key
    assert len({tid(uuid4(), AT) for _ in range(200)}) > 150


async def test_places_are_bytes_and_not_characters() -> None:
    text = "Ölwechsel 🏍️ @karla.example.test, siehe https://example.test/öl?a=1)."
    mention, link = await facets(text, resolve)
    raw = text.encode()

    def cut(facet: dict[str, dict[str, int]]) -> str:
        place = facet["index"]
        return raw[place["byteStart"] : place["byteEnd"]].decode()

    assert cut(mention) == "@karla.example.test"
    assert mention["features"][0]["did"] == "did:plc:karla"
    assert cut(link) == link["features"][0]["uri"] == "https://example.test/öl?a=1"


@pytest.mark.parametrize(
    "text",
    [
        "nur Text, post@karla.example.test ist eine Adresse",
        "@nobody.example.test gibt es nicht",
        "@ohnepunkt und @-x.y",
        "http:// nichts",
    ],
)
async def test_what_is_no_mention_stays_text(text: str) -> None:
    assert await facets(text, resolve) == []


def test_an_answer_keeps_the_root_of_the_thread() -> None:
    post = {"uri": "at://did:plc:a/app.bsky.feed.post/2", "cid": "c2", "value": {}}
    this = {"uri": post["uri"], "cid": "c2"}
    assert reply_reference(post) == {"root": this, "parent": this}
    root = {"uri": "at://did:plc:a/app.bsky.feed.post/1", "cid": "c1"}
    within = {**post, "value": {"reply": {"root": root, "parent": root}}}
    assert reply_reference(within) == {"root": root, "parent": this}


def test_addresses_and_times() -> None:
    address = parse_address("at://did:plc:a/app.bsky.feed.post/3k")
    assert address is not None
    assert str(address) == "at://did:plc:a/app.bsky.feed.post/3k"
    assert parse_address("https://bsky.app/profile/a/post/3k") is None
    assert timestamp(AT) == "2026-11-20T09:30:00.123Z"


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("ä", (1, 1, 2, 1)),
        ("👨‍👩‍👧‍👦", (7, 11, 25, 1)),
        ("cafe\u0301", (5, 5, 6, 4)),
        ("🇩🇪", (2, 4, 8, 1)),
    ],
)
def test_lengths_are_counted_as_networks_do(text: str, counts: tuple[int, ...]) -> None:
    units = (Unit.CODE_POINTS, Unit.UTF16_UNITS, Unit.UTF8_BYTES, Unit.GRAPHEMES)
    assert tuple(lengths.COUNTERS[unit](text) for unit in units) == counts


def test_bluesky_has_two_limits_at_once() -> None:
    graphemes, in_bytes = CAPABILITIES.limits
    assert graphemes.count("👨‍👩‍👧‍👦" * 300) == 300 <= graphemes.most
    assert in_bytes.count("👨‍👩‍👧‍👦" * 300) > in_bytes.most == 3000
