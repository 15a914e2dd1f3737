"""The rows of transfers to a helpdesk; claimed with a lease as department messages are (S71)."""

from __future__ import annotations

from collections.abc import Sequence
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
            and helpdesk = :helpdesk
        order by due_at limit :limit for update skip locked
    )
    update transfer set due_at = now() + cast(:lease as interval), attempts = attempts + 1
    from due where transfer_id = due.id
    returning transfer.*
    """
)
_OF_CASE = text(_SELECT + "where case_id = :case_id order by asked_at, transfer_id")
_DONE = text(
    """
    update transfer set state = 'done', reference = :reference, link = :link, settled_at = now(),
        last_error = null
    where transfer_id = :transfer_id and state = 'pending'
    """
)
_FAILED = text(
    """
    update transfer set state = 'failed', settled_at = now(), last_error = :error
    where transfer_id = :transfer_id and state = 'pending'
    """
)
_IS_PENDING = text(
    "select exists (select from transfer where case_id = :case_id and state = 'pending')"
)
_REMEMBER = text(
    """
    insert into sent_reply (dispatch_id, case_id, kind, sent_at)
    select dispatch_id, case_id, kind, sent_at
    from unnest(
        cast(:dispatch_id as uuid[]), cast(:case_id as uuid[]), cast(:kind as text[]),
        cast(:sent_at as timestamptz[])
    ) as new (dispatch_id, case_id, kind, sent_at)
    on conflict (dispatch_id) do nothing
    """
)
_SENT_REPLIES = text(
    """
    select dispatch_id, case_id, kind, sent_at from sent_reply
    where case_id = :case_id order by sent_at desc, dispatch_id
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


@dataclass(frozen=True, slots=True)
class SentReply:
    """A reply by a person that reached its network."""

    dispatch_id: UUID
    case_id: UUID
    kind: str
    sent_at: datetime


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


async def claim(
    connection: AsyncConnection, *, helpdesk: str, limit: int, lease: timedelta
) -> list[TransferRow]:
    """Due transfers to this helpdesk, each for this process alone until the lease ends."""
    rows = await connection.execute(_CLAIM, {"helpdesk": helpdesk, "limit": limit, "lease": lease})
    return [_row(row) for row in rows]


async def of_case(connection: AsyncConnection, case_id: UUID) -> list[TransferRow]:
    """The transfers of a case, the oldest first."""
    return [_row(row) for row in await connection.execute(_OF_CASE, {"case_id": case_id})]


async def done(
    connection: AsyncConnection, transfer_id: UUID, reference: str, link: str | None
) -> bool:
    """The helpdesk has a ticket; whether this was news."""
    result = await connection.execute(
        _DONE, {"transfer_id": transfer_id, "reference": reference, "link": link}
    )
    return result.rowcount == 1


async def failed(connection: AsyncConnection, transfer_id: UUID, *, error: str) -> bool:
    """The helpdesk will never take it; whether this was news."""
    result = await connection.execute(_FAILED, {"transfer_id": transfer_id, "error": error})
    return result.rowcount == 1


async def is_pending(connection: AsyncConnection, case_id: UUID) -> bool:
    """Whether a transfer of this case waits for its ticket."""
    return bool(await connection.scalar(_IS_PENDING, {"case_id": case_id}))


async def remember_replies(connection: AsyncConnection, replies: Sequence[SentReply]) -> None:
    """Keep these; a repetition changes nothing."""
    if replies:
        await connection.execute(
            _REMEMBER,
            {name: [getattr(reply, name) for reply in replies] for name in SentReply.__slots__},
        )


async def sent_replies(connection: AsyncConnection, case_id: UUID) -> list[SentReply]:
    """The replies that were sent in this case, the latest first."""
    rows = await connection.execute(_SENT_REPLIES, {"case_id": case_id})
    return [SentReply(row.dispatch_id, row.case_id, row.kind, row.sent_at) for row in rows]


async def again(
    connection: AsyncConnection, transfer_id: UUID, *, delay: timedelta, error: str
) -> None:
    """Try it once more, later."""
    await connection.execute(_AGAIN, {"transfer_id": transfer_id, "delay": delay, "error": error})


def _row(row: Any) -> TransferRow:
    values = dict(row._mapping)
    values.pop("due_at", None)
    asked_by = Person(values.pop("asked_by_id"), values.pop("asked_by_name"))
    return TransferRow(**{**values, "state": TransferState(values["state"])}, asked_by=asked_by)
