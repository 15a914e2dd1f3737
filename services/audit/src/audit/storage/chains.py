"""Appending to the chains, set by set. THE hot spot of the house: four entries for every mention.

Heads are made and locked in the order of their conversation, whoever appends and whatever topic
it reads, so that replicas wait for each other and never in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from audit.domain.chain import GENESIS, Fact, Head, Link

# First all inserts, then all locks, both sorted: a transaction that waits for another one's new
# head holds no lock yet that the other could need.
_BEGIN_CHAINS = text("""
insert into chain_head (conversation_id, seq, hash)
select c, 0, cast(:genesis as bytea) from unnest(cast(:conversation_ids as uuid[])) as c order by c
on conflict (conversation_id) do nothing
""")
_LOCK_HEADS = text("""
select conversation_id, seq, hash from chain_head
where conversation_id = any(cast(:conversation_ids as uuid[]))
order by conversation_id for update
""")
_KNOWN = text("select event_id from entry where event_id = any(cast(:event_ids as uuid[]))")
_APPEND = text("""
insert into entry (conversation_id, seq, event_id, topic, type, subject, case_id, mention_id,
                   actor, at, recorded_at, body, prev, hash)
select e.conversation_id, e.seq, e.event_id, e.topic, e.type, e.subject, e.case_id, e.mention_id,
       e.actor, e.at, cast(:recorded_at as timestamptz), e.body, e.prev, e.hash
from unnest(
    cast(:conversation_ids as uuid[]), cast(:seqs as bigint[]), cast(:event_ids as uuid[]),
    cast(:topics as text[]), cast(:types as text[]), cast(:subjects as text[]),
    cast(:case_ids as uuid[]), cast(:mention_ids as uuid[]), cast(:actors as text[]),
    cast(:ats as timestamptz[]), cast(:bodies as bytea[]), cast(:prevs as bytea[]),
    cast(:hashes as bytea[])
) as e(conversation_id, seq, event_id, topic, type, subject, case_id, mention_id, actor, at, body,
       prev, hash)
""")
_MOVE_HEADS = text("""
update chain_head h set seq = n.seq, hash = n.hash
from unnest(cast(:conversation_ids as uuid[]), cast(:seqs as bigint[]), cast(:hashes as bytea[]))
    as n(conversation_id, seq, hash)
where h.conversation_id = n.conversation_id
""")
_FILE_CASES = text("""
insert into case_filing (case_id, conversation_id)
select * from unnest(cast(:ids as uuid[]), cast(:conversation_ids as uuid[])) as f(id, c)
order by f.id on conflict (case_id) do nothing
""")
_FILE_MENTIONS = text("""
insert into mention_filing (mention_id, conversation_id)
select * from unnest(cast(:ids as uuid[]), cast(:conversation_ids as uuid[])) as f(id, c)
order by f.id on conflict (mention_id) do nothing
""")
_COUNT = text("""
insert into type_count (topic, part, type, entries)
select * from unnest(cast(:topics as text[]), cast(:parts as integer[]), cast(:types as text[]),
                     cast(:entries as bigint[])) as c(topic, part, type, entries)
order by c.topic, c.part, c.type
on conflict (topic, part, type) do update set entries = type_count.entries + excluded.entries
""")


class NewEntry(NamedTuple):
    """A fact ready to be stored: its conversation and its place in the chain."""

    conversation_id: UUID
    fact: Fact
    link: Link


async def lock_heads(
    connection: AsyncConnection, conversation_ids: Iterable[UUID]
) -> dict[UUID, Head]:
    """The heads of these chains, begun where there were none, held until the transaction ends."""
    values = {"conversation_ids": list(set(conversation_ids))}
    await connection.execute(_BEGIN_CHAINS, {**values, "genesis": GENESIS})
    rows = await connection.execute(_LOCK_HEADS, values)
    return {conversation_id: Head(seq, hash_) for conversation_id, seq, hash_ in rows}


async def known_events(connection: AsyncConnection, event_ids: Sequence[UUID]) -> set[UUID]:
    """Those of `event_ids` that are in the history. Asked after `lock_heads`, the answer holds."""
    return set((await connection.execute(_KNOWN, {"event_ids": list(event_ids)})).scalars())


async def append(
    connection: AsyncConnection, entries: Sequence[NewEntry], *, recorded_at: datetime
) -> None:
    """Store entries that continue their chains; the database refuses any that do not."""
    facts = [entry.fact for entry in entries]
    links = [entry.link for entry in entries]
    filings = [fact.filing for fact in facts]
    await connection.execute(
        _APPEND,
        {
            "recorded_at": recorded_at,
            "conversation_ids": [entry.conversation_id for entry in entries],
            "seqs": [link.seq for link in links],
            "event_ids": [fact.event_id for fact in facts],
            "topics": [fact.topic for fact in facts],
            "types": [fact.type for fact in facts],
            "subjects": [fact.subject for fact in facts],
            "case_ids": [filing.case_id for filing in filings],
            "mention_ids": [filing.mention_id for filing in filings],
            "actors": [filing.actor for filing in filings],
            "ats": [fact.at for fact in facts],
            "bodies": [fact.body for fact in facts],
            "prevs": [link.prev for link in links],
            "hashes": [link.hash for link in links],
        },
    )


async def move_heads(connection: AsyncConnection, heads: Mapping[UUID, Head]) -> None:
    """Set the heads, which `lock_heads` holds, to where their chains end now."""
    await connection.execute(
        _MOVE_HEADS,
        {
            "conversation_ids": list(heads),
            "seqs": [head.seq for head in heads.values()],
            "hashes": [head.hash for head in heads.values()],
        },
    )


async def file(connection: AsyncConnection, entries: Sequence[NewEntry]) -> None:
    """Make cases and mentions findable by their id."""
    filings = [(entry.fact.filing, entry.conversation_id) for entry in entries]
    cases = {filing.case_id: where for filing, where in filings if filing.case_id}
    mentions = {filing.mention_id: where for filing, where in filings if filing.mention_id}
    for statement, found in ((_FILE_CASES, cases), (_FILE_MENTIONS, mentions)):
        if found:
            await connection.execute(
                statement, {"ids": list(found), "conversation_ids": list(found.values())}
            )


async def count(connection: AsyncConnection, counts: Mapping[tuple[str, int, str], int]) -> None:
    """Add to the counters by (topic, partition, type): one writer for each, so nobody waits."""
    await connection.execute(
        _COUNT,
        {
            "topics": [topic for topic, _, _ in counts],
            "parts": [part for _, part, _ in counts],
            "types": [type_ for _, _, type_ in counts],
            "entries": list(counts.values()),
        },
    )
