"""Posts as a source hands them in, with invented people."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx

from ingest.domain.posts import FoundPost
from platforms.standard_webhooks import signed_headers

POSTED_AT = "2026-11-20T09:30:00+01:00"


def post_json(native_id: str = "p1", **changes: Any) -> dict[str, Any]:
    """A post as JSON values."""
    return {
        "native_id": native_id,
        "text": "Mein Motorrad springt nicht an, wer hilft?",
        "author": {"id": "a1", "handle": "@karla", "name": "Karla Kurbel", "followers": 12},
        "posted_at": POSTED_AT,
        **changes,
    }


def found(native_id: str = "p1", **changes: Any) -> FoundPost:
    """A post in our words."""
    values: dict[str, Any] = {
        "native_id": native_id,
        "text": "Mein Motorrad springt nicht an",
        "author_id": "a1",
        "author_handle": "@karla",
        "posted_at": datetime(2026, 11, 20, 8, 30, tzinfo=UTC),
        **changes,
    }
    return FoundPost(**values)


async def connect(
    client: httpx.AsyncClient, operator: dict[str, str], **changes: Any
) -> dict[str, Any]:
    """A source connected through the API: its JSON."""
    wish = {"network": "mastodon", "kind": "webhook", "account": "@motorrad", **changes}
    answer = await client.post("/sources", json=wish, headers=operator)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def deliver(
    client: httpx.AsyncClient,
    source_id: UUID | str,
    body: Any,
    *secrets: str,
    message_id: str = "msg_1",
    sent_at: datetime | None = None,
) -> httpx.Response:
    """Sign `body` (bytes as they are, anything else as JSON) and deliver it."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = signed_headers(
        secrets, raw, message_id=message_id, sent_at=sent_at or datetime.now(UTC)
    )
    return await client.post(
        f"/sources/{source_id}/webhook",
        content=raw,
        headers={**headers, "content-type": "application/json"},
    )
