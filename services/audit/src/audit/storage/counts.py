"""How much of everything there is: counters for a glance, exact counts for a reconciliation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_COUNTED = text("select type, cast(sum(entries) as bigint) from type_count group by type")
_STORED = text("select type, count(*) from entry group by type")
_UNPLACED = text("""
select 'case ' || f.case_id, f.conversation_id from case_filing f
where not exists (select from chain_head h where h.conversation_id = f.conversation_id)
union all
select 'mention ' || f.mention_id, f.conversation_id from mention_filing f
where not exists (select from chain_head h where h.conversation_id = f.conversation_id)
limit 1000
""")
# Entries are read once and without their bodies, however many questions follow.
_MISFILED = text("""
with named as materialized (
    select case_id, mention_id, conversation_id from entry
    where case_id is not null or mention_id is not null
)
select 'case ' || n.case_id, n.conversation_id from named n
where n.case_id is not null
  and not exists (select from case_filing f where f.case_id = n.case_id)
union
select 'case ' || n.case_id, n.conversation_id from case_filing f
join named n on n.case_id = f.case_id
where not exists (select from named o
                  where o.case_id = f.case_id and o.conversation_id = f.conversation_id)
union
select 'mention ' || n.mention_id, n.conversation_id from named n
where n.mention_id is not null
  and not exists (select from mention_filing f where f.mention_id = n.mention_id)
union
select 'mention ' || n.mention_id, n.conversation_id from mention_filing f
join named n on n.mention_id = f.mention_id
where not exists (select from named o
                  where o.mention_id = f.mention_id and o.conversation_id = f.conversation_id)
limit 1000
""")
_MENTIONS = text("""
select count(*) filter (where received > 0) as received,
       count(*) filter (where classified > 0) as classified,
       count(*) filter (where placed > 0) as placed,
       count(*) filter (where received > 0 and placed = 0) as unplaced,
       count(*) filter (where received > 1 or classified > 1 or placed > 1 + moved) as duplicated,
       count(*) filter (where received = 0) as unannounced
from (
    select mention_id,
           count(*) filter (where type = any(cast(:received as text[]))) as received,
           count(*) filter (where type = any(cast(:classified as text[]))) as classified,
           count(*) filter (where type = any(cast(:placed as text[]))) as placed,
           count(*) filter (where type = any(cast(:moved as text[]))) as moved
    from entry
    where mention_id is not null
      and type = any(cast(:received as text[]) || cast(:classified as text[])
                     || cast(:placed as text[]) || cast(:moved as text[]))
    group by mention_id
) m
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionStages:
    """The types of events by what they say about a mention.

    `moved` are a person's: each may be followed by one more place.
    """

    received: Sequence[str]
    classified: Sequence[str]
    placed: Sequence[str]
    moved: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionCounts:
    """Different mentions by what the history holds of them.

    `unplaced` were received and are in no case, not parked and no own post (yet); `duplicated`
    have something twice, or more places than moves account for; `unannounced` have a later event
    and no reception (yet).
    """

    received: int
    classified: int
    placed: int
    unplaced: int
    duplicated: int
    unannounced: int


async def by_type(connection: AsyncConnection) -> Mapping[str, int]:
    """Entries by type as they were counted at appending: cheap, however long the history."""
    return {type_: int(entries) for type_, entries in await connection.execute(_COUNTED)}


async def by_type_as_stored(connection: AsyncConnection) -> Mapping[str, int]:
    """Entries by type as they lie in the table: reads all of it."""
    return {type_: int(entries) for type_, entries in await connection.execute(_STORED)}


async def filed_without_chain(connection: AsyncConnection) -> list[tuple[str, UUID]]:
    """Cases and mentions (at most 1,000) with their conversation, where that has no chain."""
    return [(about, where) for about, where in await connection.execute(_UNPLACED)]


async def misfiled(connection: AsyncConnection) -> list[tuple[str, UUID]]:
    """Cases and mentions (at most 1,000) not filed where their entries are, and where that is."""
    return [(about, where) for about, where in await connection.execute(_MISFILED)]


async def mentions(connection: AsyncConnection, stages: MentionStages) -> MentionCounts:
    """Count different mentions exactly: reads all entries of these types."""
    row = (
        await connection.execute(
            _MENTIONS,
            {
                "received": list(stages.received),
                "classified": list(stages.classified),
                "placed": list(stages.placed),
                "moved": list(stages.moved),
            },
        )
    ).one()
    return MentionCounts(**row._mapping)
