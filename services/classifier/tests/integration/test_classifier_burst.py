"""A burst of posts starves no heartbeat: the group stays, the loop beats, each post counts once.

5,000 posts in few and large batches; OMBUD_FULL=1 makes it 50,000. The session time-out is as short
as the broker allows and heartbeats are frequent. A model on the event loop is noticed by the thread
it runs in, other work on the loop by the processor time it takes at a stretch, before a membership
is lost by either.
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import aiokafka
import pytest
from classifier_builders import NEWS, QUESTION, received
from sqlalchemy import text

from classifier.domain.labels import Classification, PostText
from classifier.gateways.port import Model
from classifier.handlers.classify_mentions import MentionClassifier
from classifier.handlers.deciding import Decider
from common.events.codec import encode
from common.events.ingest import MentionReceived
from common.inbox.guard import InboxProcessor
from common.inbox.handling import TypedHandling
from common.kafka.aiokafka_client import AiokafkaConsumer
from common.kafka.consumer import ConsumerLoop
from common.observability import metrics
from common.settings import KafkaSettings
from common.testing.eventually import eventually
from common.testing.kafka import Outgoing, produce, topics

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]
IS_FULL = os.environ.get("OMBUD_FULL") == "1"
POSTS = 50_000 if IS_FULL else 5_000
BATCH = 2_500  # five times the default: what starves is felt five times as much
WITHIN = timedelta(seconds=600 if IS_FULL else 90)
MOST_BUSY_SHARE = 0.75
"""Of what the model takes for one batch; the loop's own work has been a fifth of it."""
SESSION_S = 6.0
_SHORT = {"session_timeout_ms": round(SESSION_S * 1000), "heartbeat_interval_ms": 500}


class Lag:
    """What the event loop did while it is watched: how late a timer was, how long work held it.

    Lateness is also the machine's, which may be busy; the loop's own processor time is only ours.
    """

    def __init__(self) -> None:
        self.worst_s = 0.0
        self.busy_s = 0.0

    async def __aenter__(self) -> Lag:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _watch(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            before, worked = clock(), time.thread_time()
            await asyncio.sleep(0.02)
            self.worst_s = max(self.worst_s, clock() - before - 0.02)
            self.busy_s = max(self.busy_s, time.thread_time() - worked)


class Witness:
    """A model that knows which threads it was asked in."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.version = model.version
        self.threads: set[int] = set()

    def classify(self, texts: Sequence[PostText]) -> list[Classification]:
        self.threads.add(threading.get_ident())
        return self._model.classify(texts)


@pytest.fixture
def witness(shipped):
    return Witness(shipped)


@pytest.fixture
def classify_mentions(thread, witness, units):
    decider = Decider(thread, witness, poll_s=0.0)
    return MentionClassifier(decider, units, repeat_span=timedelta(days=14))


@pytest.fixture
def small_heap():
    """Only what this test makes is searched for garbage.

    A full collection runs in whichever thread calls for it and takes as long as the process is
    old: a worker that has run a thousand tests would be measured, not the service.
    """
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def short_sessions(monkeypatch):
    """The client as the house sets it up, but quick to lose its membership."""
    original = aiokafka.AIOKafkaConsumer
    monkeypatch.setattr(
        aiokafka, "AIOKafkaConsumer", lambda **options: original(**(options | _SHORT))
    )


@pytest.fixture
async def burst(kafka_bootstrap):
    """A topic full of posts that nobody has read."""
    async with topics(kafka_bootstrap, "burst") as (topic,):
        for begin in range(0, POSTS, 5_000):
            records = []
            for number in range(begin, min(begin + 5_000, POSTS)):
                words = f"{NEWS} {number}" if number % 3 else f"{QUESTION} Nummer {number}."
                message = encode(received(f"burst-{number}", words, author=f"a{number % 700}"))
                records.append(
                    Outgoing(
                        message.payload,
                        message.key.encode(),
                        {name: value.encode() for name, value in message.headers.items()},
                    )
                )
            await produce(kafka_bootstrap, topic, records)
        yield topic


async def _model_takes(classify_mentions) -> float:
    """The processor time of one batch of the model, measured on this machine just now."""
    batch = [received(f"warm-{number}", f"{QUESTION} Nummer {number}.") for number in range(BATCH)]
    before = time.process_time()
    await classify_mentions.prepare(batch)
    return time.process_time() - before


@pytest.mark.timeout(900 if IS_FULL else 180)
async def test_a_burst_starves_no_heartbeat_and_counts_each_post_once(
    units, classify_mentions, witness, kafka_bootstrap, short_sessions, burst, small_heap
):
    model_s = await _model_takes(classify_mentions)
    group = f"burst-{uuid4().hex[:8]}"
    settings = KafkaSettings(kafka_bootstrap=kafka_bootstrap, kafka_max_records=BATCH)
    handling = TypedHandling(
        {MentionReceived: classify_mentions},
        service="classifier",
        prepare=classify_mentions.prepare,
    )
    loop = ConsumerLoop(
        lambda: AiokafkaConsumer(settings, group=group, client_id=group),
        consumer="classifier",
        topics=[burst],
        process=InboxProcessor(units, consumer="classifier", group=group, handling=handling),
        max_records=BATCH,
    )
    joined = metrics.LOOP_REBALANCES_TOTAL.labels("classifier")
    joined_before = joined._value.get()
    stop = asyncio.Event()

    async def done() -> bool:
        assert not running.done(), "the loop ended by itself"
        async with units.read() as connection:
            seen = await connection.execute(text("select count(*) from mention"))
            return seen.scalar_one() >= POSTS

    async with Lag() as lag:
        running = asyncio.create_task(loop.run(stop))
        try:
            await eventually(done, within=WITHIN)
        finally:
            stop.set()
            await running
    assert joined._value.get() - joined_before == 1, "the group was balanced once, at the start"
    assert threading.get_ident() not in witness.threads, "the model ran on the event loop"
    assert len(witness.threads) == 1, "the model is asked in one thread only"
    assert lag.busy_s < model_s * MOST_BUSY_SHARE, "work held the event loop"
    assert lag.worst_s < SESSION_S, "no heartbeat for the length of a session"
    async with units.read() as connection:
        row = (
            await connection.execute(
                text(
                    "select count(*) as events, count(distinct event_id) as ids, "
                    "count(distinct convert_from(payload, 'utf8')::jsonb #>> "
                    "'{mention,mention_id}') as mentions from outbox "
                    "where type = 'classifier.mention.classified.v1'"
                )
            )
        ).one()
        parked = (await connection.execute(text("select count(*) from dead_letter"))).scalar_one()
    assert (row.events, row.ids, row.mentions, parked) == (POSTS, POSTS, POSTS, 0)
