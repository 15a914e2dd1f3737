"""Reading a list that runs backwards: pages, what is known, what comes late, what is no post.

The far end is a scripted server, because the real one cannot be asked to index a post late.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from platforms.bluesky.reader import BlueskyReader
from platforms.bluesky.session import Session

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
OURS, LENA = "did:plc:ours", "did:plc:lena"


def entry(number: int, at: datetime, **changes: Any) -> dict[str, Any]:
    """A notification indexed at this moment."""
    made: dict[str, Any] = {
        "uri": f"at://{LENA}/app.bsky.feed.post/{number}",
        "cid": f"c{number}",
        "author": {"did": LENA, "handle": "lena.example"},
        "reason": "mention",
        "record": {"text": f"Post {number}", "createdAt": at.isoformat(), "langs": ["de"]},
        "indexedAt": at.isoformat(),
    }
    return made | changes


class View:
    """A view of the network with these notifications, newest first by the earlier time."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        view = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                self.say({"accessJwt": "a", "refreshJwt": "r", "did": OURS})

            def do_GET(self) -> None:
                address = urlsplit(self.path)
                query = parse_qs(address.query)
                if address.path.endswith("getProfiles"):
                    profiles = [{"did": did, "followersCount": 7} for did in query["actors"]]
                    self.say({"profiles": profiles})
                    return
                start = int(query.get("cursor", ["0"])[0])
                ordered = sorted(view.entries, key=view.place, reverse=True)
                page = ordered[start : start + 100]
                more = {"cursor": str(start + 100)} if start + 100 < len(ordered) else {}
                self.say({"notifications": page, **more})

            def say(self, body: Any) -> None:
                raw = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def place(one: dict[str, Any]) -> str:
        return min(str(one["indexedAt"]), str(one["record"].get("createdAt", "9")))


@pytest.fixture
def view() -> Iterator[View]:
    made = View()
    yield made
    made.server.shutdown()


@pytest.fixture
def reader(view: View) -> BlueskyReader:
    url = f"http://127.0.0.1:{view.server.server_port}"
    session = Session(url, "motorrad.example", password="x", timeout=timedelta(seconds=5))
    return BlueskyReader(session, interval=timedelta(seconds=1))


async def test_pages_are_walked_and_come_out_oldest_first(
    view: View, reader: BlueskyReader
) -> None:
    view.entries = [entry(n, NOW + timedelta(seconds=n)) for n in range(250)]
    haul = await reader.read(None, since=NOW)
    assert [post.text for post in haul.posts] == [f"Post {n}" for n in range(250)]
    assert haul.posts[0].author_followers == 7
    again = await reader.read(haul.cursor, since=NOW)
    assert not again.posts
    assert len((await reader.read(None, since=NOW)).posts) == 250, "an old cursor: the same again"


async def test_a_first_reading_goes_back_to_its_edge_only(
    view: View, reader: BlueskyReader
) -> None:
    view.entries = [entry(1, NOW - timedelta(days=2)), entry(2, NOW)]
    haul = await reader.read(None, since=NOW - timedelta(days=1))
    assert [post.text for post in haul.posts] == ["Post 2"]


async def test_what_is_ordered_late_is_still_found(view: View, reader: BlueskyReader) -> None:
    view.entries = [entry(1, NOW)]
    haul = await reader.read(None, since=NOW - timedelta(days=1))
    # Its author claims to have written it ten minutes ago: the list puts it behind what is known.
    claimed = (NOW - timedelta(minutes=10)).isoformat()
    late = entry(2, NOW + timedelta(seconds=5))
    late["record"]["createdAt"] = claimed
    view.entries += [late]
    (post,) = (await reader.read(haul.cursor, since=NOW)).posts
    assert post.text == "Post 2"
    assert post.posted_at.isoformat() == claimed


async def test_a_future_claim_is_not_believed(view: View, reader: BlueskyReader) -> None:
    post = entry(1, NOW)
    post["record"]["createdAt"] = "2040-01-01T00:00:00Z"
    view.entries = [post]
    (found,) = (await reader.read(None, since=NOW - timedelta(days=1))).posts
    assert found.posted_at == NOW


async def test_what_is_no_post_to_us_is_left_out_or_kept_apart(
    view: View, reader: BlueskyReader
) -> None:
    view.entries = [
        entry(1, NOW, reason="like"),
        entry(2, NOW, reason="something-new"),
        entry(3, NOW, author={"did": OURS, "handle": "motorrad.example"}),
        entry(4, NOW, record={"text": "ohne Zeit", "langs": "kaputt", "reply": {"root": 1}}),
        entry(5, NOW, uri="https://example.test/5"),
    ]
    haul = await reader.read(None, since=NOW - timedelta(days=1))
    assert [post.text for post in haul.posts] == ["ohne Zeit"]
    assert [item.reason for item in haul.strange] == ["no post of this network"]
    assert not (await reader.read(haul.cursor, since=NOW)).strange


async def test_a_thread_and_its_pictures(view: View, reader: BlueskyReader) -> None:
    post = entry(3, NOW, reason="reply")
    root = {"uri": f"at://{LENA}/app.bsky.feed.post/1", "cid": "c1"}
    parent = {"uri": f"at://{OURS}/app.bsky.feed.post/2", "cid": "c2"}
    image = {"alt": "Kette", "image": {"ref": {"$link": "bafy"}, "mimeType": "image/jpeg"}}
    post["record"] |= {"reply": {"root": root, "parent": parent}, "embed": {"images": [image]}}
    view.entries = [post]
    (found,) = (await reader.read(None, since=NOW - timedelta(days=1))).posts
    assert (found.conversation, found.in_reply_to) == (root["uri"], parent["uri"])
    assert (found.detected_via, found.language) == ("reply", "de")
    (medium,) = found.media
    assert (medium.kind, medium.alt_text) == ("image", "Kette")
