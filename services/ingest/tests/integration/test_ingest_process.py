"""Ingest as a process on its own broker and database: to Kafka once, and 503 while it cannot keep.

The database is really stopped; and once it answers to everything but the one statement.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from ingest_builders import post_json

from common.events.codec import decode, read_head
from common.testing.kafka import read, read_all
from common.testing.pipeline import Pipeline, PipelineOptions
from common.testing.stack import Stack
from common.web.auth import DevIssuer
from platforms.standard_webhooks import signed_headers

pytestmark = [pytest.mark.postgres, pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(240)]
TOPIC = "mentions.raw"
QUICK_S = 8.0


@pytest.fixture(scope="module")
def pipeline(own_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    folder: Path = tmp_path_factory.mktemp("ingest")
    with Pipeline(own_stack, folder, PipelineOptions(services=("ingest",))) as running:
        running.prepare()
        running.start()
        yield running


class Sender:
    """A sender with a source of its own."""

    def __init__(self, pipeline: Pipeline) -> None:
        issuer = DevIssuer(pipeline.options.dev_secret)
        token = issuer.token("ops", "Ops", roles=["operator"])
        self.http = httpx.Client(base_url=pipeline.api("ingest"), timeout=30)
        made = self.http.post(
            "/sources",
            json={"network": "mastodon", "kind": "webhook"},
            headers={"Authorization": f"Bearer {token}"},
        )
        made.raise_for_status()
        self._path = f"/sources/{made.json()['id']}/webhook"
        self._secret = made.json()["fresh_secret"]["secret"]

    def deliver(self, body: Any, message_id: str) -> httpx.Response:
        """Sign and send."""
        raw = json.dumps(body).encode()
        headers = signed_headers(
            [self._secret], raw, message_id=message_id, sent_at=datetime.now(UTC)
        )
        return self.http.post(self._path, content=raw, headers=headers)


@pytest.fixture(scope="module")
def sender(pipeline: Pipeline) -> Sender:
    return Sender(pipeline)


def native_ids(bootstrap: str, *, at_least: int) -> list[str]:
    """The posts in the topic, by partition and offset."""
    asyncio.run(read(bootstrap, TOPIC, count=at_least))
    found = []
    for record in asyncio.run(read_all(bootstrap, TOPIC)):
        event = decode(read_head(record.headers.items()), record.key, record.value)
        assert record.key == str(event.data.mention.conversation_id).encode()
        found.append(event.data.mention.native_id)
    return found


def test_what_is_acknowledged_comes_out_of_kafka_once(pipeline: Pipeline, sender: Sender) -> None:
    for number in range(30):
        posts = [post_json(f"a{number}-{n}", conversation=f"a{number}") for n in range(10)]
        assert sender.deliver(posts, f"a{number}").status_code == 202
        assert sender.deliver(posts, f"a{number}").json()["duplicates"] == 10
    found = native_ids(pipeline.stack.kafka_bootstrap, at_least=300)
    assert len(found) == len(set(found)) == 300
    for number in range(30):
        mine = [name for name in found if name.startswith(f"a{number}-")]
        assert mine == [f"a{number}-{n}" for n in range(10)]  # order within a conversation


def test_without_a_database_the_sender_is_told_to_come_again(
    pipeline: Pipeline, sender: Sender
) -> None:
    postgres = pipeline.stack.postgres
    postgres.stop()
    try:
        began = time.monotonic()
        refused = sender.deliver(post_json("b1"), "b1")
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        assert refused.headers["content-type"] == "application/problem+json"
        assert time.monotonic() - began < QUICK_S
        assert not pipeline.replicas["ingest"][0].is_ready()
        assert pipeline.replicas["ingest"][0].is_live()
    finally:
        postgres.start()
    assert until_taken(sender, post_json("b1"), "b1") == 1
    found = native_ids(pipeline.stack.kafka_bootstrap, at_least=301)
    assert found.count("b1") == 1


def test_a_database_that_hangs_is_not_waited_for(pipeline: Pipeline, sender: Sender) -> None:
    async def deliver_while_locked() -> tuple[int, float]:
        blocker = await asyncpg.connect(pipeline.admin_url)
        try:
            async with blocker.transaction():
                await blocker.execute("lock table ingest.mention in access exclusive mode")
                began = time.monotonic()
                answer = await asyncio.to_thread(sender.deliver, post_json("c1"), "c1")
                return answer.status_code, time.monotonic() - began
        finally:
            await blocker.close()

    status, seconds = asyncio.run(deliver_while_locked())
    assert status == 503
    assert seconds < QUICK_S
    assert until_taken(sender, post_json("c1"), "c1") == 1
    found = native_ids(pipeline.stack.kafka_bootstrap, at_least=302)
    assert found.count("c1") == 1


def test_sigterm_ends_it_in_order(pipeline: Pipeline) -> None:
    assert pipeline.terminate() == {"ingest": 0}


def until_taken(sender: Sender, body: Any, message_id: str) -> int:
    """Deliver until it is acknowledged, as a sender does; how many were new then."""
    deadline = time.monotonic() + 30
    while True:
        answer = sender.deliver(body, message_id)
        if answer.status_code == 202:
            return int(answer.json()["accepted"])
        assert answer.status_code == 503, answer.text
        assert time.monotonic() < deadline, "it never came back"
        time.sleep(0.3)
