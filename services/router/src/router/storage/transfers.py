"""The rows of transfers to a helpdesk; claimed with a lease as department messages are (S71)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.claims import Person
from router.domain.transfers import HandOver, TransferState

_SELECT = """
    select transfer_id, case_id, conversation_id, helpdesk, title, body, reason,
        customer_dispatch_id, follow_up_at, asked_by_id, asked_by_name, asked_at, state,
        attempts, reference, link, settled_at, last_error
    from transfer
"""
_ADD = text(
    """
    insert into transfer (
        transfer_id, case_id, conversation_id, helpdesk, title, body, reason,
        customer_dispatch_id, follow_up_at, asked_by_id, asked_by_name, asked_at, due_at
    ) values (
        :transfer_id, :case_id, :conversation_id, :helpdesk, :title, :body, :reason,
        :customer_dispatch_id, :follow_up_at, :by_id, :by_name, :at, :at
    )
    """
)
_CLAIM = text(
    """
    with due as (
        select transfer_id as id from transfer where state = 'pending' and due_at <= now()
        order by due_at limit :limit for update skip locked
    )
    update transfer set due_at = now() + cast(:lease as interval), attempts = attempts + 1
    from due where transfer_id = due.id
    returning transfer.*
    """
)
_LOCK = text(_SELECT + "where transfer_id = :transfer_id for update")
_OF_CASE = text(_SELECT + "where case_id = :case_id order by asked_at, transfer_id")
_DONE = text(
    """
    update transfer set state = 'done', reference = :reference, link = :link, settled_at = :at,
        last_error = null
    where transfer_id = :transfer_id
    """
)
_FAILED = text(
    """
    update transfer set state = 'failed', settled_at = :at, last_error = :error
    where transfer_id = :transfer_id
    """
)
_AGAIN = text(
    """
    update transfer set due_at = now() + cast(:delay as interval), last_error = :error
    where transfer_id = :transfer_id and state = 'pending'
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRow:
    """A transfer as it stands."""

    transfer_id: UUID
    case_id: UUID
    conversation_id: UUID
    helpdesk: str
    title: str
    body: str
    reason: str
    customer_dispatch_id: UUID
    follow_up_at: datetime
    asked_by: Person
    asked_at: datetime
    state: TransferState
    attempts: int
    reference: str | None
    link: str | None
    settled_at: datetime | None
    last_error: str | None

    @property
    def asked_by_name(self) -> str:
        return self.asked_by.name


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTransfer:
    """A transfer that begins."""

    transfer_id: UUID
    case_id: UUID
    conversation_id: UUID
    helpdesk: str
    hand_over: HandOver
    customer_dispatch_id: UUID


async def add(
    connection: AsyncConnection, transfer: NewTransfer, *, by: Person, at: datetime
) -> None:
    """Store a transfer that begins; one at a time per case (unique index)."""
    await connection.execute(
        _ADD,
        {
            "transfer_id": transfer.transfer_id,
            "case_id": transfer.case_id,
            "conversation_id": transfer.conversation_id,
            "helpdesk": transfer.helpdesk,
            "title": transfer.hand_over.title,
            "body": transfer.hand_over.text,
            "reason": transfer.hand_over.reason,
            "customer_dispatch_id": transfer.customer_dispatch_id,
            "follow_up_at": transfer.hand_over.follow_up_at,
            "by_id": by.id,
            "by_name": by.name,
            "at": at,
        },
    )


async def claim(connection: AsyncConnection, *, limit: int, lease: timedelta) -> list[TransferRow]:
    """Due transfers, each for this process alone until the lease ends."""
    rows = await connection.execute(_CLAIM, {"limit": limit, "lease": lease})
    return [_row(row) for row in rows]


async def lock(connection: AsyncConnection, transfer_id: UUID) -> TransferRow | None:
    """The transfer, locked; its case is to be locked before."""
    row = (await connection.execute(_LOCK, {"transfer_id": transfer_id})).one_or_none()
    return None if row is None else _row(row)


async def of_case(connection: AsyncConnection, case_id: UUID) -> list[TransferRow]:
    """The transfers of a case, the oldest first."""
    return [_row(row) for row in await connection.execute(_OF_CASE, {"case_id": case_id})]


async def done(
    connection: AsyncConnection,
    transfer_id: UUID,
    *,
    reference: str,
    link: str | None,
    at: datetime,
) -> None:
    """The helpdesk has a ticket."""
    await connection.execute(
        _DONE, {"transfer_id": transfer_id, "reference": reference, "link": link, "at": at}
    )


async def failed(
    connection: AsyncConnection, transfer_id: UUID, *, error: str, at: datetime
) -> None:
    """The helpdesk will never take it."""
    await connection.execute(_FAILED, {"transfer_id": transfer_id, "error": error, "at": at})


async def again(
    connection: AsyncConnection, transfer_id: UUID, *, delay: timedelta, error: str
) -> None:
    """Try it once more, later."""
    await connection.execute(_AGAIN, {"transfer_id": transfer_id, "delay": delay, "error": error})


def _row(row: Any) -> TransferRow:
    values = dict(row._mapping)
    asked_by = Person(values.pop("asked_by_id"), values.pop("asked_by_name"))
    return TransferRow(**{**values, "state": TransferState(values["state"])}, asked_by=asked_by)
