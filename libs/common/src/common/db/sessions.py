"""Transactions that nobody ends: one of them makes every queue table slow (RELIABILITY 10.15).

A service's role may not see how old other roles' transactions are, and those are the ones to fear:
our own end themselves. But everybody may see who holds a transaction's own lock, and that one
which is still there was there before.
"""

from __future__ import annotations

from time import monotonic

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# Of people and programs only: what PostgreSQL does by itself, such as vacuum, has no user.
_OPEN = text(
    "select l.virtualtransaction from pg_locks l join pg_stat_activity a using (pid) "
    "where l.locktype = 'virtualxid' and l.granted and a.usesysid is not null"
    " and a.datname = current_database() and l.pid <> pg_backend_pid()"
)


class OpenTransactions:
    """Remembers which transactions of the database it has seen, and since when."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    async def oldest_seconds(self, connection: AsyncConnection) -> float:
        """For how long the oldest open transaction was seen here; 0 when there is none."""
        found = (await connection.execute(_OPEN)).scalars().all()
        now = monotonic()
        self._since = {each: self._since.get(each, now) for each in found}
        return now - min(self._since.values(), default=now)
