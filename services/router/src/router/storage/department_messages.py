"""What is to be said to departments: a small ledger, claimed with a lease (SKIP LOCKED).

The lease is `due_at` moved into the future by the claim: a process that dies lets it run out and
the message is tried again. Repeating is safe: mail keeps its Message-ID, a webhook its id.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.department_letters import OutgoingMessage
from router.domain.departments import Channel, MessageKind

_ADD = text(
    """
    insert into department_message (
        message_id, query_id, kind, channel, address, recipient, department_name, due_at, created_at
    ) values (
        :message_id, :query_id, :kind, :channel, :address, :recipient, :department_name, :at, :at
    ) on conflict (query_id, kind) do nothing
    """
)
_CLAIM = text(
    """
    with due as (
        select message_id from department_message
        where state = 'pending' and due_at <= now()
            and channel = any(cast(:channels as text[]))
        order by due_at limit :limit for update skip locked
    )
    update department_message as message
    set due_at = now() + cast(:lease as interval), attempts = attempts + 1
    from due, department_query as query
    where message.message_id = due.message_id and query.query_id = message.query_id
    returning message.message_id, message.query_id, message.kind, message.channel,
        message.address, message.recipient, message.department_name, message.attempts,
        message.created_at, query.case_id, query.department, query.question, query.origin,
        query.is_free_wording_allowed, query.link, query.reach, query.priority,
        query.asked_by_name, query.asked_at, query.reply_token, query.state as query_state,
        coalesce(
            (select clock.due_at from clock where clock.clock_id = query.query_id), query.due_at
        ) as answer_due_at
    """
)
_SENT = text(
    """
    update department_message set state = 'sent', sent_at = now(), last_error = null
    where message_id = :message_id and state = 'pending'
    """
)
_AGAIN = text(
    """
    update department_message set due_at = now() + cast(:delay as interval), last_error = :error
    where message_id = :message_id and state = 'pending'
    """
)
_FAILED = text(
    """
    update department_message set state = 'failed', last_error = :error
    where message_id = :message_id and state = 'pending'
    """
)
_OF_QUERY = text(
    """
    select kind, channel, recipient, state, attempts, created_at, sent_at, last_error
    from department_message where query_id = :query_id order by created_at, kind
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """Something to be said; the text is made of the query when it is sent."""

    message_id: UUID
    query_id: UUID
    kind: MessageKind
    channel: Channel
    address: str
    recipient: str
    department_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """What became of a message."""

    kind: str
    channel: str
    recipient: str
    state: str
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    last_error: str | None


async def add(connection: AsyncConnection, messages: Sequence[NewMessage], *, at: datetime) -> None:
    """Put messages into the ledger; each kind once per query."""
    for message in messages:
        await connection.execute(
            _ADD,
            {
                "message_id": message.message_id,
                "query_id": message.query_id,
                "kind": message.kind.value,
                "channel": message.channel.value,
                "address": message.address,
                "recipient": message.recipient,
                "department_name": message.department_name,
                "at": at,
            },
        )


async def claim(
    connection: AsyncConnection, *, channels: Collection[str], limit: int, lease: timedelta
) -> list[OutgoingMessage]:
    """Due messages of these channels, each for this process alone until the lease ends."""
    rows = await connection.execute(
        _CLAIM, {"channels": list(channels), "limit": limit, "lease": lease}
    )
    return [OutgoingMessage(**_values(row)) for row in rows]


async def sent(connection: AsyncConnection, message_id: UUID) -> None:
    """The channel took it."""
    await connection.execute(_SENT, {"message_id": message_id})


async def again(
    connection: AsyncConnection, message_id: UUID, *, delay: timedelta, error: str
) -> None:
    """Try it once more, later."""
    await connection.execute(_AGAIN, {"message_id": message_id, "delay": delay, "error": error})


async def failed(connection: AsyncConnection, message_id: UUID, *, error: str) -> None:
    """The channel will never take it: a person must look."""
    await connection.execute(_FAILED, {"message_id": message_id, "error": error})


async def of_query(connection: AsyncConnection, query_id: UUID) -> list[MessageRow]:
    """What was said to the department about a query, the oldest first."""
    rows = await connection.execute(_OF_QUERY, {"query_id": query_id})
    return [MessageRow(**_values(row)) for row in rows]


def _values(row: Any) -> dict[str, Any]:
    return dict(row._mapping)
