"""Sources, mentions, uploads, dead letters and the books over HTTP, with roles."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from ingest_builders import connect, deliver, post_json

pytestmark = pytest.mark.postgres

OPERATORS_ONLY = [
    ("POST", "/sources"),
    ("GET", "/sources"),
    ("GET", f"/sources/{uuid4()}"),
    ("PATCH", f"/sources/{uuid4()}"),
    ("POST", f"/sources/{uuid4()}/secrets"),
    ("DELETE", f"/sources/{uuid4()}/secrets/{uuid4()}"),
    ("GET", "/dead-letters"),
    ("GET", "/dead-letters/1"),
]
GUARDED = [
    *OPERATORS_ONLY,
    ("POST", f"/sources/{uuid4()}/uploads"),
    ("GET", "/mentions"),
    ("GET", f"/mentions/{uuid4()}"),
    ("GET", "/reconciliation"),
]


async def test_nothing_is_answered_without_a_token(client: httpx.AsyncClient) -> None:
    for method, path in GUARDED:
        assert (await client.request(method, path)).status_code == 401, (method, path)


async def test_sources_are_for_operators(client: httpx.AsyncClient, agent: dict[str, str]) -> None:
    for method, path in OPERATORS_ONLY:
        wish = {"network": "x", "kind": "webhook"} if path == "/sources" else {"is_enabled": True}
        answer = await client.request(
            method,
            path,
            headers=agent | {"If-Match": '"v1"'},
            json=wish if method in {"POST", "PATCH"} else None,
        )
        assert answer.status_code == 403, (method, path)


async def test_operators_do_not_read_mentions(
    client: httpx.AsyncClient, operator: dict[str, str]
) -> None:
    assert (await client.get("/mentions", headers=operator)).status_code == 403


async def test_a_secret_is_shown_once(
    client: httpx.AsyncClient, operator: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    source = await connect(client, operator)
    secret = source["fresh_secret"]["secret"]
    assert secret.startswith("whsec_")
    one = await client.get(f"/sources/{source['id']}", headers=operator)
    every = await client.get("/sources", headers=operator)
    assert secret not in one.text + every.text
    assert [known["id"] for known in one.json()["secrets"]] == [source["fresh_secret"]["id"]]
    assert secret not in caplog.text


async def test_a_third_secret_is_refused(
    client: httpx.AsyncClient, operator: dict[str, str]
) -> None:
    source = await connect(client, operator)
    path = f"/sources/{source['id']}/secrets"
    assert (await client.post(path, headers=operator)).status_code == 201
    refused = await client.post(path, headers=operator)
    assert refused.status_code == 409
    assert refused.json()["code"] == "two_secrets_active"


async def test_a_repeated_post_with_the_same_key_connects_one_source(
    client: httpx.AsyncClient, operator: dict[str, str]
) -> None:
    headers = operator | {"Idempotency-Key": "connect-once"}
    wish = {"network": "bluesky", "kind": "webhook"}
    first, second = [await client.post("/sources", json=wish, headers=headers) for _ in range(2)]
    assert first.json() == second.json()
    assert len((await client.get("/sources", headers=operator)).json()["items"]) == 1


async def test_a_wish_of_the_wrong_shape_is_422(
    client: httpx.AsyncClient, operator: dict[str, str]
) -> None:
    wishes: list[dict[str, Any]] = [
        {"network": "mastodon"},
        {"network": "Big", "kind": "webhook"},
        {"network": "mastodon", "kind": "carrier pigeon"},
        {"network": "mastodon", "kind": "webhook", "account": "a\x00b"},
        {"network": "mail", "kind": "mail", "account": " "},
        {"network": "mastodon", "kind": "webhook", "secret": "mine"},
    ]
    for wish in wishes:
        assert (await client.post("/sources", json=wish, headers=operator)).status_code == 422, wish


async def test_the_first_and_the_last_moment_of_all_are_no_mistake_of_ours(
    client: httpx.AsyncClient, operator: dict[str, str]
) -> None:
    for since, status in (
        ("0001-01-01T00:00:00+14:00", 422),
        ("9999-12-31T23:59:59-14:00", 422),
        ("0001-01-01T00:00:00Z", 200),
    ):
        answer = await client.get("/reconciliation", params={"since": since}, headers=operator)
        assert answer.status_code == status, since


async def test_what_does_not_exist_is_404(
    client: httpx.AsyncClient, operator: dict[str, str], agent: dict[str, str]
) -> None:
    somewhere = uuid4()
    answers = [
        await client.get(f"/sources/{somewhere}", headers=operator),
        await client.post(f"/sources/{somewhere}/secrets", headers=operator),
        await client.delete(f"/sources/{somewhere}/secrets/{somewhere}", headers=operator),
        await client.get("/dead-letters/99", headers=operator),
        await client.get(f"/mentions/{somewhere}", headers=agent),
        await client.post(f"/sources/{somewhere}/uploads", content=b"{}", headers=agent),
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)


async def test_a_change_needs_the_version_that_was_seen(
    client: httpx.AsyncClient, operator: dict[str, str]
) -> None:
    source = await connect(client, operator)
    path, off = f"/sources/{source['id']}", {"is_enabled": False}
    assert (await client.patch(path, json=off, headers=operator)).status_code == 428
    stale = await client.patch(path, json=off, headers=operator | {"If-Match": '"v999"'})
    assert stale.status_code == 412


async def test_an_upload_is_taken_in_and_its_bad_lines_are_named(
    client: httpx.AsyncClient, operator: dict[str, str], agent: dict[str, str]
) -> None:
    source = await connect(client, operator, kind="ndjson")
    assert source["fresh_secret"] is None
    lines = [json.dumps(post_json(f"p{n}")).encode() for n in range(1200)]
    lines[3] = b"this is no post"
    lines[700] = b""
    lines[1100] = lines[0]
    path = f"/sources/{source['id']}/uploads"
    first = await client.post(path, content=b"\n".join(lines), headers=agent)
    assert first.status_code == 200
    assert first.json() | {"unreadable": []} == {
        "received": 1199,
        "accepted": 1197,
        "duplicates": 1,
        "kept": 1,
        "unreadable": [],
    }
    assert [bad["line"] for bad in first.json()["unreadable"]] == [4]
    again = await client.post(path, content=b"\r\n".join(lines), headers=agent)
    assert again.json()["accepted"] == 0
    assert again.json()["duplicates"] == 1198
    letters = (await client.get("/dead-letters", headers=operator)).json()["items"]
    assert [letter["line"] for letter in letters] == [4]
    books = (await client.get("/reconciliation", headers=operator)).json()
    assert books["is_balanced"]
    assert books["sources"][0]["mentions"] == 1197


async def test_lines_are_found_across_the_chunks_of_a_stream(
    client: httpx.AsyncClient, operator: dict[str, str], agent: dict[str, str]
) -> None:
    source = await connect(client, operator, kind="ndjson")
    raw = b"\n".join(json.dumps(post_json(f"p{n}")).encode() for n in range(5)) + b"\n"

    async def dribble() -> Any:
        for start in range(0, len(raw), 7):
            yield raw[start : start + 7]

    path = f"/sources/{source['id']}/uploads"
    answer = await client.post(path, content=dribble(), headers=agent)
    assert answer.json()["accepted"] == 5


async def test_kinds_of_sources_are_not_mixed(
    client: httpx.AsyncClient, operator: dict[str, str], agent: dict[str, str]
) -> None:
    webhook = await connect(client, operator)
    lines = await connect(client, operator, kind="ndjson")
    path = f"/sources/{webhook['id']}/uploads"
    assert (await client.post(path, content=b"{}", headers=agent)).status_code == 409
    secret = webhook["fresh_secret"]["secret"]
    assert (await deliver(client, lines["id"], post_json(), secret)).status_code == 401
    path = f"/sources/{lines['id']}/secrets"
    assert (await client.post(path, headers=operator)).status_code == 409


async def test_mentions_are_listed_newest_first_in_pages(
    client: httpx.AsyncClient, operator: dict[str, str], agent: dict[str, str]
) -> None:
    source = await connect(client, operator)
    secret = source["fresh_secret"]["secret"]
    for batch in range(3):
        posts = [post_json(f"p{batch}{n}") for n in range(4)]
        await deliver(client, source["id"], posts, secret)
    seen: list[dict[str, Any]] = []
    path: str | None = "/mentions?limit=5&network=mastodon"
    while path:
        page = (await client.get(path, headers=agent)).json()
        seen += page["items"]
        path = page["next"]
    assert len({mention["mention_id"] for mention in seen}) == 12
    assert seen == sorted(seen, key=lambda m: (m["detected_at"], m["mention_id"]), reverse=True)
    one = seen[0]
    assert (await client.get(f"/mentions/{one['mention_id']}", headers=agent)).json() == one
    by_thread = f"/mentions?conversation_id={one['conversation_id']}"
    assert len((await client.get(by_thread, headers=agent)).json()["items"]) == 1
    other = (await client.get("/mentions?network=bluesky", headers=agent)).json()
    assert other["items"] == []


async def test_an_observer_sees_no_person(
    client: httpx.AsyncClient,
    operator: dict[str, str],
    agent: dict[str, str],
    observer: dict[str, str],
) -> None:
    source = await connect(client, operator)
    await deliver(client, source["id"], post_json(), source["fresh_secret"]["secret"])
    (full,) = (await client.get("/mentions", headers=agent)).json()["items"]
    assert full["author"]["name"] == "Karla Kurbel"
    masked = await client.get("/mentions", headers=observer)
    assert "arla" not in masked.text
    assert masked.json()["items"][0]["text"] is None
    assert masked.json()["items"][0]["mention_id"] == full["mention_id"]
