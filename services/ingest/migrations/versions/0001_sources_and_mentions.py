"""Sources, their secrets, mentions, the ledger of intake, inbound dead letters, the outbox.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

from alembic import op

from common.outbox import table as outbox
from common.web import idempotency_table as idempotency

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    """
    create table source (
        id uuid primary key,
        network text not null check (network ~ '^[a-z][a-z0-9_-]{0,31}$'),
        kind text not null check (kind in ('webhook', 'ndjson')),
        account text,
        is_enabled boolean not null,
        created_at timestamptz not null,
        created_by text not null,
        version integer not null
    )
    """,
    # A table of its own: what may be shown and what may only be used are never read together.
    """
    create table source_secret (
        id uuid primary key,
        source_id uuid not null references source,
        secret text not null,
        created_at timestamptz not null,
        created_by text not null
    )
    """,
    "create index source_secret_source on source_secret (source_id)",
    """
    -- No foreign key to source here nor below: every insert would lock the source's one row, and
    -- sources are switched off, never deleted.
    create table mention (
        mention_id uuid primary key,
        conversation_id uuid not null,
        network text not null,
        native_id text not null,
        source_id uuid not null,
        account text,
        author_id text not null,
        author_handle text not null,
        author_name text,
        author_followers bigint,
        text text not null,
        posted_at timestamptz not null,
        detected_at timestamptz not null,
        detected_via text[] not null check (cardinality(detected_via) > 0),
        in_reply_to text,
        language text,
        url text,
        visibility text not null check (visibility in ('public', 'private')),
        media jsonb not null,
        unique (network, native_id)
    )
    """,
    "create index mention_detected on mention (detected_at, mention_id)",
    "create index mention_conversation on mention (conversation_id, detected_at)",
    """
    create table delivery (
        id bigint generated always as identity primary key,
        source_id uuid not null,
        reference text not null,
        taken_in_at timestamptz not null,
        received integer not null,
        accepted integer not null,
        duplicates integer not null,
        unreadable integer not null,
        check (received = accepted + duplicates + unreadable)
    )
    """,
    "create index delivery_taken_in on delivery (taken_in_at)",
    """
    create table inbound_dead_letter (
        id bigint generated always as identity primary key,
        source_id uuid not null,
        digest bytea not null check (octet_length(digest) = 32),
        raw bytea not null,
        reason text not null,
        reference text not null,
        line integer,
        kept_at timestamptz not null,
        unique (source_id, digest)
    )
    """,
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _TABLES:
        op.execute(statement)
    outbox.create(op)
    idempotency.create(op)


def downgrade() -> None:
    """Drop them."""
    idempotency.drop(op)
    outbox.drop(op)
    op.execute("drop table inbound_dead_letter, delivery, mention, source_secret, source")
