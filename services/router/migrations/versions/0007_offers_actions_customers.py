"""Offers to persons on duty, actions that other systems carry out, looks at customers' data.

Revision ID: 0007
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_UP = (
    """
    alter table cases add column priority text not null default 'normal'
        check (priority in ('normal', 'high'))
    """,
    """
    create table duty_offer (
        case_id uuid not null references cases (case_id),
        round integer not null check (round > 0),
        rota text not null,
        team text not null,
        skills text[] not null default '{}',
        person_id text,
        person_name text,
        reason text not null,
        offered_at timestamptz not null,
        until timestamptz,
        ended_at timestamptz,
        ending text check (ending in ('taken', 'expired', 'withdrawn')),
        considered text not null,
        configuration_version integer not null,
        primary key (case_id, round),
        check (num_nulls(person_id, person_name) in (0, 2)),
        check (num_nulls(ended_at, ending) in (0, 2)),
        check (person_id is null or until is not null)
    ) with (fillfactor = 80)
    """,
    "comment on column duty_offer.person_id is 'null: nobody was on duty'",
    "comment on column duty_offer.considered is 'JSON: teams and people, and why not'",
    "create unique index duty_offer_stands on duty_offer (case_id) where ended_at is null",
    """
    create index duty_offer_of_person on duty_offer (person_id, until)
        where ended_at is null and person_id is not null
    """,
    """
    create table action (
        action_id uuid primary key,
        case_id uuid not null references cases (case_id),
        conversation_id uuid not null,
        name text not null,
        system text not null,
        parameters jsonb not null,
        state text not null default 'requested'
            check (state in ('requested', 'confirmed', 'refused')),
        requested_at timestamptz not null,
        requested_by_id text not null,
        requested_by_name text not null,
        requested_as text not null,
        configuration_version integer not null,
        due_at timestamptz not null,
        overdue_at timestamptz,
        answered_at timestamptz,
        answered_by_id text,
        answered_by_name text,
        reference text,
        note text,
        constraint action_answered_by_somebody check (
            (state = 'requested') = (answered_at is null)
            and num_nulls(answered_at, answered_by_id, answered_by_name) in (0, 3)
        ),
        constraint action_refused_with_reason check (
            state <> 'refused' or btrim(coalesce(note, '')) <> ''
        )
    )
    """,
    "create index action_of_case on action (case_id, requested_at)",
    "create index action_by_due on action (due_at, action_id)",
    """
    create table customer_access (
        access_id uuid primary key,
        case_id uuid not null references cases (case_id),
        at timestamptz not null,
        person_id text not null,
        person_name text not null,
        role text not null,
        fields text[] not null,
        unmasked text[] not null,
        purpose text,
        degraded_because text,
        constraint customer_access_unmasks_for_a_purpose check (
            cardinality(unmasked) = 0 or btrim(coalesce(purpose, '')) <> ''
        )
    )
    """,
    "comment on table customer_access is 'who looked at which fields; never what stood in them'",
    "create index customer_access_by_time on customer_access (at, access_id)",
    "create index customer_access_of_case on customer_access (case_id, at)",
    "create index cases_of_customer on cases (customer_id, opened_at)",
    """
    create table customer_link (
        network text not null,
        author_id text not null,
        customer_ids text[] not null,
        seen_at timestamptz not null,
        primary key (network, author_id)
    )
    """,
    "comment on table customer_link is 'what the CRM last said; all that is left while it is away'",
    "create index disposition_by_time on disposition using brin (placed_at)",
)


def upgrade() -> None:
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop index disposition_by_time")
    op.execute("drop index cases_of_customer")
    for table in ("customer_link", "customer_access", "action", "duty_offer"):
        op.execute(f"drop table {table}")
    op.execute("alter table cases drop column priority")
