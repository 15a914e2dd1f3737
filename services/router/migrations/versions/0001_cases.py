"""Cases, where mentions went, clocks, rota and configuration.

The constraints carry the promises that code alone could break: a mention in one place only (S28),
one open case per conversation, no closed case without outcome, cause and summary (S107).

Revision ID: 0001
"""

from __future__ import annotations

from alembic import op

from common.inbox import table as inbox
from common.outbox import table as outbox
from common.timers import table as timers
from common.web import idempotency_table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_CONFIGURATION = (
    """
    create table configuration (
        version integer primary key check (version > 0),
        document jsonb not null,
        actor_id text not null,
        actor_name text not null,
        at timestamptz not null
    )
    """,
)

_ROTA = (
    """
    create table rota (
        name text primary key,
        credit jsonb not null default '{}',
        turns jsonb not null default '{}'
    )
    """,
    "comment on column rota.credit is 'what each member is owed (smooth weighted round robin)'",
)

_CASES = (
    """
    create table cases (
        case_id uuid primary key,
        conversation_id uuid not null,
        network text not null,
        account text,
        state text not null default 'open' check (state in ('open', 'claimed', 'closed')),
        team text not null,
        rule text not null,
        reason text not null,
        configuration_version integer not null,
        decision text not null check (decision in ('service', 'triage', 'non_service')),
        kind text not null,
        abusive boolean not null,
        urgent boolean not null,
        language text not null,
        detected_at timestamptz not null,
        opened_at timestamptz not null,
        mentions integer not null check (mentions > 0),
        last_mention_at timestamptz not null,
        next_due_at timestamptz not null default 'infinity',
        version integer not null default 1,
        holder_id text,
        holder_name text,
        lease_until timestamptz,
        outcome text,
        cause text,
        summary text,
        closed_at timestamptz,
        closed_by_id text,
        closed_by_name text,
        unique (case_id, conversation_id),
        constraint cases_claimed_by_one check (
            (state = 'claimed') = (holder_id is not null)
            and num_nulls(holder_id, holder_name, lease_until) in (0, 3)
        ),
        constraint cases_closed_with_account check (
            (state = 'closed') = (outcome is not null)
            and num_nulls(outcome, cause, summary, closed_at, closed_by_id, closed_by_name)
                in (0, 6)
            and (state <> 'closed' or (btrim(cause) <> '' and btrim(summary) <> ''))
        )
    ) with (
        fillfactor = 80,
        autovacuum_vacuum_scale_factor = 0,
        autovacuum_vacuum_threshold = 5000
    )
    """,
    "comment on column cases.next_due_at is 'deadline of the clock that awaits a reaction'",
    "comment on column cases.version is 'counts what a person must have seen: the ETag'",
    "create unique index cases_one_open on cases (conversation_id) where state <> 'closed'",
    """
    create index cases_queue_of_team on cases (team, next_due_at, opened_at, case_id)
        where state <> 'closed'
    """,
    """
    create index cases_queue on cases (next_due_at, opened_at, case_id) where state <> 'closed'
    """,
    "create index cases_held on cases (holder_id) where state = 'claimed'",
    "create index cases_closed on cases (closed_at, case_id) where state = 'closed'",
)

_DISPOSITION = (
    """
    create table disposition (
        mention_id uuid primary key,
        conversation_id uuid not null,
        place text not null check (place in ('case', 'parked', 'own_post')),
        case_id uuid,
        rule text not null,
        reason text not null,
        configuration_version integer not null,
        detected_at timestamptz not null,
        placed_at timestamptz not null,
        lifted_at timestamptz,
        lifted_by_id text,
        lifted_by_name text,
        body text not null,
        constraint disposition_case_iff_placed_in_one check (
            (place = 'case') = (case_id is not null)
        ),
        constraint disposition_only_cases_are_lifted_to check (
            num_nulls(lifted_at, lifted_by_id, lifted_by_name) in (0, 3)
            and (lifted_at is null or place = 'case')
        ),
        foreign key (case_id, conversation_id) references cases (case_id, conversation_id)
    )
    """,
    "comment on column disposition.body is 'classifier.mention.classified.v1 as JSON'",
    """
    create index disposition_of_case on disposition (case_id, detected_at)
        where place = 'case'
    """,
    """
    create index disposition_parked on disposition (detected_at, mention_id)
        where place = 'parked'
    """,
    "create index disposition_place on disposition (place)",
)

_CLOCK = (
    """
    create table clock (
        case_id uuid not null references cases (case_id),
        kind text not null,
        state text not null default 'running'
            check (state in ('running', 'met', 'breached', 'waived')),
        posted_at timestamptz not null,
        started_at timestamptz not null,
        warn_at timestamptz not null,
        due_at timestamptz not null,
        warned_at timestamptz,
        breached_at timestamptz,
        stopped_at timestamptz,
        seconds_since_detected double precision,
        seconds_since_posted double precision,
        dispatch_id uuid,
        primary key (case_id, kind),
        check (started_at <= warn_at and warn_at <= due_at),
        constraint clock_met_in_time check (
            state <> 'met' or (stopped_at is not null and stopped_at <= due_at)
        ),
        constraint clock_breached_at_a_moment check (
            state <> 'breached' or breached_at is not null
        ),
        constraint clock_stop_has_both_spans check (
            num_nulls(stopped_at, seconds_since_detected, seconds_since_posted) in (0, 3)
        )
    ) with (fillfactor = 80)
    """,
)


def upgrade() -> None:
    outbox.create(op)
    inbox.create(op)
    timers.create(op)
    idempotency_table.create(op)
    for statement in (*_CONFIGURATION, *_ROTA, *_CASES, *_DISPOSITION, *_CLOCK):
        op.execute(statement)


def downgrade() -> None:
    for table in ("clock", "disposition", "cases", "rota", "configuration"):
        op.execute(f"drop table {table}")
    idempotency_table.drop(op)
    timers.drop(op)
    inbox.drop(op)
    outbox.drop(op)
