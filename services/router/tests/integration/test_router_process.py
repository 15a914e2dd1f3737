"""The router as a process on its own Kafka and PostgreSQL: in by a topic, out by a topic."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from router_builders import Mentions, reply

from common.events.codec import encode
from common.events.envelope import Event
from common.kafka.producer import BatchProducer
from common.settings import KafkaSettings
from common.testing.eventually import eventually
from common.testing.pipeline import Pipeline, PipelineOptions
from common.testing.stack import Stack
from common.web.auth import DevIssuer

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture(scope="module")
def pipeline(own_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Two replicas of the router, nothing else."""
    options = PipelineOptions(services=("router",), replicas={"router": 2})
    with Pipeline(own_stack, tmp_path_factory.mktemp("router"), options) as running:
        running.prepare()
        running.start()
        yield running


@pytest.fixture
def headers(pipeline: Pipeline) -> dict[str, str]:
    issuer = DevIssuer(pipeline.options.dev_secret)
    return {"Authorization": f"Bearer {issuer.token('lea', 'Lea', roles=['lead'])}"}


@pytest.fixture
def kafka(pipeline: Pipeline) -> KafkaSettings:
    return KafkaSettings(kafka_bootstrap=pipeline.stack.kafka_bootstrap)


async def publish(kafka: KafkaSettings, *events: Event[Any]) -> None:
    producer = BatchProducer(kafka, client_id="router-tests")
    await producer.publish([encode(event) for event in events])
    await producer.stop()


async def test_a_mention_becomes_a_case_and_a_reply_stops_its_clock(
    pipeline: Pipeline, kafka: KafkaSettings, headers: dict[str, str]
) -> None:
    make = Mentions()
    mentions = [make("service", thread=f"thread-{number % 40}") for number in range(100)]
    parked = [make("non_service", kind="talk") for _ in range(20)]
    await publish(kafka, *mentions, *parked)
    async with httpx.AsyncClient(base_url=pipeline.api("router"), headers=headers) as api:

        async def all_are_placed() -> bool:
            books = (await api.get("/reconciliation")).json()
            return bool(books["mentions"] == 120 and books["is_balanced"])

        await eventually(all_are_placed, within=timedelta(seconds=30))
        books = (await api.get("/reconciliation")).json()
        assert (books["in_cases"], books["parked"]) == (100, 20)
        page = (await api.get("/cases", params={"limit": 200})).json()
        assert len(page["items"]) == 40

        case = page["items"][0]
        await publish(
            kafka,
            reply(case["case_id"], case["conversation_id"], sent_at=datetime.now(UTC)),
        )

        async def clock_is_met() -> Any:
            found = (await api.get(f"/cases/{case['case_id']}")).json()
            return [clock for clock in found["clocks"] if clock["state"] == "met"]

        (clock,) = await eventually(clock_is_met, within=timedelta(seconds=15))
        assert clock["seconds_since_posted"] == pytest.approx(
            clock["seconds_since_detected"] + 30, abs=0.01
        )
