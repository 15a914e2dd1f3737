"""Clocks as ledgers, their calendars, follow-ups, escalations, and what the sweep reads (S7, S73).

The ledger is append-only for the service's role: what was written about a clock stays. The row of
a clock is what its ledger comes to.

Revision ID: 0004
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_CALENDAR = (
    """
    create table working_calendar (
        fingerprint text primary key,
        name text not null,
        document jsonb not null
    )
    """,
    "comment on table working_calendar is 'calendars as they were when a clock used them'",
)

_CLOCK = (
    "alter table clock drop constraint clock_pkey",
    """
    alter table clock
        add column clock_id uuid not null default gen_random_uuid(),
        add column subject_id uuid,
        add column seq integer not null default 0,
        add column duration interval,
        add column warn_share double precision,
        add column calendar text references working_calendar (fingerprint),
        add column terms_key text,
        add column since timestamptz,
        add column counted interval not null default '0',
        add column ended_at timestamptz,
        add column configuration_version integer
    """,
    """
    update clock set clock_id = clock.case_id, since = started_at,
        duration = due_at - started_at, configuration_version = cases.configuration_version,
        warn_share = extract(epoch from warn_at - started_at)
            / greatest(extract(epoch from due_at - started_at), 0.001),
        ended_at = coalesce(
            stopped_at,
            case when clock.state = 'waived' or cases.state = 'closed'
                then coalesce(cases.closed_at, clock.due_at) end
        )
    from cases where cases.case_id = clock.case_id
    """,
    "alter table clock add primary key (clock_id)",
    "alter table clock alter column warn_at drop not null",
    "alter table clock alter column due_at drop not null",
    "alter table clock drop constraint clock_state_check",
    """
    alter table clock
        add constraint clock_state_check
            check (state in ('running', 'paused', 'met', 'breached', 'waived')),
        add constraint clock_has_deadline_unless_paused check (
            num_nulls(warn_at, due_at) in (0, 2)
            and (due_at is not null or state in ('paused', 'met', 'waived'))
        ),
        add constraint clock_ended_in_a_final_state check (
            ended_at is null or state in ('met', 'breached', 'waived')
        )
    """,
    "comment on column clock.subject_id is 'what of the case it times: query, follow-up; or null'",
    "comment on column clock.counted is 'time that counted until `since`; the rest runs from it'",
    """
    create unique index clock_one_open on clock (case_id, kind, subject_id) nulls not distinct
        where ended_at is null
    """,
    "create index clock_of_case on clock (case_id)",
    """
    create index clock_unanswered on clock (due_at)
        where kind = 'first_reaction' and ended_at is null
    """,
)

_LEDGER = (
    """
    create table clock_entry (
        clock_id uuid not null references clock (clock_id),
        seq integer not null check (seq >= 0),
        entry text not null check (
            entry in ('start', 'pause', 'resume', 'replan', 'stop', 'waive', 'warn', 'breach')
        ),
        at timestamptz not null,
        recorded_at timestamptz not null,
        old_due_at timestamptz,
        new_due_at timestamptz,
        duration interval,
        warn_share double precision,
        calendar text references working_calendar (fingerprint),
        reason text not null default '',
        actor_id text,
        actor_name text,
        configuration_version integer,
        primary key (clock_id, seq),
        constraint clock_entry_first_is_start check ((seq = 0) = (entry = 'start')),
        constraint clock_entry_terms_where_planned check (
            (entry in ('start', 'replan')) = (duration is not null)
            and num_nulls(duration, warn_share) in (0, 2)
        ),
        check (num_nulls(actor_id, actor_name) in (0, 2))
    )
    """,
    """
    insert into clock_entry (clock_id, seq, entry, at, recorded_at, new_due_at, duration,
        warn_share, configuration_version)
    select clock_id, 0, 'start', started_at, started_at, due_at, duration, warn_share,
        configuration_version
    from clock
    """,
    """
    insert into clock_entry (clock_id, seq, entry, at, recorded_at, old_due_at, new_due_at)
    select clock_id,
        row_number() over (partition by clock_id order by place), entry, at, at, due_at,
        case when place < 3 then due_at end
    from clock cross join lateral (
        values (1, 'warn', warned_at), (2, 'breach', breached_at), (3, 'stop', stopped_at),
            (4, 'waive', case when stopped_at is null then ended_at end)
    ) as happened (place, entry, at)
    where at is not null
    """,
    """
    update clock set seq = last.seq
    from (select clock_id, max(seq) as seq from clock_entry group by clock_id) as last
    where last.clock_id = clock.clock_id
    """,
)

_FOLLOW_UP = (
    """
    create table follow_up (
        follow_up_id uuid primary key,
        case_id uuid not null references cases (case_id),
        source text not null check (source in ('person', 'promise', 'transfer', 'policy')),
        reason text not null check (btrim(reason) <> ''),
        owner_id text,
        owner_name text,
        planned_at timestamptz not null,
        due_at timestamptz not null,
        state text not null default 'planned'
            check (state in ('planned', 'due', 'done', 'cancelled')),
        went_to_id text,
        went_to_name text,
        rang_at timestamptz,
        result text,
        settled_at timestamptz,
        settled_by_id text,
        settled_by_name text,
        check (num_nulls(owner_id, owner_name) in (0, 2)),
        check (num_nulls(went_to_id, went_to_name) in (0, 2)),
        constraint follow_up_done_with_result check (
            state <> 'done'
            or (btrim(coalesce(result, '')) <> ''
                and num_nulls(settled_at, settled_by_id, settled_by_name) = 0)
        )
    )
    """,
    "create index follow_up_of_case on follow_up (case_id, due_at)",
    """
    create index follow_up_open on follow_up (owner_id, due_at)
        where state in ('planned', 'due')
    """,
    """
    create unique index follow_up_one_by_policy on follow_up (case_id)
        where source = 'policy' and state in ('planned', 'due')
    """,
)

_ESCALATION = (
    "alter table cases add column escalation_level smallint not null default 0",
    """
    create table escalation (
        case_id uuid not null references cases (case_id),
        seq integer not null check (seq > 0),
        from_level smallint not null,
        to_level smallint not null,
        cause text not null check (cause in ('person', 'breach', 'unanswered_contacts')),
        reason text not null check (btrim(reason) <> ''),
        at timestamptz not null,
        actor_id text,
        actor_name text,
        primary key (case_id, seq),
        check (from_level <> to_level),
        check (num_nulls(actor_id, actor_name) in (0, 2))
    )
    """,
    """
    create index cases_escalated on cases (escalation_level, next_due_at)
        where escalation_level > 0 and state <> 'closed'
    """,
)

_SWEEP = (
    """
    alter table cases
        add column rings_at timestamptz not null default '-infinity',
        add column last_reply_at timestamptz
    """,
    "comment on column cases.rings_at is 'when something of the case speaks next by itself; S7'",
    """
    update cases set rings_at = coalesce(
        (select min(case when warned_at is null then warn_at else due_at end) from clock
         where clock.case_id = cases.case_id and clock.state = 'running'), '-infinity'
    ) where state <> 'closed'
    """,
    "create index cases_rings on cases (rings_at) where state <> 'closed'",
    "create index cases_sweep on cases (case_id) where state <> 'closed'",
    """
    create table sweep_progress (
        name text primary key,
        position uuid,
        number bigint not null default 0,
        at timestamptz not null
    )
    """,
)

_GRANTS = """
    do $$ begin
        if exists (select from pg_roles where rolname = 'ombud_router') then
            revoke update, delete, truncate on clock_entry, escalation from ombud_router;
            revoke update, delete, truncate on working_calendar from ombud_router;
        end if;
    end $$
"""


def upgrade() -> None:
    for statement in (*_CALENDAR, *_CLOCK, *_LEDGER, *_FOLLOW_UP, *_ESCALATION, *_SWEEP, _GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Only where no clock of another kind than first_reaction was started."""
    op.execute("drop table sweep_progress")
    op.execute("drop index cases_rings")
    op.execute("drop index cases_sweep")
    op.execute("drop index cases_escalated")
    op.execute("drop table escalation")
    op.execute("drop table follow_up")
    op.execute("drop table clock_entry")
    op.execute(
        "alter table cases drop column rings_at, drop column last_reply_at,"
        " drop column escalation_level"
    )
    for index in ("clock_one_open", "clock_of_case", "clock_unanswered"):
        op.execute(f"drop index {index}")
    op.execute(
        "alter table clock drop constraint clock_pkey,"
        " drop constraint clock_has_deadline_unless_paused,"
        " drop constraint clock_ended_in_a_final_state, drop column clock_id,"
        " drop column subject_id, drop column seq, drop column duration, drop column warn_share,"
        " drop column calendar, drop column terms_key, drop column since, drop column counted,"
        " drop column ended_at, drop column configuration_version"
    )
    op.execute("alter table clock alter column warn_at set not null")
    op.execute("alter table clock alter column due_at set not null")
    op.execute(
        "alter table clock drop constraint clock_state_check, add constraint clock_state_check"
        " check (state in ('running', 'met', 'breached', 'waived'))"
    )
    op.execute("alter table clock add primary key (case_id, kind)")
    op.execute("drop table working_calendar")
