"""Is one of the posts in the thread the reply whose outcome nobody knows? (RELIABILITY 9.5)

A match needs all of: our account, the same post answered, the same words after the changes that
networks make to a text (Unicode form, white space), and the time of the attempt.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from responder.domain.content import Content

# The network's clock and ours may differ by this much.
_SKEW = timedelta(minutes=2)
_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post as a network shows it in a thread."""

    platform_id: str
    account: str
    in_reply_to: str
    text: str
    created_at: datetime


def text_hash(text: str) -> bytes:
    """A hash that survives what networks do to a text: NFC, runs of white space as one space."""
    normal = " ".join(unicodedata.normalize("NFC", text).split())
    return hashlib.sha256(normal.encode("utf-8")).digest()


def find_reply(
    content: Content,
    posts: Iterable[Post],
    *,
    since: datetime,
    until: datetime,
    taken: Collection[str],
) -> Post | None:
    """The earliest post that is this reply, sent between `since` and `until`.

    `taken` are platform ids which the ledger already holds: one post never proves two dispatches.
    """
    wanted = text_hash(content.text)
    found = [
        post
        for post in posts
        if post.platform_id not in taken
        and post.account == content.account
        and post.in_reply_to == content.in_reply_to
        and since - _SKEW <= post.created_at <= until + _SKEW
        and text_hash(post.text) == wanted
    ]
    return min(found, key=lambda post: (post.created_at, post.platform_id), default=None)


def what_was_found(
    content: Content, posts: Iterable[Post], *, taken: Collection[str]
) -> list[dict[str, Any]]:
    """Our own answers in the thread that are nobody's proof yet, for a person to judge; newest
    first, at most ten. No texts: the person looks at the thread itself."""
    wanted = text_hash(content.text)
    ours = [
        post for post in posts if post.account == content.account and post.platform_id not in taken
    ]
    ours.sort(key=lambda post: (post.created_at, post.platform_id), reverse=True)
    return [
        {
            "platform_id": post.platform_id,
            "created_at": post.created_at.isoformat(),
            "answers_the_same_post": post.in_reply_to == content.in_reply_to,
            "has_the_same_words": text_hash(post.text) == wanted,
        }
        for post in ours[:_SHOWN]
    ]
