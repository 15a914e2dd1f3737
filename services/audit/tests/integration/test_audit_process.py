"""Audit as two processes on a broker of their own: every record once, also through a kill."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from audit_builders import life_of, mention

from common.events.envelope import Message
from common.inbox.handling import RawEvent
from common.kafka.producer import BatchProducer
from common.settings import KafkaSettings
from common.testing.kafka import Outgoing, produce
from common.testing.pipeline import SOON_MISSED, Pipeline, PipelineOptions
from common.testing.stack import Stack
from common.web.auth import DevIssuer

pytestmark = [pytest.mark.postgres, pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(240)]
LIVES = [life_of(mention(f"p{number}")) for number in range(250)]


@pytest.fixture(scope="module")
def pipeline(own_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    folder: Path = tmp_path_factory.mktemp("audit")
    options = PipelineOptions(services=("audit",), replicas={"audit": 2}, environment=SOON_MISSED)
    with Pipeline(own_stack, folder, options) as running:
        running.prepare()
        running.start(within_s=90)
        yield running


class Reader:
    """A lead who asks the second replica."""

    def __init__(self, pipeline: Pipeline) -> None:
        token = DevIssuer(pipeline.options.dev_secret).token("lea", "Lea", roles=["lead"])
        self._http = httpx.Client(
            base_url=pipeline.replicas["audit"][1].url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )

    def ask(self, path: str) -> Any:
        answer = self._http.get(path)
        answer.raise_for_status()
        return answer.json()

    def wait_for(self, entries: int) -> None:
        """Until the history has so many entries, and a moment longer for one too many."""
        deadline = time.monotonic() + 60
        while self.ask("/stats")["entries"] < entries:
            assert time.monotonic() < deadline, f"{self.ask('/stats')} instead of {entries}"
            time.sleep(0.2)
        time.sleep(1.0)
        assert self.ask("/stats")["entries"] == entries


@pytest.fixture(scope="module")
def reader(pipeline: Pipeline) -> Reader:
    return Reader(pipeline)


def publish(bootstrap: str, events: Sequence[RawEvent]) -> None:
    """Put events on their topics as the relays do."""

    async def send() -> None:
        producer = BatchProducer(KafkaSettings(kafka_bootstrap=bootstrap), client_id="tests")
        try:
            await producer.publish([_message(event) for event in events])
        finally:
            await producer.stop()

    asyncio.run(send())


def _message(event: RawEvent) -> Message:
    headers = {
        "ce_id": str(event.id),
        "ce_type": event.head.type,
        "ce_source": event.head.source,
        "ce_subject": event.head.subject,
        "ce_time": event.head.time.isoformat(),
        "ce_correlationid": str(event.head.correlation_id),
    }
    return Message(
        topic=event.topic,
        key=event.key,
        event_id=event.id,
        type=event.head.type,
        payload=event.value,
        headers=headers,
    )


def test_everything_is_in_the_history_once_though_a_replica_is_killed(
    pipeline: Pipeline, reader: Reader
) -> None:
    bootstrap = pipeline.stack.kafka_bootstrap
    for stage in range(4):
        publish(bootstrap, [life[stage] for life in LIVES])
        if stage == 1:
            pipeline.replicas["audit"][0].kill()
    pipeline.replicas["audit"][0].start()
    publish(bootstrap, [event for life in LIVES[:50] for event in life])  # duplicates
    reader.wait_for(1000)
    verification = reader.ask("/verify")
    assert verification["verified"], verification["breaks"]
    assert (verification["chains"], verification["entries"]) == (250, 1000)
    books = reader.ask("/reconciliation")
    assert books["is_balanced"]
    assert books["placed"] == 250


def test_a_stranger_is_kept_and_garbage_is_put_aside(pipeline: Pipeline, reader: Reader) -> None:
    bootstrap = pipeline.stack.kafka_bootstrap
    known = LIVES[0][0]
    stranger = RawEvent(
        head=type(known.head)(
            id=uuid4(),
            type="ingest.mention.vanished.v9",
            source="/ombud/ingest",
            subject="somebody newer",
            time=known.head.time,
            correlation_id=known.id,
            causation_id=None,
            traceparent=None,
        ),
        key=known.key,
        topic=known.topic,
        partition=0,
        offset=0,
        value=b"not even json",
    )
    asyncio.run(
        produce(bootstrap, known.topic, [Outgoing(value=b"garbage", key=b"no envelope at all")])
    )
    publish(bootstrap, [stranger])
    reader.wait_for(1001)
    (entry,) = reader.ask("/entries?type=ingest.mention.vanished.v9")["items"]
    assert entry["conversation_id"] == known.key
    assert entry["data"] is None
    assert reader.ask("/verify")["verified"]


def test_sigterm_ends_both_replicas_in_order(pipeline: Pipeline) -> None:
    assert set(pipeline.terminate().values()) == {0}
