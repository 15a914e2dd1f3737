"""The classifier as a service: events in, labelled mentions out, one text over HTTP."""

from __future__ import annotations

import asyncio
import json

import pytest
from classifier_builders import NEWS, QUESTION, classify, received
from sqlalchemy import text

from classifier.consumers import handlers
from common.events import codec
from common.events.catalog import CATALOG, TYPE_OF
from common.events.classifier import MentionClassified
from common.events.vocabulary import Decision, Label
from common.testing.contracts import examples, least_message

pytestmark = pytest.mark.postgres


async def test_a_batch_is_labelled_in_order_with_the_mention_inside(
    units, classify_mentions, shipped
):
    events = [received(1, QUESTION, "motorrad_ag"), received(2, NEWS)]
    first, second = await classify(units, classify_mentions, events)
    assert isinstance(first.data, MentionClassified)
    assert first.data.mention == events[0].data.mention
    assert first.causation_id == events[0].id
    assert first.data.classification.label is Label.SERVICE
    assert second.data.classification.label is Label.NON_SERVICE
    assert second.data.classification.decision is not Decision.SERVICE
    for event in (first, second):
        assert event.data.classification.model == shipped.version
        for place in event.data.classification.evidence:
            assert event.data.mention.text[place.start : place.end] == place.text


async def test_labels_leave_through_the_outbox_of_its_own_schema(units, classify_mentions):
    async with units.read() as connection:
        before = (await connection.execute(text("select count(*) from outbox"))).scalar_one()
    await classify(
        units, classify_mentions, [received(number, QUESTION) for number in range(3, 40)]
    )
    async with units.read() as connection:
        after = (await connection.execute(text("select count(*) from outbox"))).scalar_one()
    assert after - before == 37


async def test_the_model_leaves_the_event_loop_free(classify_mentions):
    """A burst of posts in the model's thread; the loop must keep beating (RELIABILITY 9.2)."""
    events = [received(number, QUESTION) for number in range(2_000)]
    beats = 0

    async def beat():
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0.005)

    heart = asyncio.create_task(beat())
    await classify_mentions.prepare(events)
    heart.cancel()
    assert beats >= 5


def test_the_table_holds_every_event_the_catalogue_gives_us(classify_mentions):
    wanted = {type_ for type_, spec in CATALOG.items() if "classifier" in spec.consumers}
    assert {TYPE_OF[data] for data in handlers(classify_mentions)} == wanted


async def test_every_example_and_the_least_message_are_enough(units, classify_mentions):
    for example in examples("ingest.mention.received.v1"):
        head = codec.read_head(example.headers)
        least = json.dumps(least_message("classifier", example.type)).encode()
        for value in (example.value, least):
            assert await classify(
                units, classify_mentions, [codec.decode(head, example.key, value)]
            )


async def test_one_text_over_http(client, shipped, as_role):
    answer = await client.post(
        "/classify", json={"text": QUESTION, "account": "@motorrad_ag"}, headers=as_role("agent")
    )
    assert answer.status_code == 200
    body = answer.json()
    assert body["label"] == "service"
    assert body["decision"] in ("service", "triage")
    assert 0 <= body["confidence"] <= 1
    assert body["model"] == shipped.version


@pytest.mark.parametrize(
    ("role", "body", "status"),
    [
        (None, {"text": "Hallo"}, 401),
        ("department", {"text": "Hallo"}, 403),
        ("agent", {"text": ""}, 422),
        ("agent", {"txt": "Hallo"}, 422),
    ],
)
async def test_who_and_what_is_refused(client, as_role, role, body, status):
    headers = as_role(role) if role else {}
    answer = await client.post("/classify", json=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")
