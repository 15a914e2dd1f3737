"""What a line of a file becomes, and the invented posts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from ombud.output import NO, CommandError
from ombud.posts import ACCOUNT, as_found, invented_posts, read_posts


@pytest.fixture
def written(tmp_path):
    """Write lines to a file and give its path."""

    def write(*lines):
        path = tmp_path / "posts.jsonl"
        path.write_bytes(b"\n".join(line.encode() for line in lines) + b"\n")
        return path

    return write


def test_a_line_with_id_and_text_becomes_a_post_that_ingest_takes():
    post = as_found({"id": 7, "text": "Guten Tag"}, 3)
    assert post["native_id"] == "7"
    assert post["text"] == "Guten Tag"
    assert post["author"] == {"id": "author-3", "handle": "a3"}
    assert post["detected_via"] == "search"
    assert "account" not in post
    age = datetime.now(UTC) - datetime.fromisoformat(post["posted_at"])
    assert timedelta(seconds=30) <= age < timedelta(minutes=3)


@pytest.mark.parametrize("text", ["@Motorrad_AG hilft mir jemand?", "Danke @motorrad_ag!"])
def test_a_post_that_names_the_handle_addresses_our_account(text):
    post = as_found({"id": "a", "text": text}, 0)
    assert (post["account"], post["detected_via"]) == (ACCOUNT, "mention")
    other = as_found({"id": "a", "text": text}, 0, handle="zweirad_ag")
    assert other["detected_via"] == "search"
    assert "account" not in other


def test_what_the_line_says_is_kept():
    line = {
        "id": "a",
        "text": "Hallo",
        "author": {"id": "9", "handle": "nina"},
        "posted_at": "2026-03-02T08:00:00+00:00",
        "conversation": "c1",
        "in_reply_to": "b",
        "language": "de",
        "url": None,
    }
    post = as_found(line, 0)
    for name in ("author", "posted_at", "conversation", "in_reply_to", "language"):
        assert post[name] == line[name], name
    assert "url" not in post


def test_a_post_in_ingests_own_shape_passes_unchanged():
    line = {"native_id": "n1", "text": "Hallo", "author": {"id": "1", "handle": "h"}}
    assert as_found(dict(line), 5) == line


def test_a_file_is_read_in_order_without_its_blank_lines(written):
    path = written('{"id": 1, "text": "eins"}', "", '{"id": 2, "text": "zwei"}')
    assert [post["native_id"] for post in read_posts(path)] == ["1", "2"]


def test_a_limit_ends_the_reading(written):
    path = written(*(f'{{"id": {number}, "text": "x"}}' for number in range(5)), "no JSON at all")
    assert len(list(read_posts(path, limit=5))) == 5


@pytest.mark.parametrize("line", ["{", "[1]", '"native_id"', "7", '{"id": 1}', '{"text": "x"}'])
def test_a_line_that_is_no_post_is_named_by_its_number(written, line):
    path = written('{"id": 1, "text": "eins"}', line)
    with pytest.raises(CommandError, match="line 2 ") as refused:
        list(read_posts(path))
    assert refused.value.exit_code == NO


def test_the_invented_posts_are_many_different_and_the_same_every_time():
    posts = list(invented_posts(2_500))
    assert len({post["native_id"] for post in posts}) == 2_500
    assert len({post["text"].removeprefix("@motorrad_ag ") for post in posts}) >= 2_000
    again = list(invented_posts(2_500))
    assert [post["text"] for post in again] == [post["text"] for post in posts]
    assert [post["text"] for post in invented_posts(10)] == [post["text"] for post in posts[:10]]


def test_half_of_the_invented_posts_address_us():
    posts = list(invented_posts(200))
    addressed = [post for post in posts if post.get("account") == ACCOUNT]
    assert len(addressed) == 100
    assert all(post["text"].startswith("@motorrad_ag") for post in addressed)


def test_invented_posts_are_json():
    assert all(orjson.loads(orjson.dumps(post)) == post for post in invented_posts(50))
