"""The inbox's tables, for a service's first migration, and the pruning of old rows.

`inbox` and `consumer_offset` are RELIABILITY 9.2; parked keys and dead letters are 9.3. Original
keys, bodies and headers are bytea: a record that is put aside may hold anything.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


class Operations(Protocol):
    """What is used of alembic's `op`."""

    def execute(self, sqltext: str) -> None: ...


_CREATE = (
    """
    create table inbox (
        consumer text not null,
        event_id uuid not null,
        seen_at timestamptz not null default now(),
        primary key (consumer, event_id)
    )
    """,
    "create index inbox_seen on inbox using brin (seen_at)",
    """
    create table consumer_offset (
        grp text not null,
        topic text not null,
        part int not null,
        next_offset bigint not null,
        primary key (grp, topic, part)
    ) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500)
    """,
    # given_up_at is null: on trial, tried again at next_try_at; set: waits for a person.
    """
    create table parked_key (
        consumer text not null,
        key text not null,
        attempts int not null,
        first_failed_at timestamptz not null,
        next_try_at timestamptz not null,
        given_up_at timestamptz,
        primary key (consumer, key)
    )
    """,
    """
    create table parked_event (
        id bigint generated always as identity primary key,
        consumer text not null,
        key text not null,
        event_id uuid not null,
        topic text not null,
        part int not null,
        "offset" bigint not null,
        timestamp_ms bigint not null,
        raw_key bytea,
        payload bytea,
        headers bytea not null,
        dead_letter_id bigint,
        unique (consumer, event_id),
        foreign key (consumer, key) references parked_key (consumer, key)
    )
    """,
    "create index parked_event_key on parked_event (consumer, key, id)",
    """
    create table dead_letter (
        id bigint generated always as identity primary key,
        consumer text not null,
        topic text not null,
        part int not null,
        "offset" bigint not null,
        timestamp_ms bigint not null,
        event_id uuid,
        type text,
        key bytea,
        payload bytea,
        headers bytea not null,
        error_class text not null,
        error_hash text not null,
        problem text not null,
        attempts int not null,
        first_failed_at timestamptz not null,
        failed_at timestamptz not null default now(),
        parked_key text,
        state text not null default 'open'
            check (state in ('open', 'replaying', 'replayed', 'discarded')),
        actor text,
        reason text,
        decided_at timestamptz,
        unique (consumer, topic, part, "offset")
    )
    """,
    "create index dead_letter_open on dead_letter (consumer, id) where state = 'open'",
)
_TABLES = ("dead_letter", "parked_event", "parked_key", "consumer_offset", "inbox")

_PRUNE = text(
    "delete from inbox where (consumer, event_id) in ("
    " select consumer, event_id from inbox where seen_at < now() - cast(:older_than as interval)"
    " limit :most)"
)
_PRUNE_AT_A_TIME = 10_000


def create(op: Operations) -> None:
    """Create the tables in the schema on the search path."""
    for statement in _CREATE:
        op.execute(statement)


def drop(op: Operations) -> None:
    """Take them back, with everything that is put aside in them."""
    for table in _TABLES:
        op.execute(f"drop table {table}")


async def prune_inbox(connection: AsyncConnection, older_than: timedelta) -> int:
    """Forget events seen longer ago; how many. At most 10,000 per call: call again until 0.

    `older_than` must exceed the retention of topics and dead letters (30 days), or an event that
    comes again takes effect again (RELIABILITY 9.2).
    """
    done = await connection.execute(_PRUNE, {"older_than": older_than, "most": _PRUNE_AT_A_TIME})
    return done.rowcount
