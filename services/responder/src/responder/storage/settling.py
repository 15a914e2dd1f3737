"""What becomes of outcomes nobody wrote down: leases that ran out, looks into threads, decisions.

Nothing here leads back to sending, but for networks on which a repeat is harmless.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID
from zlib import crc32

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.domain.dispatches import MAX_ATTEMPTS, MAX_LOOKS, Dispatch, Outcome, next_look
from responder.domain.persons import Person
from responder.domain.words import DispatchState
from responder.storage.dispatches import get_dispatches

# Where a repeat is harmless the next attempt looks first; what was not frozen was never sent.
_EXPIRE = text(
    """
    with late as (select dispatch_id from dispatch
                   where state = 'sending' and lease_until <= now()
                   order by lease_until limit :limit for update skip locked)
    update dispatch p
       set state = n.state, last_error = 'lease_expired', lease_until = null,
           in_doubt = p.in_doubt or (n.state = 'pending' and p.prepared is not null),
           not_before = case n.state when 'pending' then now() + cast(:pause as interval)
                                     else p.not_before end,
           look_at = case n.state when 'unknown' then now() end,
           finished_at = case n.state when 'unknown' then now() end
      from late, lateral (select case
               when q.network = any(cast(:repeatable as text[])) and q.attempt < :most
               then 'pending' else 'unknown' end as state
             from dispatch q where q.dispatch_id = late.dispatch_id) n
     where p.dispatch_id = late.dispatch_id
    returning p.dispatch_id
    """
)
_TO_LOOK_UP = text(
    """
    select dispatch_id, looks from dispatch
     where state = 'unknown' and look_at <= now() and looks < :most
       and (cast(:networks as text[]) is null or network = any(cast(:networks as text[])))
     order by look_at limit :limit for update skip locked
    """
)
_LOOKED = text(
    """
    update dispatch p set looks = p.looks + 1, look_at = now() + n.pause
      from unnest(cast(:ids as uuid[]), cast(:pauses as interval[])) as n(dispatch_id, pause)
     where p.dispatch_id = n.dispatch_id and p.state = 'unknown'
    """
)
_NOTE = text(
    """
    update dispatch set findings = cast(:findings as jsonb)
     where dispatch_id = :dispatch_id and state = 'unknown'
    """
)
_RESOLVE = text(
    """
    update dispatch
       set state = :state, platform_id = :platform_id, last_error = coalesce(:error, last_error),
           finished_at = now(), resolved_by_id = :by_id, resolved_by_name = :by_name,
           resolution = :resolution
     where dispatch_id = :dispatch_id and state = 'unknown'
    returning dispatch_id
    """
)
_LOCK_NETWORK = text("select pg_advisory_xact_lock(9502, :network)")
_TAKEN = text(
    """
    select platform_id from dispatch
     where network = :network and platform_id = any(cast(:platform_ids as text[]))
    """
)
_COUNT_UNKNOWN = text("select count(*) from dispatch where state = 'unknown'")


async def expire_leases(
    connection: AsyncConnection, *, limit: int, repeatable: Sequence[str], pause: timedelta
) -> Sequence[Dispatch]:
    """Take sendings from dispatchers that died or were cut off.

    They become unknown; on the `repeatable` networks they go back to pending after `pause`, in
    doubt where something may have been sent.
    """
    rows = await connection.execute(
        _EXPIRE,
        {"limit": limit, "repeatable": list(repeatable), "pause": pause, "most": MAX_ATTEMPTS},
    )
    return await get_dispatches(connection, [row.dispatch_id for row in rows])


async def claim_to_look_up(
    connection: AsyncConnection, *, networks: Sequence[str] | None, limit: int
) -> Sequence[Dispatch]:
    """Unknown dispatches whose thread should be read now; each is counted as looked at.

    `networks` are those that can be read back; None means every one.
    """
    parameters = {
        "networks": list(networks) if networks is not None else None,
        "limit": limit,
        "most": MAX_LOOKS,
    }
    rows = (await connection.execute(_TO_LOOK_UP, parameters)).all()
    ids = [row.dispatch_id for row in rows]
    if not ids:
        return []
    pauses = [next_look(row.looks + 1) for row in rows]
    await connection.execute(_LOOKED, {"ids": ids, "pauses": pauses})
    return await get_dispatches(connection, ids)


async def resolve(
    connection: AsyncConnection, dispatch_id: UUID, *, outcome: Outcome, by: Person, resolution: str
) -> Dispatch | None:
    """Settle an unknown dispatch: sent where `outcome` has a platform id, else failed.

    `by` is a person or the read-back; None when it is not unknown any more.
    """
    rows = await connection.execute(
        _RESOLVE,
        {
            "dispatch_id": dispatch_id,
            "state": (DispatchState.SENT if outcome.platform_id else DispatchState.FAILED).value,
            "platform_id": outcome.platform_id,
            "error": outcome.error or None,
            "by_id": by.id,
            "by_name": by.name,
            "resolution": resolution,
        },
    )
    found = await get_dispatches(connection, [row.dispatch_id for row in rows])
    return found[0] if found else None


async def taken_platform_ids(
    connection: AsyncConnection, network: str, *, platform_ids: Sequence[str]
) -> frozenset[str]:
    """Those of the ids that the ledger already holds.

    Until the transaction ends nobody else reads back on this network: two lookers must not take
    the same post as proof of two dispatches.
    """
    await connection.execute(_LOCK_NETWORK, {"network": crc32(network.encode()) >> 1})
    rows = await connection.execute(
        _TAKEN, {"network": network, "platform_ids": list(platform_ids)}
    )
    return frozenset(row.platform_id for row in rows)


async def note_findings(
    connection: AsyncConnection, dispatch_id: UUID, findings: Sequence[Mapping[str, Any]]
) -> None:
    """Keep what a look brought, for the person who decides on an unknown outcome."""
    await connection.execute(
        _NOTE, {"dispatch_id": dispatch_id, "findings": json.dumps(list(findings))}
    )


async def count_unknown(connection: AsyncConnection) -> int:
    """How many outcomes wait for a read-back or a person."""
    count: int = (await connection.execute(_COUNT_UNKNOWN)).scalar_one()
    return count
