"""The outbox table, for a service's first migration.

Changes to the table of RELIABILITY 9.1: `key` is bytea, because a dead letter carries whatever
key it had, and PostgreSQL's text holds neither NUL nor bad UTF-8.
"""

from __future__ import annotations

from typing import Protocol


class Operations(Protocol):
    """What is used of alembic's `op`."""

    def execute(self, sqltext: str) -> None: ...


LANES = 64
"""Rows are spread over lanes by key; a lane is published by one relay at a time."""

_CREATE = (
    """
    create table outbox (
        id bigint generated always as identity primary key,
        lane smallint not null,
        topic text not null,
        key bytea not null,
        event_id uuid not null unique,
        type text not null,
        headers jsonb not null default '{}',
        payload bytea not null,
        created_at timestamptz not null default now()
    ) with (
        autovacuum_vacuum_scale_factor = 0,
        autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0
    )
    """,
    "create index outbox_lane on outbox (lane, id)",
)


def create(op: Operations) -> None:
    """Create the table in the schema on the search path."""
    for statement in _CREATE:
        op.execute(statement)


def drop(op: Operations) -> None:
    """Take it back; unpublished events go with it."""
    op.execute("drop table outbox")
