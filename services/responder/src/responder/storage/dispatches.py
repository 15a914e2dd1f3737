"""The dispatch ledger. Every move names the state it leaves; the database refuses all others.

`now()` and never clock_timestamp() decides what is due (RELIABILITY finding 1). How a dispatch is
claimed stands in `storage.claims`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from common.errors import OmbudError
from responder.domain.dispatches import (
    Answered,
    Dispatch,
    Frozen,
    Outcome,
    Verdict,
    next_look,
)
from responder.domain.drafts import Draft
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
      join case_context c on c.case_id = d.case_id
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
       and (cast(:teams as text[]) is null or c.team = any(cast(:teams as text[])))
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
_FREEZE = text(
    """
    update dispatch set prepared = :prepared
     where dispatch_id = :dispatch_id and fence = :fence and state = 'sending'
       and lease_until > now() and prepared is null
    returning dispatch_id
    """
)


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
    teams: Collection[str] | None = None,
) -> Sequence[Dispatch]:
    """Dispatches of these teams' cases (None: all) in order of creation, after `after`."""
    parameters = {
        "state": state.value if state else None,
        "case_id": case_id,
        "teams": None if teams is None else sorted(teams),
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
