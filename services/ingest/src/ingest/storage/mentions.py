"""Mentions as found: one row per network and native id, whoever finds it and however often (S1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingest.domain.posts import PlacedPost

_CONVERSATIONS = text(
    "select native_id, conversation_id from mention"
    " where network = :network and native_id = any(cast(:native_ids as text[]))"
)
# Sorted, so that two transactions with the same posts wait for each other instead of both dying.
_KEEP = text("""
insert into mention (
    mention_id, conversation_id, network, native_id, source_id, account, author_id, author_handle,
    author_name, author_followers, text, posted_at, detected_at, detected_via, in_reply_to,
    language, url, visibility, media, title, thread)
select f.mention_id, f.conversation_id, cast(:network as text), f.native_id,
    cast(:source_id as uuid), f.account, f.author_id,
    f.author_handle, f.author_name, f.author_followers, f.text, f.posted_at,
    cast(:detected_at as timestamptz),
    string_to_array(f.detected_via, ' '), f.in_reply_to, f.language, f.url, f.visibility,
    cast(f.media as jsonb), f.title,
    array(select jsonb_array_elements_text(cast(f.thread as jsonb)))
from unnest(
    cast(:mention_ids as uuid[]), cast(:conversation_ids as uuid[]), cast(:native_ids as text[]),
    cast(:accounts as text[]), cast(:author_ids as text[]), cast(:author_handles as text[]),
    cast(:author_names as text[]), cast(:author_followers as bigint[]), cast(:texts as text[]),
    cast(:posted_ats as timestamptz[]), cast(:detected_vias as text[]),
    cast(:in_reply_tos as text[]), cast(:languages as text[]), cast(:urls as text[]),
    cast(:visibilities as text[]), cast(:medias as text[]), cast(:titles as text[]),
    cast(:threads as text[])
) as f(mention_id, conversation_id, native_id, account, author_id, author_handle, author_name,
       author_followers, text, posted_at, detected_via, in_reply_to, language, url, visibility,
       media, title, thread)
order by f.native_id
on conflict do nothing
returning mention_id
""")
_ADD_WAYS = text("""
with found as (
    select f.mention_id, string_to_array(f.ways, ' ') as ways
    from unnest(cast(:mention_ids as uuid[]), cast(:ways as text[])) as f(mention_id, ways)
), locked as (
    select m.mention_id, m.detected_via, f.ways
    from mention m join found f using (mention_id)
    where not m.detected_via @> f.ways
    order by m.mention_id for update of m
)
update mention m
set detected_via = array(
    select way from unnest(l.detected_via || l.ways) with ordinality as w(way, place)
    group by way order by min(place))
from locked l where m.mention_id = l.mention_id
""")
_COLUMNS = """
    mention_id, conversation_id, network, native_id, source_id, account, author_id, author_handle,
    author_name, author_followers, text, posted_at, detected_at, detected_via, in_reply_to,
    language, url, visibility, media"""
_ONE = text(f"select {_COLUMNS} from mention where mention_id = :mention_id")  # noqa: S608
_NEWEST_FIRST = text(f"""
select {_COLUMNS} from mention
where (cast(:network as text) is null or network = cast(:network as text))
  and (cast(:source_id as uuid) is null or source_id = cast(:source_id as uuid))
  and (cast(:conversation_id as uuid) is null or conversation_id = cast(:conversation_id as uuid))
  and (cast(:before_at as timestamptz) is null
       or (detected_at, mention_id) < (cast(:before_at as timestamptz), cast(:before_id as uuid)))
order by detected_at desc, mention_id desc
limit :limit
""")  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionQuestion:
    """Which mentions to show; `before` is the last one already seen (detected_at, id)."""

    network: str | None = None
    source_id: UUID | None = None
    conversation_id: UUID | None = None
    before: tuple[datetime, UUID] | None = None


async def conversations_of(
    connection: AsyncConnection, network: str, native_ids: Sequence[str]
) -> dict[str, UUID]:
    """The conversations of the posts among `native_ids` that are known."""
    if not native_ids:
        return {}
    rows = await connection.execute(
        _CONVERSATIONS, {"network": network, "native_ids": list(native_ids)}
    )
    return {row.native_id: row.conversation_id for row in rows}


async def keep_new(
    connection: AsyncConnection,
    placed: Sequence[PlacedPost],
    *,
    network: str,
    source_id: UUID,
    detected_at: datetime,
) -> set[UUID]:
    """Keep the posts that nobody found before and return their mention ids.

    `placed` holds each post once. Waits for another transaction that keeps the same post.
    """
    if not placed:
        return set()
    values = _arrays(placed)
    values |= {"network": network, "source_id": source_id, "detected_at": detected_at}
    return set((await connection.execute(_KEEP, values)).scalars())


async def add_ways_found(connection: AsyncConnection, placed: Sequence[PlacedPost]) -> None:
    """Note on known mentions how they were found this time (S2); no second event comes of it."""
    if placed:
        await connection.execute(
            _ADD_WAYS,
            {
                "mention_ids": [item.mention_id for item in placed],
                "ways": [" ".join(item.post.detected_via) for item in placed],
            },
        )


async def find(connection: AsyncConnection, mention_id: UUID) -> Any | None:
    """The row of one mention, or None."""
    return (await connection.execute(_ONE, {"mention_id": mention_id})).one_or_none()


async def newest_first(
    connection: AsyncConnection, question: MentionQuestion, *, limit: int
) -> list[Any]:
    """At most `limit` rows, the one detected last first."""
    before_at, before_id = question.before or (None, None)
    rows = await connection.execute(
        _NEWEST_FIRST,
        {
            "network": question.network,
            "source_id": question.source_id,
            "conversation_id": question.conversation_id,
            "before_at": before_at,
            "before_id": before_id,
            "limit": limit,
        },
    )
    return list(rows)


def _arrays(placed: Sequence[PlacedPost]) -> dict[str, Any]:
    posts = [item.post for item in placed]
    return {
        "mention_ids": [item.mention_id for item in placed],
        "conversation_ids": [item.conversation_id for item in placed],
        "native_ids": [post.native_id for post in posts],
        "accounts": [post.account for post in posts],
        "author_ids": [post.author_id for post in posts],
        "author_handles": [post.author_handle for post in posts],
        "author_names": [post.author_name for post in posts],
        "author_followers": [post.author_followers for post in posts],
        "texts": [post.text for post in posts],
        "posted_ats": [post.posted_at for post in posts],
        "detected_vias": [" ".join(post.detected_via) for post in posts],
        "in_reply_tos": [post.in_reply_to for post in posts],
        "languages": [post.language for post in posts],
        "urls": [post.url for post in posts],
        "visibilities": ["private" if post.is_private else "public" for post in posts],
        "medias": [
            orjson.dumps(
                [{"kind": m.kind, "url": m.url, "alt_text": m.alt_text} for m in post.media]
            ).decode()
            for post in posts
        ],
        "titles": [post.title for post in posts],
        "threads": [orjson.dumps(post.thread).decode() for post in posts],
    }
