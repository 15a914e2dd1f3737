"""Reading posts from bytes: what is read, what is kept as unreadable, that nothing is raised."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_builders import post_json

from ingest.domain.posts import Attachment, FoundPost, UnreadablePost
from ingest.handlers.post_found import read_body, read_post


def read(**changes: Any) -> FoundPost | UnreadablePost:
    return read_post(json.dumps(post_json(**changes)).encode())


def test_a_full_post_is_read() -> None:
    post = read(
        conversation="root",
        in_reply_to="p0",
        url="https://social.example/p1",
        language="de",
        media=[{"kind": "image", "url": "https://social.example/i.png", "alt_text": "Tacho"}],
        detected_via="search",
        visibility="private",
        something_new=True,
    )
    assert isinstance(post, FoundPost)
    assert post.posted_at == datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    assert post.author_followers == 12
    assert post.media == (
        Attachment(kind="image", url="https://social.example/i.png", alt_text="Tacho"),
    )
    assert post.detected_via == ("search",)
    assert post.is_private


def test_without_a_handle_the_id_stands_in() -> None:
    post = read(author={"id": "a1"})
    assert isinstance(post, FoundPost)
    assert post.author_handle == "a1"


def test_a_post_whose_event_no_broker_would_take_is_kept_as_it_came() -> None:
    media = [{"kind": "image", "url": "https://social.example/i.png", "alt_text": "\x01" * 5000}]
    raw = json.dumps(post_json(text="ä" * 10_000, media=media * 20)).encode()
    post = read_post(raw)
    assert isinstance(post, UnreadablePost)
    assert post.raw == raw
    assert post.reason.startswith("a post may have 250000 bytes, this one has 6")


def test_the_longest_text_is_read_however_it_was_escaped() -> None:
    post = read(text="🏍" * 50_000)
    assert isinstance(post, FoundPost)
    assert len(post.text) == 50_000


def test_a_list_of_more_posts_than_a_delivery_may_have_is_kept_whole() -> None:
    body = b"[" + b",".join([b"1"] * 5_001) + b"]"
    (kept,) = read_body(body)
    assert isinstance(kept, UnreadablePost)
    assert kept.raw == body
    assert kept.reason == "a delivery may have 5000 posts, this one has 5001"
    assert len(read_body(b"[" + b",".join([b"1"] * 5_000) + b"]")) == 5_000


def test_a_nul_in_a_text_does_not_lose_the_post() -> None:
    post = read(text="vor\x00nach")
    assert isinstance(post, FoundPost)
    assert post.text == "vor\ufffdnach"


@pytest.mark.parametrize(
    "changes",
    [
        {"native_id": ""},
        {"native_id": "a\x00b"},
        {"native_id": 7},
        {"native_id": "x" * 513},
        {"text": None},
        {"text": "x" * 50_001},
        {"author": "karla"},
        {"author": {"handle": "@karla"}},
        {"author": {"id": "a1", "followers": -1}},
        {"author": {"id": "a1", "followers": 2**63}},
        {"posted_at": "2026-11-20T09:30:00"},
        {"posted_at": "yesterday"},
        {"posted_at": "0001-01-01T00:00:00+14:00"},
        {"language": "a language"},
        {"detected_via": "two words"},
        {"detected_via": "search\n"},
        {"visibility": "secret"},
        {"media": [{"kind": "image"}]},
    ],
)
def test_what_breaks_the_shape_is_kept_with_a_reason(changes: dict[str, Any]) -> None:
    raw = json.dumps(post_json(**changes)).encode()
    post = read_post(raw, line=3)
    assert isinstance(post, UnreadablePost)
    assert post.raw == raw
    assert post.reason
    assert post.line == 3


def test_a_list_is_judged_item_by_item() -> None:
    good, bad = json.dumps(post_json("p1")), '{"native_id": "p2",  "text": 1}'
    items = read_body(f" [{good}, {bad}, 7]".encode())
    assert [type(item) for item in items] == [FoundPost, UnreadablePost, UnreadablePost]
    assert isinstance(items[1], UnreadablePost)
    assert items[1].raw == bad.encode()


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[", b"[{}", b"null", b'"x"', b"\xff\xfe", b"[" * 5000]
)
def test_a_body_that_is_no_json_is_kept_whole(body: bytes) -> None:
    (item,) = read_body(body)
    assert isinstance(item, UnreadablePost)
    assert item.raw == body


def test_an_empty_list_holds_nothing() -> None:
    assert read_body(b"[]") == []


def test_a_lone_surrogate_is_unreadable_and_not_an_accident() -> None:
    assert isinstance(read_post(b'{"native_id":"\\ud800"}'), UnreadablePost)


@given(st.binary(max_size=200))
def test_no_bytes_raise(body: bytes) -> None:
    assert all(isinstance(item, FoundPost | UnreadablePost) for item in read_body(body))
