"""A stored mention as it is shown: the part of its JSON that people work with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionRow:
    """A post and what the classifier said of it."""

    mention_id: UUID
    native_id: str
    network: str
    account: str | None
    author_handle: str
    author_name: str | None
    text: str
    url: str | None
    visibility: str
    language: str
    in_reply_to: str | None
    posted_at: datetime
    detected_at: datetime
    decision: str
    confidence: float
    kind: str
    abusive: bool
    urgent: bool
    model: str


def mention_of(body: str) -> MentionRow:
    """The mention in a stored body; what an older producer left out reads as its default."""
    document: dict[str, Any] = json.loads(body)
    mention, said = document["mention"], document["classification"]
    return MentionRow(
        mention_id=UUID(mention["mention_id"]),
        native_id=mention["native_id"],
        network=mention["network"],
        account=mention.get("account"),
        author_handle=mention["author"]["handle"],
        author_name=mention["author"].get("name"),
        text=mention["text"],
        url=mention.get("url"),
        visibility=mention.get("visibility", "public"),
        language=said["language"],
        in_reply_to=mention.get("in_reply_to"),
        posted_at=datetime.fromisoformat(mention["posted_at"]),
        detected_at=datetime.fromisoformat(mention["detected_at"]),
        decision=said["decision"],
        confidence=said["confidence"],
        kind=said["kind"],
        abusive=said["abusive"],
        urgent=said["urgent"],
        model=said["model"],
    )
