"""The table of kept answers, made inside a service's own migration."""

from __future__ import annotations

from typing import Protocol

_CREATE = (
    """
    create table idempotent_answer (
        id bytea primary key check (octet_length(id) = 32),
        request_hash bytea not null check (octet_length(request_hash) = 32),
        status smallint not null check (status between 200 and 599),
        headers jsonb not null default '{}',
        body bytea not null,
        created_at timestamptz not null default now()
    )
    """,
    "create index idempotent_answer_age on idempotent_answer (created_at)",
    "comment on column idempotent_answer.id is 'SHA-256 of principal, route and Idempotency-Key'",
)


class Operations(Protocol):
    """What is used of `alembic.op` (this room does not import SQL libraries)."""

    def execute(self, sqltext: str) -> None: ...


def create(op: Operations) -> None:
    """Create the table in the schema of the running migration; `op` is `alembic.op`."""
    for statement in _CREATE:
        op.execute(statement)


def drop(op: Operations) -> None:
    """The reverse of `create`."""
    op.execute("drop table idempotent_answer")
