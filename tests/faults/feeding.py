"""A client that hands posts in and believes only what was acknowledged.

It repeats what was not, as a network would; so the same post may be handed in several times.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson

from common.testing.pipeline import Pipeline
from common.web.dev_issuer import DevIssuer

CHUNK = 100
NETWORK = "faultnet"
_TEXTS = (
    "@motorrad_ag Mein Motor startet nicht mehr, was soll ich tun?",
    "@motorrad_ag Seit drei Wochen warte ich auf das Ersatzteil, das ist eine Frechheit!",
    "Schöner Tag heute, ich fahre über die Alpen.",
    "@motorrad_ag Danke für die schnelle Hilfe in der Werkstatt!",
    "Neue Zahlen der Zweiradbranche: https://zeitung.example/zahlen",
    "@motorrad_ag Where is my refund? I have been waiting since March.",
)


def posts(count: int, seed: int, *, per_conversation: int = 4) -> list[dict[str, Any]]:
    """Invented posts, several per conversation and numbered within it, in a seeded order."""
    dice = random.Random(seed)
    conversations = [f"c{number}" for number in range(max(1, count // per_conversation))]
    order: dict[str, int] = {}
    result = []
    for number in range(count):
        conversation = dice.choice(conversations)
        order[conversation] = order.get(conversation, 0) + 1
        text = dice.choice(_TEXTS)
        result.append(
            {
                "native_id": f"{conversation}-{order[conversation]:04}",
                "conversation": conversation,
                "text": f"{text} ({number})",
                "author": {"id": f"u{number % 997}", "handle": f"user{number % 997}"},
                "posted_at": datetime.now(UTC).isoformat(),
                "detected_via": "mention" if "@" in text else "search",
                **({"account": "motorrad_ag"} if "@" in text else {}),
            }
        )
    return result


class Feeder:
    """Uploads chunk after chunk and retries each until it is acknowledged."""

    def __init__(self, pipeline: Pipeline, *, patience_s: float = 120.0) -> None:
        token = DevIssuer(pipeline.options.dev_secret).token("ops", name="Ops", roles=["operator"])
        self._client = httpx.Client(
            base_url=pipeline.api("ingest"),
            headers={"authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(20.0, connect=2.0),
        )
        self.refusals = 0
        self._patience_s = patience_s

    def __enter__(self) -> Feeder:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def make_source(self) -> str:
        made = self._client.post("/sources", json={"kind": "ndjson", "network": NETWORK})
        made.raise_for_status()
        return str(made.json()["id"])

    def feed(self, source: str, items: Sequence[dict[str, Any]]) -> Iterator[set[str]]:
        """Hand everything in; yields the native ids of each chunk once it is acknowledged."""
        for start in range(0, len(items), CHUNK):
            chunk = items[start : start + CHUNK]
            body = b"\n".join(orjson.dumps(item) for item in chunk)
            self._until_acknowledged(f"/sources/{source}/uploads", body)
            yield {item["native_id"] for item in chunk}

    def _until_acknowledged(self, path: str, body: bytes) -> None:
        deadline = time.monotonic() + self._patience_s
        while True:
            try:
                answer = self._client.post(
                    path, content=body, headers={"content-type": "application/x-ndjson"}
                )
                if answer.is_success:
                    assert answer.json()["kept"] == 0, answer.text
                    return
                assert answer.status_code >= 500, answer.text
            except httpx.TransportError:
                pass
            self.refusals += 1
            assert time.monotonic() < deadline, "ingest took nothing for too long"
            time.sleep(0.2)
