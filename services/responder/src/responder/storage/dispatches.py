"""The dispatch ledger. Every move names the state it leaves; the database refuses all others.

Claims use `for update skip locked`, so any number of dispatchers work side by side; `now()` and
never clock_timestamp() decides what is due (RELIABILITY finding 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID
from zlib import crc32

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from common.errors import OmbudError
from responder.domain.dispatches import MAX_LOOKS, Dispatch, Outcome, Verdict, next_look
from responder.domain.drafts import Draft
from responder.domain.persons import Person
from responder.domain.words import DispatchState
from responder.storage.drafts import Place
from responder.storage.rows import approver_of, authors_of, content_of

_SELECT = """
    select p.*, d.case_id, d.conversation_id, r.account, r.in_reply_to, r.visibility, r.kind,
           r.text, a.actor_id as approver_id, a.actor_name as approver_name,
           (select array_agg(array[w.author_id, w.author_name] order by w.revision)
              from revision w
             where w.draft_id = p.draft_id and w.revision <= p.revision) as authors
      from dispatch p
      join draft d using (draft_id)
      join revision r using (draft_id, revision)
      left join approval a using (draft_id, revision)
"""
_GET = text(_SELECT + " where p.dispatch_id = any(cast(:ids as uuid[])) order by p.created_at")
_LOCK = text("select dispatch_id from dispatch where dispatch_id = :dispatch_id for update")
_FIND = text(
    _SELECT
    + """
     where (cast(:state as text) is null or p.state = :state)
       and (cast(:case_id as uuid) is null or d.case_id = :case_id)
       and (cast(:after_at as timestamptz) is null
            or (p.created_at, p.dispatch_id) > (:after_at, cast(:after_id as uuid)))
     order by p.created_at, p.dispatch_id limit :limit
    """
)
_INSERT = text(
    """
    insert into dispatch(dispatch_id, draft_id, revision, content_hash, network, idempotency_key)
    values (:dispatch_id, :draft_id, :revision, :content_hash, :network, :idempotency_key)
    """
)
_CLAIM = text(
    """
    with due as (select dispatch_id from dispatch
                  where state = 'pending' and not_before <= now()
                  order by not_before limit :limit for update skip locked)
    update dispatch p
       set state = 'sending', fence = fence + 1, attempt = attempt + 1,
           lease_until = now() + cast(:lease as interval), sending_at = now(), last_error = null
      from due where p.dispatch_id = due.dispatch_id
    returning p.dispatch_id
    """
)
_RECORD = text(
    """
    update dispatch
       set state = :state, platform_id = :platform_id, last_error = :error, lease_until = null,
           not_before = case :state when 'pending' then now() + cast(:delay as interval)
                                    else not_before end,
           look_at = case :state when 'unknown' then now() + cast(:look as interval) end,
           finished_at = case :state when 'pending' then null else now() end
     where dispatch_id = :dispatch_id and fence = :fence and state = 'sending'
    returning dispatch_id
    """
)
_EXPIRE = text(
    """
    with late as (select dispatch_id from dispatch
                   where state = 'sending' and lease_until <= now()
                   order by lease_until limit :limit for update skip locked)
    update dispatch p
       set state = 'unknown', last_error = 'lease_expired', lease_until = null,
           look_at = now(), finished_at = now()
      from late where p.dispatch_id = late.dispatch_id
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


class PlatformIdTakenError(OmbudError):
    """The network named a post that another dispatch already holds: nothing is proven by it."""


async def insert_dispatch(connection: AsyncConnection, dispatch_id: UUID, draft: Draft) -> None:
    """Put the draft's latest wording into the ledger as pending; refused unless it is cleared."""
    await connection.execute(
        _INSERT,
        {
            "dispatch_id": dispatch_id,
            "draft_id": draft.draft_id,
            "revision": draft.latest.number,
            "content_hash": draft.latest.content_hash,
            "network": draft.latest.content.network,
            "idempotency_key": str(dispatch_id),
        },
    )


async def claim_due(
    connection: AsyncConnection, *, limit: int, lease: timedelta
) -> Sequence[Dispatch]:
    """Move due pending dispatches to sending, each with a new fence and a lease, oldest first."""
    rows = await connection.execute(_CLAIM, {"limit": limit, "lease": lease})
    return await get_dispatches(connection, [row.dispatch_id for row in rows])


async def record_outcome(
    connection: AsyncConnection, dispatch: Dispatch, *, outcome: Outcome, verdict: Verdict
) -> Dispatch | None:
    """Write down what an attempt came to; None when the fence is no longer ours (lease expired).

    Raises PlatformIdTakenError; the transaction is then spent.
    """
    parameters = {
        "dispatch_id": dispatch.dispatch_id,
        "fence": dispatch.fence,
        "state": verdict.state.value,
        "platform_id": outcome.platform_id,
        "error": outcome.error or None,
        "delay": verdict.delay,
        "look": next_look(0),
    }
    try:
        rows = await connection.execute(_RECORD, parameters)
    except IntegrityError as error:
        if outcome.platform_id is not None and "platform_id" in str(error.orig):
            raise PlatformIdTakenError(outcome.platform_id) from error
        raise
    return await _one(connection, [row.dispatch_id for row in rows])


async def expire_leases(connection: AsyncConnection, *, limit: int) -> Sequence[Dispatch]:
    """Move sendings whose lease ran out to unknown: their dispatcher died or was cut off."""
    rows = await connection.execute(_EXPIRE, {"limit": limit})
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
    return await _one(connection, [row.dispatch_id for row in rows])


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


async def count_unknown(connection: AsyncConnection) -> int:
    """How many outcomes wait for a read-back or a person."""
    count: int = (await connection.execute(_COUNT_UNKNOWN)).scalar_one()
    return count


async def lock_dispatch(connection: AsyncConnection, dispatch_id: UUID) -> Dispatch | None:
    """The dispatch, locked until the transaction ends."""
    await connection.execute(_LOCK, {"dispatch_id": dispatch_id})
    return await _one(connection, [dispatch_id])


async def get_dispatches(connection: AsyncConnection, ids: Sequence[UUID]) -> Sequence[Dispatch]:
    """The dispatches with these ids, oldest first; unknown ids are left out."""
    if not ids:
        return []
    return [_dispatch(row) for row in await connection.execute(_GET, {"ids": list(ids)})]


async def find_dispatches(
    connection: AsyncConnection,
    *,
    state: DispatchState | None,
    case_id: UUID | None,
    after: Place,
    limit: int,
) -> Sequence[Dispatch]:
    """Dispatches in order of creation, after `after`."""
    parameters = {
        "state": state.value if state else None,
        "case_id": case_id,
        "after_at": after[0] if after else None,
        "after_id": after[1] if after else None,
        "limit": limit,
    }
    return [_dispatch(row) for row in await connection.execute(_FIND, parameters)]


async def _one(connection: AsyncConnection, ids: Sequence[UUID]) -> Dispatch | None:
    found = await get_dispatches(connection, ids)
    return found[0] if found else None


def _dispatch(row: Row[Any]) -> Dispatch:
    return Dispatch(
        dispatch_id=row.dispatch_id,
        draft_id=row.draft_id,
        case_id=row.case_id,
        conversation_id=row.conversation_id,
        revision=row.revision,
        content=content_of(row),
        content_hash=bytes(row.content_hash),
        idempotency_key=row.idempotency_key,
        state=DispatchState(row.state),
        attempt=row.attempt,
        fence=row.fence,
        platform_id=row.platform_id,
        last_error=row.last_error,
        authors=authors_of(row.authors),
        approver=approver_of(row),
        created_at=row.created_at,
        sending_at=row.sending_at,
        finished_at=row.finished_at,
        looks=row.looks,
        resolved_by=row.resolved_by_id,
        resolution=row.resolution,
    )
