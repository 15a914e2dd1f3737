"""The classifier as a service: events in, labelled mentions out, one text over HTTP."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import text

from classifier.api import classifications
from classifier.consumers import handlers
from common import ids
from common.events import codec
from common.events.catalog import CATALOG, TYPE_OF
from common.events.classifier import MentionClassified
from common.events.envelope import Message, new_event
from common.events.ingest import MentionReceived
from common.events.parts import Author, Mention
from common.events.vocabulary import Decision, Label
from common.testing.contracts import assert_satisfies_consumers, examples, least_message
from common.web.app import create_app
from common.web.dev_issuer import DevIssuer

pytestmark = pytest.mark.postgres
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
ISSUER = DevIssuer("a development secret of more than 32 bytes")
QUESTION = "@motorrad_ag Mein Motor springt nicht an, wann kann ich in die Werkstatt kommen?"
NEWS = "Bericht: Zweiradbranche wächst um vier Prozent https://zeitung.example/a"


def received(number: int, words: str, account: str | None = None):
    native_id = f"post-{number}"
    mention = Mention(
        mention_id=ids.mention_id("testnet", native_id),
        conversation_id=ids.conversation_id("testnet", native_id),
        network="testnet",
        native_id=native_id,
        author=Author(id="u1", handle="lena"),
        text=words,
        posted_at=NOW,
        detected_at=NOW,
        detected_via=("mention",),
        source_id=ids.derived_id("source"),
        account=account,
    )
    data = MentionReceived(mention=mention)
    return new_event(data, id=ids.new_id(), subject=mention.mention_id, time=NOW)


async def classify(units, use_case, events):
    """What is in the outbox after these events, decoded, in order."""
    prepared = await use_case.prepare(events)
    async with units.begin(prepared=prepared) as uow:
        await use_case(uow, events)
        emitted = list(uow.messages)
    for message in emitted:
        assert_satisfies_consumers(message)
    return [decoded(message) for message in emitted]


def decoded(message: Message):
    headers = [(name, value.encode()) for name, value in message.headers.items()]
    return codec.decode(codec.read_head(headers), message.key.encode(), message.payload)


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


@pytest.fixture
async def client(units, decider, thread):
    app = create_app(
        service="classifier",
        version="0",
        routers=[classifications.router],
        state={"units": units, "decider": decider, "thread": thread, "new_id": ids.new_id},
        auth=ISSUER,
        readiness={},
        liveness={},
        max_body_bytes=100_000,
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://classifier") as client:
        yield client


def as_role(*roles: str) -> dict[str, str]:
    return {"authorization": f"Bearer {ISSUER.token('mia', 'Mia', roles=roles)}"}


async def test_one_text_over_http(client, shipped):
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
    ("headers", "body", "status"),
    [
        ({}, {"text": "Hallo"}, 401),
        (as_role("department"), {"text": "Hallo"}, 403),
        (as_role("agent"), {"text": ""}, 422),
        (as_role("agent"), {"txt": "Hallo"}, 422),
    ],
)
async def test_who_and_what_is_refused(client, headers, body, status):
    answer = await client.post("/classify", json=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")
