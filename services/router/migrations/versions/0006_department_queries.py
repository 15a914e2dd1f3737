"""Department queries, what is said to departments, and transfers to a helpdesk.

Expand only. A query cannot exist without origin, link, reach and deadline (S67); a transfer not
without the reply that told the customer and a follow-up date (S72, S73).

Revision ID: 0006
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_UPGRADE = (
    """
    create table department_query (
        query_id uuid primary key,
        case_id uuid not null,
        conversation_id uuid not null,
        issue_id uuid,
        department text not null,
        question text not null check (btrim(question) <> ''),
        origin text not null check (origin = 'social'),
        is_free_wording_allowed boolean not null,
        link text not null check (btrim(link) <> ''),
        reach bigint not null check (reach >= 0),
        priority text not null check (priority in ('normal', 'high')),
        configuration_version integer not null,
        asked_by_id text not null,
        asked_by_name text not null,
        asked_at timestamptz not null,
        remind_at timestamptz not null,
        due_at timestamptz not null,
        reply_token text not null unique check (length(reply_token) >= 12),
        state text not null default 'asked' check (state in ('asked', 'answered', 'withdrawn')),
        reminded_at timestamptz,
        breached_at timestamptz,
        answer text,
        answered_by text,
        answered_via text check (answered_via in ('api', 'mail', 'webhook')),
        answered_at timestamptz,
        next_step text,
        next_step_by_id text,
        next_step_by_name text,
        next_step_at timestamptz,
        foreign key (case_id, conversation_id) references cases (case_id, conversation_id),
        check (asked_at <= remind_at and remind_at <= due_at),
        constraint department_query_answered_with_answer check (
            (state = 'answered') = (answer is not null)
            and num_nulls(answer, answered_by, answered_via, answered_at) in (0, 4)
        ),
        constraint department_query_next_step_follows_answer check (
            num_nulls(next_step, next_step_by_id, next_step_by_name, next_step_at) in (0, 4)
            and (next_step is null or state = 'answered')
        )
    )
    """,
    "create index department_query_of_case on department_query (case_id, asked_at, query_id)",
    """
    create index department_query_open on department_query (department, due_at, query_id)
        where state = 'asked'
    """,
    """
    create index department_query_list on department_query (asked_at desc, query_id)
    """,
    """
    create table department_message (
        message_id uuid primary key,
        query_id uuid not null references department_query (query_id),
        kind text not null
            check (kind in ('question', 'reminder', 'deputy_reminder', 'withdrawal')),
        channel text not null check (channel in ('mail', 'webhook')),
        address text not null,
        recipient text not null,
        department_name text not null,
        state text not null default 'pending' check (state in ('pending', 'sent', 'failed')),
        attempts integer not null default 0,
        due_at timestamptz not null,
        created_at timestamptz not null,
        sent_at timestamptz,
        last_error text,
        unique (query_id, kind),
        check ((state = 'sent') = (sent_at is not null))
    )
    """,
    """
    create index department_message_due on department_message (due_at) where state = 'pending'
    """,
    """
    create table department_answer_seen (
        message_key text primary key,
        query_id uuid references department_query (query_id),
        seen_at timestamptz not null
    )
    """,
    "comment on table department_answer_seen is 'a mail or webhook that came twice counts once'",
    """
    create table department_mailbox (
        single boolean primary key default true check (single),
        uid_validity bigint not null,
        uid bigint not null,
        read_at timestamptz not null
    )
    """,
    """
    create table transfer (
        transfer_id uuid primary key,
        case_id uuid not null,
        conversation_id uuid not null,
        helpdesk text not null,
        title text not null,
        body text not null,
        reason text not null,
        customer_dispatch_id uuid not null,
        follow_up_at timestamptz not null,
        asked_by_id text not null,
        asked_by_name text not null,
        asked_at timestamptz not null,
        state text not null default 'pending' check (state in ('pending', 'done', 'failed')),
        attempts integer not null default 0,
        due_at timestamptz not null,
        reference text,
        link text,
        settled_at timestamptz,
        last_error text,
        foreign key (case_id, conversation_id) references cases (case_id, conversation_id),
        constraint transfer_done_with_reference check (
            (state = 'done') = (reference is not null)
            and (state = 'pending') = (settled_at is null)
        )
    )
    """,
    """
    create table sent_reply (
        dispatch_id uuid primary key,
        case_id uuid not null,
        kind text not null,
        sent_at timestamptz not null
    )
    """,
    "comment on table sent_reply is 'what the responder says was sent, by a person'",
    "create index sent_reply_of_case on sent_reply (case_id, sent_at)",
    """
    create unique index transfer_one_at_a_time on transfer (case_id) where state = 'pending'
    """,
    "create index transfer_of_case on transfer (case_id, asked_at)",
    "create index transfer_due on transfer (due_at) where state = 'pending'",
)


def upgrade() -> None:
    for statement in _UPGRADE:
        op.execute(statement)


def downgrade() -> None:
    for table in (
        "sent_reply",
        "transfer",
        "department_mailbox",
        "department_answer_seen",
        "department_message",
        "department_query",
    ):
        op.execute(f"drop table {table}")
