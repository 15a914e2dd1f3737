"""The books of intake: what each delivery brought, and the dead letters it left (S6).

The ledger is append-only: a counter per source would be one row that every request waits for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingest.domain.posts import UnreadablePost

_RECORD = text("""
insert into delivery (source_id, reference, taken_in_at, received, accepted, duplicates, unreadable)
values (:source_id, :reference, :taken_in_at, :received, :accepted, :duplicates, :unreadable)
""")
# The same bytes from the same source are one dead letter, however often the sender tries.
_KEEP_DEAD = text("""
insert into inbound_dead_letter (source_id, digest, raw, reason, reference, line, kept_at)
select cast(:source_id as uuid), d.digest, d.raw, d.reason, cast(:reference as text), d.line,
       cast(:kept_at as timestamptz)
from unnest(cast(:digests as bytea[]), cast(:raws as bytea[]), cast(:reasons as text[]),
            cast(:lines as integer[])) as d(digest, raw, reason, line)
order by d.digest
on conflict (source_id, digest) do nothing
""")
_DEAD_NEWEST_FIRST = text("""
select id, source_id, reason, reference, line, kept_at, octet_length(raw) as size
from inbound_dead_letter
where (cast(:source_id as uuid) is null or source_id = cast(:source_id as uuid))
  and (cast(:before as bigint) is null or id < cast(:before as bigint))
order by id desc limit :limit
""")
_DEAD_ONE = text("""
select id, source_id, reason, reference, line, kept_at, octet_length(raw) as size, raw
from inbound_dead_letter where id = :id
""")
_RECONCILE = text("""
select s.id as source_id, s.network,
       coalesce(d.deliveries, 0) as deliveries, coalesce(d.received, 0) as received,
       coalesce(d.accepted, 0) as accepted, coalesce(d.duplicates, 0) as duplicates,
       coalesce(d.unreadable, 0) as unreadable, coalesce(m.mentions, 0) as mentions,
       coalesce(l.dead_letters, 0) as dead_letters
from source s
left join (
    select source_id, count(*) as deliveries, sum(received) as received,
           sum(accepted) as accepted, sum(duplicates) as duplicates, sum(unreadable) as unreadable
    from delivery where taken_in_at >= :since group by source_id) d on d.source_id = s.id
left join (
    select source_id, count(*) as mentions
    from mention where detected_at >= :since group by source_id) m on m.source_id = s.id
left join (
    select source_id, count(*) as dead_letters
    from inbound_dead_letter where kept_at >= :since group by source_id) l on l.source_id = s.id
order by s.created_at, s.id
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeCount:
    """What became of the posts of one delivery: received = accepted + duplicates + unreadable."""

    received: int
    accepted: int
    duplicates: int
    unreadable: int


async def record(
    connection: AsyncConnection,
    source_id: UUID,
    count: IntakeCount,
    *,
    reference: str,
    taken_in_at: datetime,
) -> None:
    """Enter a delivery into the ledger. `reference` is the sender's own id of it."""
    await connection.execute(
        _RECORD,
        {
            "source_id": source_id,
            "reference": reference,
            "taken_in_at": taken_in_at,
            "received": count.received,
            "accepted": count.accepted,
            "duplicates": count.duplicates,
            "unreadable": count.unreadable,
        },
    )


async def keep_dead_letters(
    connection: AsyncConnection,
    source_id: UUID,
    unreadable: Sequence[UnreadablePost],
    *,
    reference: str,
    kept_at: datetime,
) -> None:
    """Keep the bytes that were no post, once each, with the reason."""
    if not unreadable:
        return
    await connection.execute(
        _KEEP_DEAD,
        {
            "source_id": source_id,
            "reference": reference,
            "kept_at": kept_at,
            "digests": [sha256(item.raw).digest() for item in unreadable],
            "raws": [item.raw for item in unreadable],
            # A reason may quote a word of the body, and PostgreSQL holds no NUL.
            "reasons": [item.reason.replace("\x00", "\ufffd") for item in unreadable],
            "lines": [item.line for item in unreadable],
        },
    )


async def dead_letters_newest_first(
    connection: AsyncConnection, *, source_id: UUID | None, before: int | None, limit: int
) -> list[Any]:
    """At most `limit` dead letters without their bytes, the one kept last first."""
    rows = await connection.execute(
        _DEAD_NEWEST_FIRST, {"source_id": source_id, "before": before, "limit": limit}
    )
    return list(rows)


async def find_dead_letter(connection: AsyncConnection, letter_id: int) -> Any | None:
    """One dead letter with its bytes, or None."""
    return (await connection.execute(_DEAD_ONE, {"id": letter_id})).one_or_none()


async def reconcile(connection: AsyncConnection, *, since: datetime) -> list[Any]:
    """Per source: the ledger's sums beside what the tables hold, from `since` on."""
    return list(await connection.execute(_RECONCILE, {"since": since}))
