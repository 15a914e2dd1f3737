"""Sources that are read (Bluesky, mail): how far, by whom, with what success; titles and threads.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "alter table mention add column title text, add column thread text[] not null default '{}'",
    # A wider list of words: what was allowed stays allowed.
    "alter table source drop constraint source_kind_check",
    """
    alter table source add constraint source_kind_check
        check (kind in ('webhook', 'ndjson', 'bluesky', 'mail'))
    """,
    # One reader per source at a time: `fence` counts holders, and only the last one may move the
    # cursor, in the same transaction as the posts it brought (S6).
    """
    create table source_reading (
        source_id uuid primary key references source,
        cursor jsonb,
        fence bigint not null default 0,
        held_until timestamptz,
        next_at timestamptz not null default now(),
        failures integer not null default 0,
        last_error text,
        last_success_at timestamptz
    )
    """,
)


def upgrade() -> None:
    """Make the table, widen the others."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop it; sources of the new kinds are switched off and kept as uploads."""
    op.execute("drop table source_reading")
    op.execute(
        "update source set kind = 'ndjson', is_enabled = false where kind in ('bluesky', 'mail')"
    )
    op.execute("alter table source drop constraint source_kind_check")
    op.execute(
        "alter table source add constraint source_kind_check check (kind in ('webhook', 'ndjson'))"
    )
    op.execute("alter table mention drop column thread, drop column title")
