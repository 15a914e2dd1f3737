"""How far the mailbox of departments' answers was read: (UIDVALIDITY, UID), RFC 3501."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_READ = text("select uid_validity, uid from department_mailbox")
_MOVED = text(
    """
    insert into department_mailbox (uid_validity, uid, read_at) values (:validity, :uid, :at)
    on conflict (single) do update set
        uid = case when department_mailbox.uid_validity = excluded.uid_validity
            then greatest(department_mailbox.uid, excluded.uid) else excluded.uid end,
        uid_validity = excluded.uid_validity, read_at = excluded.read_at
    """
)


@dataclass(frozen=True, slots=True)
class Position:
    """Nothing was read yet: (0, 0)."""

    uid_validity: int = 0
    uid: int = 0


async def position(connection: AsyncConnection) -> Position:
    """Where reading goes on."""
    row = (await connection.execute(_READ)).one_or_none()
    return Position() if row is None else Position(row.uid_validity, row.uid)


async def moved(connection: AsyncConnection, validity: int, uid: int, *, at: datetime) -> None:
    """The mail with this UID is dealt with; two readers never move back."""
    await connection.execute(_MOVED, {"validity": validity, "uid": uid, "at": at})
