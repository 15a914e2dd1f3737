"""Which dispatches may be tried now: due, out of their undo window, from accounts that may send.

`for update skip locked` lets any number of dispatchers work side by side; an account's pace and its
circuit are one row that all of them ask, so that two replicas do not send twice as fast.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.domain.circuits import Pace, grant
from responder.domain.dispatches import Dispatch
from responder.storage.channel_accounts import (
    Name,
    keep_account,
    lock_accounts,
    strained_accounts,
)
from responder.storage.dispatches import get_dispatches

_DUE = text(
    """
    select p.dispatch_id, p.network, r.account
      from dispatch p join revision r using (draft_id, revision)
      left join channel_account c on c.network = p.network and c.account = r.account
     where p.state = 'pending' and p.not_before <= now()
       and p.created_at <= now() - cast(:undo as interval)
       and (c.blocked_until is null or c.blocked_until <= now())
     order by p.not_before limit :limit for update of p skip locked
    """
)
_CLAIM = text(
    """
    update dispatch
       set state = 'sending', fence = fence + 1, attempt = attempt + 1,
           lease_until = now() + cast(:lease as interval), sending_at = now(), last_error = null
     where dispatch_id = any(cast(:ids as uuid[])) and state = 'pending'
    returning dispatch_id
    """
)
_NO_PACES: Mapping[Name, Pace] = {}
_AT_ONCE = timedelta(0)


async def claim_due(
    connection: AsyncConnection,
    *,
    limit: int,
    lease: timedelta,
    now: datetime,
    undo: timedelta = _AT_ONCE,
    paces: Mapping[Name, Pace] = _NO_PACES,
) -> Sequence[Dispatch]:
    """Move due pending dispatches to sending, each with a new fence and a lease, oldest first.

    `now` is the transaction's. What is younger than `undo` can still be withdrawn and stays.
    """
    rows = (await connection.execute(_DUE, {"limit": limit, "undo": undo})).all()
    if not rows:
        return []
    wanted: dict[Name, list[UUID]] = defaultdict(list)
    for row in rows:
        wanted[(row.network, row.account)].append(row.dispatch_id)
    held = await _hold_back(connection, wanted, paces=paces, now=now)
    ids = [row.dispatch_id for row in rows if row.dispatch_id not in held]
    if not ids:
        return []
    claimed = await connection.execute(_CLAIM, {"ids": ids, "lease": lease})
    return await get_dispatches(connection, [row.dispatch_id for row in claimed])


async def _hold_back(
    connection: AsyncConnection,
    wanted: Mapping[Name, Sequence[UUID]],
    *,
    paces: Mapping[Name, Pace],
    now: datetime,
) -> frozenset[UUID]:
    """Those that their account may not send now."""
    asked = {name for name in wanted if name in paces}
    asked |= await strained_accounts(connection) & wanted.keys()
    held: set[UUID] = set()
    if not asked:
        return frozenset()
    for account in await lock_accounts(connection, sorted(asked)):
        name = (account.network, account.name)
        given = grant(account, len(wanted[name]), pace=paces.get(name), now=now)
        held.update(wanted[name][given.allowed :])
        if given.account != account:
            await keep_account(connection, given.account)
    return frozenset(held)
