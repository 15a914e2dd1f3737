"""The signed webhook on a real database: believed by signature, durable before 202 (SEC7, S1)."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import msgspec
import pytest
from ingest_builders import connect, deliver, post_json

from common.events.ingest import MentionReceived
from common.ids import conversation_id, mention_id
from platforms.standard_webhooks import new_secret

pytestmark = pytest.mark.postgres


async def rows(dsn: str, query: str, *arguments: Any) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(query, *arguments)
    finally:
        await connection.close()


async def count(dsn: str, table: str) -> int:
    (row,) = await rows(dsn, f"select count(*) from ingest.{table}")
    return int(row["count"])


@pytest.fixture
async def source(client: httpx.AsyncClient, operator: dict[str, str]) -> dict[str, Any]:
    return await connect(client, operator)


@pytest.fixture
def secret(source: dict[str, Any]) -> str:
    return str(source["fresh_secret"]["secret"])


async def test_a_signed_post_becomes_a_mention_and_an_event(
    client: httpx.AsyncClient, source: dict[str, Any], secret: str, admin_dsn: str
) -> None:
    answer = await deliver(client, source["id"], post_json("p1"), secret)
    assert answer.status_code == 202
    assert answer.json() == {"received": 1, "accepted": 1, "duplicates": 0, "kept": 0}
    (mention,) = await rows(admin_dsn, "select * from ingest.mention")
    assert mention["mention_id"] == mention_id("mastodon", "p1")
    assert mention["account"] == "@motorrad"
    assert mention["detected_via"] == ["mention"]
    (message,) = await rows(admin_dsn, "select * from ingest.outbox")
    assert message["topic"] == "mentions.raw"
    event = msgspec.json.decode(message["payload"], type=MentionReceived)
    assert event.mention.mention_id == mention["mention_id"]
    assert event.mention.conversation_id == conversation_id("mastodon", "p1")
    assert event.mention.text == post_json()["text"]
    assert event.mention.detected_at == mention["detected_at"]
    assert bytes(message["key"]).decode() == str(mention["conversation_id"])


async def test_a_replay_changes_nothing(
    client: httpx.AsyncClient, source: dict[str, Any], secret: str, admin_dsn: str
) -> None:
    for expected in (1, 0, 0):
        answer = await deliver(client, source["id"], post_json("p1"), secret)
        assert answer.status_code == 202
        assert answer.json()["accepted"] == expected
    assert await count(admin_dsn, "mention") == 1
    assert await count(admin_dsn, "outbox") == 1


async def test_the_same_post_found_by_two_ways_is_one_mention(
    client: httpx.AsyncClient, source: dict[str, Any], secret: str, admin_dsn: str
) -> None:
    for way in ("search", "mention", "search"):
        await deliver(client, source["id"], post_json("p1", detected_via=way), secret)
    (mention,) = await rows(admin_dsn, "select * from ingest.mention")
    assert mention["detected_via"] == ["search", "mention"]
    assert await count(admin_dsn, "outbox") == 1


async def test_thirty_deliveries_of_the_same_posts_at_once_are_one_mention_each(
    client: httpx.AsyncClient, source: dict[str, Any], secret: str, admin_dsn: str
) -> None:
    posts = [post_json(f"p{n}") for n in range(20)]
    deliveries = [posts[n % 7 :][:: (-1 if n % 2 else 1)] for n in range(30)]
    answers = await asyncio.gather(
        *(deliver(client, source["id"], posts, secret) for posts in deliveries)
    )
    assert {answer.status_code for answer in answers} == {202}
    assert sum(answer.json()["accepted"] for answer in answers) == 20
    assert await count(admin_dsn, "mention") == 20
    assert await count(admin_dsn, "outbox") == 20


async def test_a_reply_joins_the_conversation_of_its_parent(
    client: httpx.AsyncClient, source: dict[str, Any], secret: str, admin_dsn: str
) -> None:
    await deliver(client, source["id"], post_json("p1", conversation="root"), secret)
    await deliver(client, source["id"], post_json("p2", in_reply_to="p1"), secret)
    found = await rows(admin_dsn, "select distinct conversation_id from ingest.mention")
    assert [row["conversation_id"] for row in found] == [conversation_id("mastodon", "root")]


async def test_two_secrets_are_accepted_during_a_rotation(
    client: httpx.AsyncClient, operator: dict[str, str], source: dict[str, Any], secret: str
) -> None:
    path = f"/sources/{source['id']}/secrets"
    second = (await client.post(path, headers=operator)).json()
    for number, one in enumerate((secret, second["secret"])):
        assert (
            await deliver(client, source["id"], post_json(f"p{number}"), one)
        ).status_code == 202
    old = source["fresh_secret"]["id"]
    assert (await client.delete(f"{path}/{old}", headers=operator)).status_code == 204
    assert (await deliver(client, source["id"], post_json("p3"), secret)).status_code == 401
    assert (
        await deliver(client, source["id"], post_json("p3"), second["secret"])
    ).status_code == 202


async def test_what_is_not_signed_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient, source: dict[str, Any], secret: str, admin_dsn: str
) -> None:
    path = f"/sources/{source['id']}/webhook"
    raw = json.dumps(post_json()).encode()
    stale = datetime.now(UTC) - timedelta(minutes=6)
    answers = [
        await client.post(path, content=raw),
        await deliver(client, source["id"], raw, new_secret()),
        await deliver(client, source["id"], raw, secret, sent_at=stale),
        await deliver(client, uuid4(), raw, secret),
    ]
    signed = (await deliver(client, source["id"], raw, secret)).request.headers
    reserialised = json.dumps(post_json(), indent=1).encode()
    signatures = {name: signed[name] for name in signed if name.startswith("webhook-")}
    answers.append(await client.post(path, content=reserialised, headers=signatures))
    assert [answer.status_code for answer in answers] == [401] * 5
    assert {answer.json()["code"] for answer in answers} == {"signature_refused"}
    assert len({answer.json()["detail"] for answer in answers}) == 1
    assert await count(admin_dsn, "mention") == 1  # the one that was signed right
    assert await count(admin_dsn, "inbound_dead_letter") == 0


@pytest.mark.parametrize("body", [b"no json", b'{"native_id": 1}', b"\x00\xff", b"[" * 3000])
async def test_signed_bytes_that_are_no_post_are_kept_once(
    client: httpx.AsyncClient,
    operator: dict[str, str],
    source: dict[str, Any],
    secret: str,
    body: bytes,
) -> None:
    for message_id in ("msg_1", "msg_2"):
        answer = await deliver(client, source["id"], body, secret, message_id=message_id)
        assert answer.status_code == 202
        assert answer.json() == {"received": 1, "accepted": 0, "duplicates": 0, "kept": 1}
    (letter,) = (await client.get("/dead-letters", headers=operator)).json()["items"]
    assert letter["size"] == len(body)
    opened = (await client.get(f"/dead-letters/{letter['id']}", headers=operator)).json()
    assert opened["reference"] == "msg_1"
    books = (await client.get("/reconciliation", headers=operator)).json()
    assert books["is_balanced"]
    assert books["sources"][0]["unreadable"] == 2
    assert books["sources"][0]["dead_letters"] == 1


async def test_a_post_too_large_for_its_event_is_kept_and_stops_nobody(
    client: httpx.AsyncClient,
    operator: dict[str, str],
    agent: dict[str, str],
    source: dict[str, Any],
    secret: str,
) -> None:
    media = [{"kind": "image", "url": "u" * 4000, "alt_text": "\x01" * 5000}] * 20
    huge = post_json("p1", text="\x01" * 49_000, media=media)
    answer = await deliver(client, source["id"], huge, secret)
    assert answer.status_code == 202, answer.text
    assert answer.json()["kept"] == 1
    lines = await connect(client, operator, kind="ndjson")
    upload = b"\n".join(json.dumps(post).encode() for post in (huge, post_json("p2")))
    path = f"/sources/{lines['id']}/uploads"
    taken = await client.post(path, content=upload, headers=agent)
    assert taken.json()["accepted"] == 1


async def test_a_list_is_taken_in_item_by_item(
    client: httpx.AsyncClient, operator: dict[str, str], source: dict[str, Any], secret: str
) -> None:
    batch = [post_json("p1"), {"nonsense": True}, post_json("p2"), post_json("p1")]
    answer = await deliver(client, source["id"], batch, secret)
    assert answer.json() == {"received": 4, "accepted": 2, "duplicates": 1, "kept": 1}
    books = (await client.get("/reconciliation", headers=operator)).json()
    assert books["sources"][0]["mentions"] == 2
    assert books["is_balanced"]


async def test_texts_arrive_as_they_were_written(
    client: httpx.AsyncClient, source: dict[str, Any], secret: str, admin_dsn: str
) -> None:
    text = "Ärger mit 🏍️ — „Öl“ läuft\n\taus\x00 'quote' \\ {brace}"
    await deliver(client, source["id"], post_json("p1", text=text), secret)
    (mention,) = await rows(admin_dsn, "select text from ingest.mention")
    assert mention["text"] == text.replace("\x00", "\ufffd")


async def test_a_source_that_is_switched_off_takes_nothing(
    client: httpx.AsyncClient,
    operator: dict[str, str],
    source: dict[str, Any],
    secret: str,
    admin_dsn: str,
) -> None:
    path = f"/sources/{source['id']}"
    tag = (await client.get(path, headers=operator)).headers["etag"]
    off = await client.patch(path, json={"is_enabled": False}, headers=operator | {"If-Match": tag})
    assert off.status_code == 200
    assert (await deliver(client, source["id"], post_json(), secret)).status_code == 409
    assert (await deliver(client, source["id"], post_json(), new_secret())).status_code == 401
    assert await count(admin_dsn, "mention") == 0


async def test_a_body_above_a_megabyte_is_refused(
    client: httpx.AsyncClient, source: dict[str, Any], secret: str
) -> None:
    answer = await deliver(client, source["id"], b"x" * 1_048_577, secret)
    assert answer.status_code == 413
