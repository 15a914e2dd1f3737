"""`PostFound`: the documented shape of a post as a source hands it in, and reading it from bytes.

The same for a webhook's body (one, or a list) and for a line of an upload. Unknown fields are
ignored. What cannot be read is returned, not raised: a known sender's bytes are never lost.
It does not know signatures or storage.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from common.events.vocabulary import Visibility
from ingest.domain.posts import Attachment, FoundPost, UnreadablePost

_Id = Annotated[str, Meta(min_length=1, max_length=512)]
_Name = Annotated[str, Meta(max_length=512)]
_Url = Annotated[str, Meta(min_length=1, max_length=4096)]
_Word = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,31}\Z")]
_MAX_FOLLOWERS = 2**63 - 1
_MAX_POST_BYTES = 250_000
"""Of a post written without escapes it does not need: its event stays below 256 kB, and what the
later services add below what a broker takes (RELIABILITY 9.8)."""
_MAX_POSTS = 5_000
"""Of one delivery: more would not become durable within the time that a sender waits, and the
sender would repeat them for ever."""


class AuthorFound(Struct, frozen=True, kw_only=True):
    """Who wrote it. Without a handle the id stands in."""

    id: _Id
    handle: _Name | None = None
    name: _Name | None = None
    followers: Annotated[int, Meta(ge=0, le=_MAX_FOLLOWERS)] | None = None


class MediaFound(Struct, frozen=True, kw_only=True):
    """An attachment by reference."""

    kind: _Word
    url: _Url
    alt_text: Annotated[str, Meta(max_length=5000)] | None = None


class PostFound(Struct, frozen=True, kw_only=True):
    """A post. `posted_at` needs a zone; `conversation` and `in_reply_to` are native ids."""

    native_id: _Id
    text: Annotated[str, Meta(max_length=50_000)]
    author: AuthorFound
    posted_at: Annotated[datetime, Meta(tz=True)]
    account: _Name | None = None
    conversation: _Id | None = None
    in_reply_to: _Id | None = None
    url: _Url | None = None
    language: Annotated[str, Meta(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*\Z")] | None = None
    media: Annotated[tuple[MediaFound, ...], Meta(max_length=20)] = ()
    detected_via: _Word = "mention"
    visibility: Visibility = Visibility.PUBLIC


_POST = msgspec.json.Decoder(PostFound)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_ENCODE = msgspec.json.encode


def read_body(body: bytes) -> list[FoundPost | UnreadablePost]:
    """The posts of a webhook's body: one object, or a list of them, each judged by itself.

    A list of more than 5,000 is kept whole, as one unreadable item.
    """
    if not body.lstrip(b" \t\r\n").startswith(b"["):
        return [read_post(body)]
    try:
        items = _LIST.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        return [UnreadablePost(raw=body, reason=_reason(error))]
    if len(items) > _MAX_POSTS:
        reason = f"a delivery may have {_MAX_POSTS} posts, this one has {len(items)}"
        return [UnreadablePost(raw=body, reason=reason)]
    return [read_post(bytes(item)) for item in items]


def read_post(raw: bytes, *, line: int | None = None) -> FoundPost | UnreadablePost:
    """One post from its bytes; `line` is where it stood in an upload."""
    try:
        found = _POST.decode(raw)
        # Decoding never makes it longer, so that only what came long is measured.
        if len(raw) > _MAX_POST_BYTES and (size := len(_ENCODE(found))) > _MAX_POST_BYTES:
            raise ValueError(f"a post may have {_MAX_POST_BYTES} bytes, this one has {size}")
        return _to_domain(found)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        return UnreadablePost(raw=raw, reason=_reason(error), line=line)


def _to_domain(found: PostFound) -> FoundPost:
    author = found.author
    return FoundPost(
        native_id=_exact(found.native_id),
        text=_shown(found.text),
        author_id=_exact(author.id),
        author_handle=_shown(author.handle or author.id),
        author_name=_shown(author.name) if author.name else None,
        author_followers=author.followers,
        posted_at=found.posted_at.astimezone(UTC),
        account=_exact(found.account) if found.account else None,
        conversation=_exact(found.conversation) if found.conversation else None,
        in_reply_to=_exact(found.in_reply_to) if found.in_reply_to else None,
        url=_exact(found.url) if found.url else None,
        language=found.language,
        media=tuple(
            Attachment(
                kind=medium.kind,
                url=_exact(medium.url),
                alt_text=_shown(medium.alt_text) if medium.alt_text else None,
            )
            for medium in found.media
        ),
        detected_via=(found.detected_via,),
        is_private=found.visibility is Visibility.PRIVATE,
    )


def _exact(value: str) -> str:
    """An id or address as it is. PostgreSQL holds no NUL, and an id with one is no id."""
    if "\x00" in value:
        raise ValueError("an id or address contains a NUL character")
    return value


def _shown(value: str) -> str:
    """Text for people: a NUL becomes the replacement character, the post is not lost for it."""
    return value.replace("\x00", "\ufffd")


def _reason(error: BaseException) -> str:
    """What was wrong, for the dead letter: names fields, at most a word of their content."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error)[:300]
