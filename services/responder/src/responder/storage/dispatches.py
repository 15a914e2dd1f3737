"""The dispatch ledger. Every move names the state it leaves; the database refuses all others.

`now()` and never clock_timestamp() decides what is due (RELIABILITY finding 1). How a dispatch is
claimed stands in `storage.claims`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID
from zlib import crc32

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from common.errors import OmbudError
from responder.domain.dispatches import (
    MAX_ATTEMPTS,
    MAX_LOOKS,
    Answered,
    Dispatch,
    Frozen,
    Outcome,
    Verdict,
    next_look,
)
from responder.domain.drafts import Draft
from responder.domain.persons import Person
from responder.domain.words import Audience, DispatchState
from responder.storage.drafts import Place
from responder.storage.rows import approver_of, authors_of, content_of

_SELECT = """
    select p.*, d.case_id, d.conversation_id, r.account, r.in_reply_to, r.visibility, r.kind,
           r.text, a.actor_id as approver_id, a.actor_name as approver_name,
           q.author_id as answered_author, q.title as answered_title, q.thread as answered_thread,
           (select array_agg(array[w.author_id, w.author_name] order by w.revision)
              from revision w
             where w.draft_id = p.draft_id and w.revision <= p.revision) as authors
      from dispatch p
      join draft d using (draft_id)
      join revision r using (draft_id, revision)
      left join approval a using (draft_id, revision)
      left join answered_post q on q.network = p.network and q.native_id = r.in_reply_to
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
_RECORD = text(
    """
    update dispatch
       set state = :state, platform_id = :platform_id, last_error = :error, lease_until = null,
           in_doubt = in_doubt or :in_doubt, actual_visibility = :visibility, reach = :reach,
           not_before = case :state when 'pending' then now() + cast(:delay as interval)
                                    else not_before end,
           look_at = case :state when 'unknown' then now() + cast(:look as interval) end,
           finished_at = case :state when 'pending' then null else now() end
     where dispatch_id = :dispatch_id and fence = :fence and state = 'sending'
    returning dispatch_id
    """
)
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
_FREEZE = text(
    """
    update dispatch set prepared = :prepared
     where dispatch_id = :dispatch_id and fence = :fence and state = 'sending'
       and lease_until > now() and prepared is null
    returning dispatch_id
    """
)
_NOTE = text(
    """
    update dispatch set findings = cast(:findings as jsonb)
     where dispatch_id = :dispatch_id and state = 'unknown'
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


async def freeze(connection: AsyncConnection, dispatch: Dispatch, frozen: Frozen) -> bool:
    """Write down what will be sent, before it is; False when the claim is no longer ours."""
    prepared = {"native_id": frozen.native_id, "body": frozen.body}
    rows = await connection.execute(
        _FREEZE,
        {
            "dispatch_id": dispatch.dispatch_id,
            "fence": dispatch.fence,
            "prepared": json.dumps(prepared),
        },
    )
    return rows.first() is not None


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
        "in_doubt": verdict.is_in_doubt,
        "visibility": outcome.visibility.value if outcome.visibility else None,
        "reach": outcome.reach,
    }
    try:
        rows = await connection.execute(_RECORD, parameters)
    except IntegrityError as error:
        if outcome.platform_id is not None and "platform_id" in str(error.orig):
            raise PlatformIdTakenError(outcome.platform_id) from error
        raise
    return await _one(connection, [row.dispatch_id for row in rows])


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
        answered=Answered(
            native_id=row.in_reply_to,
            author_id=row.answered_author or "",
            title=row.answered_title,
            thread=tuple(row.answered_thread or ()),
        ),
        frozen=Frozen(**json.loads(row.prepared)) if row.prepared else None,
        is_in_doubt=row.in_doubt,
        actual_visibility=Audience(row.actual_visibility) if row.actual_visibility else None,
        reach=row.reach,
        findings=tuple(row.findings),
    )
