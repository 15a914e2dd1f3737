"""Crises: proposed once where a topic rises, switched by a person with named approvers (S26)."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from classifier_builders import NOW, classify, received
from sqlalchemy import text

from classifier.domain.crisis import Bounds
from classifier.handlers.watch_crises import CrisisWatch
from classifier.handlers.wire import CRISES_STREAM
from common.events import codec
from common.ids import new_id

pytestmark = pytest.mark.postgres
ON = {"is_on": True, "reason": "Rückruf der Gabel", "approvers": ["dev|lea"]}


@pytest.fixture
def watch():
    return CrisisWatch(bounds=Bounds(), window=timedelta(hours=1), new_id=new_id)


@pytest.fixture
async def quiet(units):
    """Three usual days of a topic nobody else uses: two service mentions an hour."""
    topic = f"t{uuid4().hex[:8]}"
    async with units.begin() as uow:
        await uow.connection.execute(
            text(
                "insert into topic_count (topic, at, service, abusive, reach) "
                "select :topic, now() - make_interval(mins => 90 + 30 * n), 1, 0, 300 "
                "from generate_series(0, 143) n"
            ),
            {"topic": topic},
        )
    return topic


async def rise(units, topic, service):
    async with units.begin() as uow:
        await uow.connection.execute(
            text(
                "insert into topic_count (topic, at, service, abusive, reach) "
                "select :topic, now() - interval '10 minutes', 1, 0, 300 "
                "from generate_series(1, :service)"
            ),
            {"topic": topic, "service": service},
        )


async def proposed(units, watch, topic):
    """What the watch publishes about a topic."""
    async with units.begin() as uow:
        await watch(uow)
        messages = [m for m in uow.messages if m.type == "classifier.crisis.proposed.v1"]
    events = []
    for message in messages:
        headers = [(name, value.encode()) for name, value in message.headers.items()]
        events.append(codec.decode(codec.read_head(headers), message.key.encode(), message.payload))
    return [event for event in events if event.data.topic == topic]


async def test_a_rise_is_proposed_once(units, watch, quiet):
    assert await proposed(units, watch, quiet) == []
    await rise(units, quiet, 12)
    assert await proposed(units, watch, quiet) == [], "six times as many, and still only twelve"
    await rise(units, quiet, 28)
    (event,) = await proposed(units, watch, quiet)
    assert (event.data.signal, event.data.observed) == ("service", 40)
    assert event.data.expected == pytest.approx(2, abs=0.5)
    assert event.key == str(CRISES_STREAM)
    await rise(units, quiet, 30)
    assert await proposed(units, watch, quiet) == [], "the same crisis is proposed once"


async def test_a_person_takes_it_up_and_ends_it(units, watch, quiet, client, as_role):
    await rise(units, quiet, 40)
    (event,) = await proposed(units, watch, quiet)
    path = f"/crises/{event.data.crisis_id}/switch"
    shown = (await client.get("/crises?limit=200", headers=as_role("observer"))).json()["items"]
    (crisis,) = [c for c in shown if c["topic"] == quiet]
    assert crisis["state"] == "proposed"

    assert (await client.post(path, json=ON, headers=as_role("agent"))).status_code == 403
    nobody = await client.post(path, json=ON | {"approvers": []}, headers=as_role("lead"))
    assert nobody.status_code == 422
    assert nobody.json()["code"] == "approvers_missing"
    done = await client.post(path, json=ON, headers=as_role("lead"))
    assert done.status_code == 200
    mode = (await client.get("/crisis-mode", headers=as_role("agent"))).json()
    (switch,) = [s for s in mode["switches"] if s["topic"] == quiet]
    assert mode["is_on"]
    assert switch["approvers"] == ["dev|lea"]
    assert switch["actor_name"] == "Mia"
    assert await proposed(units, watch, quiet) == []

    off = {"is_on": False, "reason": "Alle haben Antwort."}
    assert (await client.post(path, json=off, headers=as_role("lead"))).status_code == 200
    over = await client.post(path, json=ON, headers=as_role("lead"))
    assert over.status_code == 409
    async with units.read() as connection:
        rows = await connection.execute(
            text("select payload from outbox where type = 'classifier.crisis.switched.v1'")
        )
        said = [bytes(row.payload).decode() for row in rows if quiet.encode() in row.payload]
    assert len(said) == 2
    assert '"is_on":true' in said[0]
    assert '"is_on":false' in said[1]


async def test_everything_can_be_switched_without_a_proposal(client, as_role):
    seen = (await client.get("/crisis-mode", headers=as_role("lead"))).headers["etag"]
    given = as_role("lead", **{"if-match": seen})
    done = await client.put("/crisis-mode", json=ON, headers=given)
    assert done.status_code == 200
    assert done.json()["topic"] is None
    late = await client.put("/crisis-mode", json=ON, headers=given)
    assert late.status_code == 412
    given = as_role("lead", **{"if-match": done.headers["etag"]})
    off = {"is_on": False, "reason": "Vorbei."}
    back = await client.put("/crisis-mode", json=off, headers=given)
    assert back.status_code == 200
    assert back.json()["crisis_id"] == done.json()["crisis_id"]
    given = as_role("lead", **{"if-match": back.headers["etag"]})
    again = await client.put("/crisis-mode", json=off, headers=given)
    assert again.status_code == 409


async def test_every_mention_is_counted_for_its_topic(units, classify_mentions, watch):
    async with units.begin() as uow:
        await uow.connection.execute(text("delete from topic_count"))
    batch = [received(f"k{n}", followers=1000, posted_at=NOW) for n in range(10)]
    await classify(units, classify_mentions, batch)
    await classify(units, classify_mentions, [received("k99", followers=5, posted_at=NOW)])
    async with units.read() as connection:
        row = (
            await connection.execute(
                text(
                    "select sum(service) as service, sum(reach) as reach, min(at) as at "
                    "from topic_count"
                )
            )
        ).one()
    assert (row.service, row.reach, row.at) == (11, 10_005, NOW)
