"""Where each account of ours stands: one row for all processes (RELIABILITY 9.5, rate limits).

Rows are locked in the order of their names, after any dispatch row, so that nobody waits in a ring.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.domain.circuits import FAILURES_TO_OPEN, Account, Block

Name = tuple[str, str]
"""Network and account."""

_MAKE = text(
    """
    insert into channel_account(network, account)
    select * from unnest(cast(:networks as text[]), cast(:accounts as text[])) as n
     order by 1, 2 on conflict do nothing
    """
)
_LOCK = text(
    """
    select c.* from channel_account c
      join unnest(cast(:networks as text[]), cast(:accounts as text[])) as n(network, account)
           using (network, account)
     order by c.network, c.account for update of c
    """
)
_KEEP = text(
    """
    update channel_account
       set paid_until = :paid_until, blocked_until = :blocked_until, blocked_by = :blocked_by,
           failures = :failures, last_error = :last_error, updated_at = now(),
           resumed_at = :resumed_at, resumed_by = :resumed_by, resumed_reason = :resumed_reason
     where network = :network and account = :account
    """
)
_STRAINED = text(
    """
    select network, account from channel_account
     where failures >= :open or blocked_by in ('dead', 'rate_limited', 'circuit')
    """
)
_TROUBLED = text(
    """
    select exists(select from channel_account
                   where network = :network and account = :account
                     and (failures > 0 or blocked_by in ('dead', 'rate_limited', 'circuit')))
    """
)
_ALL = text("select * from channel_account order by network, account")


async def lock_accounts(connection: AsyncConnection, names: Sequence[Name]) -> Sequence[Account]:
    """The accounts, held until the transaction ends; those not known yet begin at rest."""
    parameters = {
        "networks": [network for network, _ in names],
        "accounts": [account for _, account in names],
    }
    await connection.execute(_MAKE, parameters)
    return [_account(row) for row in await connection.execute(_LOCK, parameters)]


async def keep_account(connection: AsyncConnection, account: Account) -> None:
    """Write down where the (locked) account stands."""
    await connection.execute(
        _KEEP,
        {
            "network": account.network,
            "account": account.name,
            "paid_until": account.paid_until,
            "blocked_until": account.blocked_until,
            "blocked_by": account.blocked_by.value if account.blocked_by else None,
            "failures": account.failures,
            "last_error": account.last_error,
            "resumed_at": account.resumed_at,
            "resumed_by": account.resumed_by,
            "resumed_reason": account.resumed_reason,
        },
    )


async def strained_accounts(connection: AsyncConnection) -> frozenset[Name]:
    """The accounts that are or were held back by failures: a claim must ask for them first."""
    rows = await connection.execute(_STRAINED, {"open": FAILURES_TO_OPEN})
    return frozenset((row.network, row.account) for row in rows)


async def is_troubled(connection: AsyncConnection, name: Name) -> bool:
    """Whether a success would change anything for this account."""
    found: bool = (
        await connection.execute(_TROUBLED, {"network": name[0], "account": name[1]})
    ).scalar_one()
    return found


async def all_accounts(connection: AsyncConnection) -> Sequence[Account]:
    """Every account that was ever held back or paced."""
    return [_account(row) for row in await connection.execute(_ALL)]


def _account(row: Row[Any]) -> Account:
    return Account(
        network=row.network,
        name=row.account,
        paid_until=row.paid_until,
        blocked_until=row.blocked_until,
        blocked_by=Block(row.blocked_by) if row.blocked_by else None,
        failures=row.failures,
        last_error=row.last_error,
        resumed_at=row.resumed_at,
        resumed_by=row.resumed_by,
        resumed_reason=row.resumed_reason,
    )
