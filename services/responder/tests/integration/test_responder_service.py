"""The service as processes on a real Kafka: a case comes in, a reply goes out, events follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest

from common.events.codec import encode
from common.events.envelope import Event
from common.events.router import CaseOpened
from common.events.vocabulary import Visibility
from common.testing.eventually import eventually
from common.testing.kafka import Outgoing, produce, read, read_all
from common.testing.live import listening
from common.testing.pipeline import Pipeline, PipelineOptions
from common.testing.stack import Stack
from common.web.auth import DevIssuer

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.kafka,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]
HELLO = "Hallo Karla, dein Motorrad holt unser Techniker ab und prüft die Zündung."
SECRET = "a development secret of more than 32 bytes"
WITHIN = timedelta(seconds=40)


@pytest.fixture(scope="module")
def pipeline(own_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Two replicas of the responder alone, with the platform simulator."""
    options = PipelineOptions(services=("responder",), replicas={"responder": 2}, dev_secret=SECRET)
    with Pipeline(own_stack, tmp_path_factory.mktemp("responder"), options) as pipeline:
        pipeline.prepare()
        pipeline.start()
        yield pipeline


def person(subject: str, *roles: str) -> dict[str, str]:
    token = DevIssuer(SECRET).token(
        subject, subject.title(), roles=roles or ("agent",), teams=("social_support",)
    )
    return {"Authorization": f"Bearer {token}"}


async def opened(pipeline: Pipeline, events: list[Event[CaseOpened]]) -> None:
    """The events as the router would publish them, each twice: deliveries repeat."""
    messages = [encode(event) for event in events for _ in range(2)]
    records = [
        Outgoing(
            message.payload,
            key=message.key.encode(),
            headers={name: value.encode() for name, value in message.headers.items()},
        )
        for message in messages
    ]
    await produce(pipeline.stack.kafka_bootstrap, "cases.events", records)


async def test_a_case_comes_in_and_a_reply_that_two_have_seen_goes_out(
    pipeline: Pipeline, case_opened: Callable[[str], Event[CaseOpened]]
) -> None:
    event = case_opened("p-service-1")
    case_id = event.data.case_id
    await opened(pipeline, [event])
    apis = [replica.url for replica in pipeline.replicas["responder"]]
    body = {"kind": "answer", "visibility": "public", "text": HELLO}
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:

        async def written() -> dict[str, Any] | None:
            answer = await client.post(
                f"{apis[0]}/cases/{case_id}/drafts", json=body, headers=person("anna")
            )
            return dict(answer.json()) if answer.status_code == 201 else None

        draft = await eventually(written, within=WITHIN)
        path = f"{apis[1]}/drafts/{draft['draft_id']}"
        await client.post(f"{path}/submit", headers=person("anna"))
        what = {"revision": 1, "content_hash": draft["latest"]["content_hash"]}
        own = await client.post(f"{path}/approve", json=what, headers=person("anna"))
        assert (own.status_code, own.json()["code"]) == (403, "own_text")
        approved = await client.post(f"{path}/approve", json=what, headers=person("ben"))
        assert approved.status_code == 200, approved.text

        records = await read(
            pipeline.stack.kafka_bootstrap, "replies.events", count=7, within=WITHIN
        )
        assert [record.headers["ce_type"].decode() for record in records] == [
            "responder.draft.revised.v1",
            "responder.gates.checked.v1",
            "responder.draft.submitted.v1",
            "responder.review.offered.v1",
            "responder.approval.refused.v1",
            "responder.draft.approved.v1",
            "responder.reply.sent.v1",
        ]
        sent = orjson.loads(records[-1].value or b"")
        assert {record.key for record in records} == {str(event.key).encode()}
        assert sent["in_reply_to"] == "p-service-1"
        assert [author["id"] for author in sent["authors"]] == ["dev|anna"]
        assert sent["approver"]["id"] == "dev|ben"

        assert pipeline.simulator is not None
        posts = (await client.get(f"{pipeline.simulator.url}/posts")).json()["posts"]
        assert [(post["id"], post["text"]) for post in posts] == [(sent["platform_id"], HELLO)]
        check = await client.get(f"{apis[0]}/four-eyes/check", headers=person("lea", "lead"))
        assert check.json()["holds"] is True


async def test_whoever_may_read_hears_at_once_that_a_review_waits(
    pipeline: Pipeline, case_opened: Callable[[str], Event[CaseOpened]]
) -> None:
    event = case_opened("p-service-live")
    await opened(pipeline, [event])
    apis = [replica.url for replica in pipeline.replicas["responder"]]
    body = {"kind": "answer", "visibility": "public", "text": "Der Kettensatz kommt morgen an."}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=10) as client,
        listening(f"{apis[1]}/reviews/stream", person("ben")) as ben,
        listening(f"{apis[1]}/reviews/stream", person("anna")) as anna,
    ):

        async def written() -> str | None:
            answer = await client.post(
                f"{apis[0]}/cases/{event.data.case_id}/drafts", json=body, headers=person("anna")
            )
            return str(answer.json()["draft_id"]) if answer.status_code == 201 else None

        draft_id = await eventually(written, within=WITHIN)
        await client.post(f"{apis[0]}/drafts/{draft_id}/submit", headers=person("anna"))
        await eventually(lambda: ben, within=WITHIN)
        claimed = await client.post(f"{apis[0]}/reviews/{draft_id}/claim", headers=person("ben"))
        assert claimed.status_code == 200, claimed.text
        await eventually(lambda: anna, within=WITHIN)
    assert (ben[0].event, ben[0].data["draft_id"]) == ("responder.review.offered.v1", draft_id)
    assert "Kettensatz" not in str(ben)
    # The author is not asked to read her own words; she hears who reads them.
    assert [each.event for each in anna] == ["responder.review.claimed.v1"]


DIFFERENT = (
    "Der Tank ist bestellt.",
    "Unsere Meisterin ruft nachher durch.",
    "Blinker vorne links war locker, jetzt sitzt er.",
    "Morgen früh holt ein Fahrer die Maschine.",
    "Wir erstatten den vollen Betrag.",
    "Ersatzschlüssel kommt per Kurier.",
    "Das Steuergerät bekommt neue Software.",
    "Hinterrad und Reifen tauschen wir gemeinsam.",
    "Garantie verlängert bis Dezember.",
    "Spiegelglas liegt bereit.",
    "Öl wechseln wir kostenlos mit.",
    "Dein Leihroller steht vor Tor drei.",
    "Sitzbank wird neu gepolstert.",
    "Bremsbeläge sind geprüft und gut.",
    "Kulanz für den Lack ist genehmigt.",
    "Auspuffhalter schweißt unser Kollege.",
    "Neue Kupplung baut Peter ein.",
    "Termin verschoben auf neun Uhr.",
    "Batterie geladen, Startversuch geglückt.",
    "Rechnung korrigiert und storniert.",
)


async def test_two_replicas_share_the_work_and_end_as_asked(
    pipeline: Pipeline, case_opened: Callable[[str], Event[CaseOpened]]
) -> None:
    events = [
        case_opened(f"p-many-{number}", visibility=Visibility.PRIVATE) for number in range(20)
    ]
    await opened(pipeline, events)
    api = pipeline.api("responder")
    # Each says something else: the gates stop who says the same to everybody.
    said = dict(zip((event.id for event in events), DIFFERENT, strict=True))
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:

        async def cleared(event: Event[CaseOpened]) -> bool:
            body = {"kind": "answer", "visibility": "private", "text": said[event.id]}
            answer = await client.post(
                f"{api}/cases/{event.data.case_id}/drafts", json=body, headers=person("anna")
            )
            if answer.status_code != 201:
                return False
            path = f"{api}/drafts/{answer.json()['draft_id']}/submit"
            return (await client.post(path, headers=person("anna"))).status_code == 200

        for event in events:
            await eventually(lambda event=event: cleared(event), within=WITHIN)

        async def all_sent() -> bool:
            answer = await client.get(
                f"{api}/dispatches?state=sent&limit=200", headers=person("olga", "observer")
            )
            ours = [item for item in answer.json()["items"] if "many" in item["in_reply_to"]]
            return len(ours) == len(events)

        await eventually(all_sent, within=WITHIN)
        assert pipeline.simulator is not None
        posts = (await client.get(f"{pipeline.simulator.url}/posts")).json()["posts"]
    many = Counter(post["in_reply_to"] for post in posts if "many" in post["in_reply_to"])
    assert many == Counter(event.data.mention.native_id for event in events)

    async def all_told() -> bool:
        records = await read_all(pipeline.stack.kafka_bootstrap, "replies.events")
        told = Counter(
            orjson.loads(record.value or b"")["in_reply_to"]
            for record in records
            if record.headers["ce_type"] == b"responder.reply.sent.v1"
        )
        return Counter({post: told[post] for post in many}) == many

    await eventually(all_told, within=WITHIN)
    assert pipeline.terminate() == {"responder-1": 0, "responder-2": 0}
    dead = await read_all(pipeline.stack.kafka_bootstrap, "cases.events.responder.dlq")
    assert dead == []
