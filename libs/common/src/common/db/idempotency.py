"""Answers kept under Idempotency-Keys: the SQL of `common.web.idempotency`, which has none.

It stands here because SQLAlchemy belongs to this room (HOUSE 2.4). The table is made by
`common.web.idempotency_table`. All functions work in the caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_LOCK_CLASS = 4712  # the relay's lanes are 4711 (RELIABILITY 9.1)
_PRUNED_PER_ANSWER = 20

_TRY_LOCK = text("select pg_try_advisory_xact_lock(:class, :number)")
_FIND = text(
    "select request_hash, status, headers, body from idempotent_answer "
    "where id = :id and created_at > now() - cast(:retention as interval)"
)
# An answer past its retention may still stand there: the new one replaces it.
_KEEP = text(
    "insert into idempotent_answer (id, request_hash, status, headers, body) "
    "values (:id, :request_hash, :status, cast(:headers as jsonb), :body) "
    "on conflict (id) do update set request_hash = excluded.request_hash, "
    "status = excluded.status, headers = excluded.headers, body = excluded.body, "
    "created_at = excluded.created_at"
)
_PRUNE = text(
    "delete from idempotent_answer where id in ("
    "select id from idempotent_answer where created_at <= now() - cast(:retention as interval) "
    "order by created_at limit :most for update skip locked)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """An answer as it was given. `request_hash` (SHA-256) tells which request it answered."""

    request_hash: bytes
    status: int
    headers: dict[str, str]
    body: bytes


async def try_lock(connection: AsyncConnection, id: bytes) -> bool:
    """Take the key for this transaction; False while another transaction works under it.

    `id` is a SHA-256; two keys that share four bytes of it would get in each other's way, which
    costs the later one a repetition and nothing else.
    """
    number = int.from_bytes(id[:4], "big", signed=True)
    result = await connection.execute(_TRY_LOCK, {"class": _LOCK_CLASS, "number": number})
    return bool(result.scalar_one())


async def find(
    connection: AsyncConnection, id: bytes, *, retention: timedelta
) -> KeptAnswer | None:
    """The answer kept under `id` within the last `retention`."""
    row: Any = (await connection.execute(_FIND, {"id": id, "retention": retention})).one_or_none()
    if row is None:
        return None
    return KeptAnswer(
        request_hash=bytes(row.request_hash),
        status=row.status,
        headers=row.headers,
        body=bytes(row.body),
    )


async def keep(
    connection: AsyncConnection, id: bytes, answer: KeptAnswer, *, headers_json: str
) -> None:
    """Keep an answer; visible to others with the commit of the effect it answers."""
    await connection.execute(
        _KEEP,
        {
            "id": id,
            "request_hash": answer.request_hash,
            "status": answer.status,
            "headers": headers_json,
            "body": answer.body,
        },
    )


async def prune(connection: AsyncConnection, *, retention: timedelta) -> int:
    """Remove a few answers past their retention, so that no job has to; how many it removed."""
    result = await connection.execute(_PRUNE, {"retention": retention, "most": _PRUNED_PER_ANSWER})
    return int(result.rowcount)
