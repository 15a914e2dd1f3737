"""Which authors on different networks are one person; set by people, used to count contacts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_KNOWN = text(
    """
    select distinct i.person_id from identity i
    join unnest(cast(:networks as text[]), cast(:author_ids as text[])) as v (network, author_id)
        using (network, author_id)
    """
)
_MERGE = text(
    "update identity set person_id = :person_id where person_id = any(cast(:others as uuid[]))"
)
_LINK = text(
    """
    insert into identity (network, author_id, person_id, linked_at, actor_id)
    select network, author_id, :person_id, :at, :actor_id
    from unnest(cast(:networks as text[]), cast(:author_ids as text[])) as v (network, author_id)
    on conflict (network, author_id) do update set person_id = excluded.person_id,
        linked_at = excluded.linked_at, actor_id = excluded.actor_id
    """
)
_MEMBERS = text(
    "select network, author_id from identity where person_id = :person_id "
    "order by network, author_id"
)
_UNLINK = text("delete from identity where person_id = :person_id")

Member = tuple[str, str]
"""Network and author id."""


async def link(
    connection: AsyncConnection,
    members: Sequence[Member],
    *,
    person_id: UUID,
    actor_id: str,
    at: datetime,
) -> UUID:
    """Make these authors one person, with all whom they were linked to before.

    The person's id: one that was known already, else `person_id`.
    """
    names = {"networks": [m[0] for m in members], "author_ids": [m[1] for m in members]}
    known = sorted(row.person_id for row in await connection.execute(_KNOWN, names))
    person = known[0] if known else person_id
    if len(known) > 1:
        await connection.execute(_MERGE, {"person_id": person, "others": known[1:]})
    await connection.execute(_LINK, names | {"person_id": person, "at": at, "actor_id": actor_id})
    return person


async def members(connection: AsyncConnection, person_id: UUID) -> list[Member]:
    """The authors who are this person; none where nobody was linked."""
    rows = await connection.execute(_MEMBERS, {"person_id": person_id})
    return [(row.network, row.author_id) for row in rows]


async def unlink(connection: AsyncConnection, person_id: UUID) -> int:
    """Take a person apart; how many authors it was."""
    return int((await connection.execute(_UNLINK, {"person_id": person_id})).rowcount)
