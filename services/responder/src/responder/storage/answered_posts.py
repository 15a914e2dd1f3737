"""What a reply must know of the post it answers beyond its id: whose it is, subject, thread."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.domain.dispatches import Answered

_RECORD = text(
    """
    insert into answered_post(network, native_id, author_id, title, thread)
    select n.network, n.native_id, n.author_id, n.title,
           array(select jsonb_array_elements_text(cast(n.thread as jsonb)))
      from unnest(cast(:networks as text[]), cast(:native_ids as text[]),
                  cast(:author_ids as text[]), cast(:titles as text[]), cast(:threads as text[]))
           as n(network, native_id, author_id, title, thread)
     order by 1, 2 on conflict do nothing
    """
)


async def record_answered(
    connection: AsyncConnection, posts: Sequence[tuple[str, Answered]]
) -> None:
    """Keep these posts (network, post); what is known already stays as it was."""
    if not posts:
        return
    await connection.execute(
        _RECORD,
        {
            "networks": [network for network, _ in posts],
            "native_ids": [post.native_id for _, post in posts],
            "author_ids": [post.author_id for _, post in posts],
            "titles": [post.title for _, post in posts],
            "threads": [json.dumps(post.thread) for _, post in posts],
        },
    )
