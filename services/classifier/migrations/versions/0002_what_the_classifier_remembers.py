"""What the classifier remembers: recent mentions, corrections, rules, models, crises, identities.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from alembic import op

from common.web import idempotency_table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MENTIONS = (
    """
    create table mention (
        mention_id uuid primary key,
        conversation_id uuid not null,
        network text not null,
        account text,
        author_id text not null,
        posted_at timestamptz not null,
        classified_at timestamptz not null,
        label text not null check (label in ('service', 'non_service')),
        decision text not null check (decision in ('service', 'non_service', 'triage')),
        confidence real not null check (confidence between 0 and 1),
        kind text not null,
        is_contact boolean not null,
        model text not null,
        challenger text,
        challenger_label text,
        challenger_decision text,
        challenger_confidence real,
        version integer not null default 1 check (version > 0),
        body bytea not null
    )
    """,
    "comment on table mention is 'recent mentions with their labels; bounded in age and number'",
    "comment on column mention.is_contact is 'a service matter of a customer: counts for S12'",
    "comment on column mention.body is 'the classified event as published: UTF-8 JSON'",
    "alter table mention alter column body set storage external",
    "create index mention_age on mention (classified_at, mention_id)",
    """
    create index mention_contacts on mention (network, author_id, posted_at) where is_contact
    """,
)

_IDENTITIES = (
    """
    create table identity (
        network text not null,
        author_id text not null,
        person_id uuid not null,
        linked_at timestamptz not null,
        actor_id text not null,
        primary key (network, author_id)
    )
    """,
    "create index identity_person on identity (person_id)",
)

_CORRECTIONS = (
    """
    create table correction (
        correction_id uuid primary key,
        mention_id uuid not null,
        conversation_id uuid not null,
        corrected_at timestamptz not null,
        actor_id text not null,
        actor_name text not null,
        reason text not null check (btrim(reason) <> ''),
        network text not null,
        account text,
        language text not null,
        text text not null,
        model text not null,
        before jsonb not null,
        after jsonb not null
    )
    """,
    "create index correction_age on correction (corrected_at, correction_id)",
    "create index correction_mention on correction (mention_id)",
)

_RULES = (
    """
    create table rule_set (
        version integer primary key check (version > 0),
        document jsonb not null,
        applied_at timestamptz not null,
        actor_id text not null,
        actor_name text not null,
        reason text not null check (btrim(reason) <> '')
    )
    """,
)

_MODELS = (
    """
    create table model_version (
        version text primary key,
        note text not null,
        registered_at timestamptz not null,
        registered_by text not null,
        figures jsonb,
        evaluated_at timestamptz
    )
    """,
    """
    create table model_change (
        change integer primary key check (change > 0),
        what text not null check (what in ('promoted', 'rolled_back', 'shadowed')),
        champion text references model_version,
        challenger text references model_version,
        at timestamptz not null,
        actor_id text not null,
        actor_name text not null,
        reason text not null check (btrim(reason) <> '')
    )
    """,
    "comment on column model_change.champion is 'null: the shipped model decides'",
)

_CRISES = (
    """
    create table topic_count (
        topic text not null,
        at timestamptz not null,
        service integer not null,
        abusive integer not null,
        reach bigint not null
    )
    """,
    "comment on table topic_count is 'only added to by batches; rows of a bucket are merged later'",
    "create index topic_count_at on topic_count (at, topic)",
    """
    create table crisis (
        crisis_id uuid primary key,
        topic text not null,
        signal text not null,
        observed bigint not null,
        expected double precision not null,
        window_seconds integer not null,
        proposed_at timestamptz not null,
        state text not null check (state in ('proposed', 'on', 'off', 'lapsed')),
        ended_at timestamptz,
        constraint crisis_ended check ((state in ('off', 'lapsed')) = (ended_at is not null))
    )
    """,
    "create unique index crisis_one_open on crisis (topic) where ended_at is null",
    "create index crisis_age on crisis (proposed_at, crisis_id)",
    """
    create table crisis_switch (
        version integer primary key check (version > 0),
        crisis_id uuid not null,
        topic text,
        is_on boolean not null,
        approvers text[] not null,
        reason text not null check (btrim(reason) <> ''),
        actor_id text not null,
        actor_name text not null,
        switched_at timestamptz not null
    )
    """,
    "comment on column crisis_switch.topic is 'null: everything'",
)

_TABLES = (
    "crisis_switch",
    "crisis",
    "topic_count",
    "model_change",
    "model_version",
    "rule_set",
    "correction",
    "identity",
    "mention",
)


def upgrade() -> None:
    """Make the tables."""
    for group in (_MENTIONS, _IDENTITIES, _CORRECTIONS, _RULES, _MODELS, _CRISES):
        for statement in group:
            op.execute(statement)
    idempotency_table.create(op)


def downgrade() -> None:
    """Drop them."""
    idempotency_table.drop(op)
    for table in _TABLES:
        op.execute(f"drop table {table}")
