"""The table of timers, made inside a service's own migration; and the words for its rows.

Every claim and every gauge goes through one of the two partial indexes: fired and cancelled rows
cost nothing but space.
"""

from __future__ import annotations

from enum import IntEnum

from alembic.operations import Operations


class State(IntEnum):
    """What became of a timer."""

    PENDING = 0
    FIRED = 1
    CANCELLED = 2


_CREATE = (
    """
    create table timer (
        id bigint generated always as identity primary key,
        owner_id uuid not null,
        conversation_id uuid not null,
        kind text not null,
        armed_for timestamptz not null,
        due_at timestamptz not null,
        state smallint not null default 0 check (state in (0, 1, 2)),
        payload jsonb not null default '{}',
        generation integer not null default 0,
        attempts integer not null default 0,
        fired_at timestamptz,
        unique (owner_id, kind)
    ) with (
        fillfactor = 80,
        autovacuum_vacuum_scale_factor = 0,
        autovacuum_vacuum_threshold = 2000
    )
    """,
    "create index timer_due on timer (due_at) where state = 0",
    "create index timer_failing on timer (armed_for) where state = 0 and attempts > 0",
    "comment on column timer.armed_for is 'the moment that was asked for'",
    "comment on column timer.due_at is 'the same, or later after a handler failed'",
    "comment on column timer.generation is 'how often it was armed again'",
)


def create(op: Operations) -> None:
    """Create the table in the schema of the running migration; `op` is `alembic.op`."""
    for statement in _CREATE:
        op.execute(statement)


def drop(op: Operations) -> None:
    """The reverse of `create`."""
    op.execute("drop table timer")
