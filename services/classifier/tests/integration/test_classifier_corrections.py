"""People correct labels: an event with actor and reason, training data, nothing twice."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from classifier_builders import NEWS, QUESTION, classify, decoded, received
from sqlalchemy import text

from classifier.storage import recent
from common.events.classifier import MentionReclassified
from common.events.envelope import Message

pytestmark = pytest.mark.postgres
RIGHT = {"label": "service", "kind": "complaint", "reason": "Das ist eine Beschwerde."}


async def outbox(units, type_):
    """What waits there, of one type, decoded; every message satisfies who consumes it."""
    async with units.read() as connection:
        rows = await connection.execute(
            text(
                "select topic, key, event_id, type, headers, payload from outbox "
                "where type = :type order by id"
            ),
            {"type": type_},
        )
        return [
            decoded(
                Message(
                    topic=row.topic,
                    key=bytes(row.key).decode(),
                    event_id=row.event_id,
                    type=row.type,
                    payload=bytes(row.payload),
                    headers=row.headers,
                )
            )
            for row in rows
        ]


async def published(units, mention_id):
    found = await outbox(units, "classifier.mention.reclassified.v1")
    return [event for event in found if event.data.mention.mention_id == mention_id]


async def test_a_correction_is_an_event_and_a_line_of_training_data(
    units, classify_mentions, client, as_role
):
    (first,) = await classify(units, classify_mentions, [received("c1", NEWS)])
    mention = first.data.mention
    answer = await client.post(
        f"/mentions/{mention.mention_id}/reclassify",
        json=RIGHT | {"needs": ["customer_db"], "urgent": True},
        headers=as_role("triage"),
    )
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"v2"'
    said = answer.json()["classification"]
    assert (said["label"], said["decision"], said["kind"]) == ("service", "service", "complaint")
    assert said["confidence"] == 1.0

    (event,) = await published(units, mention.mention_id)
    assert isinstance(event.data, MentionReclassified)
    assert event.key == str(mention.conversation_id)
    assert event.data.mention == mention
    assert event.data.previous == first.data.classification
    assert event.data.classification.kind == "complaint"
    assert event.data.classification.needs == ("customer_db",)
    assert event.data.actor.name == "Mia"
    assert event.data.reason == RIGHT["reason"]

    shown = await client.get(f"/mentions/{mention.mention_id}", headers=as_role("agent"))
    assert shown.json()["classification"] == said
    assert shown.headers["etag"] == '"v2"'

    export = await client.get("/corrections", headers=as_role("operator"))
    assert export.headers["content-type"].startswith("application/x-ndjson")
    lines = [json.loads(line) for line in export.text.splitlines()]
    (line,) = [line for line in lines if line["id"] == str(mention.mention_id)]
    assert (line["text"], line["service"], line["kind"], line["urgent"]) == (
        NEWS,
        True,
        "complaint",
        True,
    )
    assert line["before"]["label"] == "non_service"
    assert "Mia" not in export.text


async def test_the_same_request_again_is_one_correction(units, classify_mentions, client, as_role):
    (first,) = await classify(units, classify_mentions, [received("c2")])
    path = f"/mentions/{first.data.mention.mention_id}/reclassify"
    headers = as_role("agent", **{"idempotency-key": "c2-once"})
    once = await client.post(path, json=RIGHT, headers=headers)
    again = await client.post(path, json=RIGHT, headers=headers)
    assert once.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert len(await published(units, first.data.mention.mention_id)) == 1


async def test_the_last_word_counts_and_who_is_late_is_told(
    units, classify_mentions, client, as_role
):
    (first,) = await classify(units, classify_mentions, [received("c3")])
    mention_id = first.data.mention.mention_id
    path = f"/mentions/{mention_id}/reclassify"
    seen = as_role("lead", **{"if-match": '"v1"'})
    talk = {"label": "non_service", "kind": "talk", "reason": "Nur geplaudert."}
    assert (await client.post(path, json=talk, headers=seen)).status_code == 200
    late = await client.post(path, json=RIGHT, headers=seen)
    assert late.status_code == 412
    assert late.json()["current_version"] == 2
    assert (await client.post(path, json=RIGHT, headers=as_role("lead"))).status_code == 200
    events = await published(units, mention_id)
    assert [event.data.classification.label for event in events] == ["non_service", "service"]
    assert events[1].data.previous == events[0].data.classification
    export = await client.get("/corrections", headers=as_role("lead"))
    found = [line for line in export.text.splitlines() if str(mention_id) in line]
    assert len(found) == 1
    assert json.loads(found[0])["service"] is True


@pytest.mark.parametrize(
    ("role", "change", "status"),
    [
        ("observer", {}, 403),
        ("operator", {}, 403),
        ("agent", {"kind": "praise"}, 422),
        ("agent", {"reason": "  "}, 422),
        ("agent", {"label": "spam"}, 422),
        ("agent", {"lable": "service"}, 422),
    ],
)
async def test_what_is_refused_changes_nothing(
    units, classify_mentions, client, as_role, role, change, status
):
    (first,) = await classify(units, classify_mentions, [received("c4")])
    path = f"/mentions/{first.data.mention.mention_id}/reclassify"
    answer = await client.post(path, json=RIGHT | change, headers=as_role(role))
    assert answer.status_code == status
    assert await published(units, first.data.mention.mention_id) == []


async def test_an_unknown_mention_is_404(client, as_role):
    answer = await client.post(
        f"/mentions/{uuid4()}/reclassify", json=RIGHT, headers=as_role("agent")
    )
    assert answer.status_code == 404


async def test_observers_see_labels_and_no_words(units, classify_mentions, client, as_role):
    (first,) = await classify(units, classify_mentions, [received("c5")])
    path = f"/mentions/{first.data.mention.mention_id}"
    seen = (await client.get(path, headers=as_role("observer"))).text
    for word in ("Motor", "Werkstatt", "springt"):
        assert word not in seen
    assert QUESTION in (await client.get(path, headers=as_role("triage"))).json()["text"]


async def test_old_and_surplus_mentions_are_forgotten(units, classify_mentions):
    events = [received(f"s{number}") for number in range(20)]
    await classify(units, classify_mentions, events)
    async with units.begin() as uow:
        ids = [event.data.mention.mention_id for event in events]
        await uow.connection.execute(
            text(
                "update mention set classified_at = now() - interval '31 days' "
                "where mention_id = any(:old)"
            ),
            {"old": ids[:5]},
        )
        before = await uow.connection.scalar(text("select now() - interval '30 days'"))
        assert await recent.sweep(uow.connection, before=before, most_rows=10_000) == 5
        assert await recent.find(uow.connection, ids[0]) is None
        assert await recent.find(uow.connection, ids[6]) is not None
        await recent.sweep(uow.connection, before=before, most_rows=3)
        kept = await uow.connection.scalar(text("select count(*) from mention"))
        # Those of one batch share a moment, so a whole batch may stay together.
        assert kept <= 15
