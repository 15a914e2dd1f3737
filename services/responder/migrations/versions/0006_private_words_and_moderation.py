"""The restricted store of private words, and moderation by two people (S62, S66, S106).

What customers say in private is sealed by the service before it comes here; every look into it is a
row that nobody can change. A moderation is decided by somebody else than who proposed it, and the
database knows which step follows which.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ROLE = "ombud_responder"
_DEFINER = "security definer set search_path = responder, pg_temp"

_STATEMENTS = (
    """
    create table private_request(
        request_id uuid primary key,
        case_id uuid not null references case_context,
        draft_id uuid not null references draft,
        fields jsonb not null check (jsonb_typeof(fields) = 'array'),
        actor_id text not null check (is_person(actor_id)),
        actor_name text not null,
        made_at timestamptz not null default now())
    """,
    "create index private_request_of_case on private_request(case_id, made_at)",
    """
    create table private_value(
        value_id uuid primary key,
        case_id uuid not null,
        conversation_id uuid not null,
        request_id uuid references private_request,
        name text not null check (name <> ''),
        sealed bytea not null,
        key_id text not null,
        recorded_by_id text,
        recorded_by_name text,
        recorded_at timestamptz not null,
        delete_after timestamptz not null)
    """,
    "create index private_value_of_case on private_value(case_id, recorded_at)",
    "create index private_value_due on private_value(delete_after)",
    """
    create table private_access(
        access_id bigint generated always as identity primary key,
        case_id uuid not null,
        names text[] not null,
        purpose text not null check (purpose <> ''),
        actor_id text not null check (is_person(actor_id)),
        actor_name text not null,
        read_at timestamptz not null default now())
    """,
    "create index private_access_of_case on private_access(case_id, access_id)",
    """
    create table moderation(
        moderation_id uuid primary key,
        case_id uuid not null references case_context,
        conversation_id uuid not null,
        network text not null,
        account text not null,
        target text not null check (target <> ''),
        action text not null check (action in ('hide', 'delete', 'block')),
        reason text not null check (reason <> ''),
        proposed_by_id text not null check (is_person(proposed_by_id)),
        proposed_by_name text not null,
        state text not null default 'proposed' check (state in
            ('proposed', 'approved', 'rejected', 'by_hand', 'done')),
        version int not null default 1,
        decision text,
        decided_by_id text check (is_person(decided_by_id)),
        decided_by_name text,
        proposed_at timestamptz not null default now(),
        decided_at timestamptz,
        done_at timestamptz,
        last_error text,
        check ((state = 'proposed') = (decided_by_id is null)),
        check (decided_by_id <> proposed_by_id))
    """,
    "create index moderation_in_order on moderation(proposed_at, moderation_id)",
    "create index moderation_to_do on moderation(decided_at) where state = 'approved'",
    f"""
    create function guard_moderation() returns trigger language plpgsql {_DEFINER} as $$
    declare step text := old.state || '>' || new.state;
    begin
        if (new.case_id, new.network, new.account, new.target, new.action, new.reason,
            new.proposed_by_id) is distinct from
           (old.case_id, old.network, old.account, old.target, old.action, old.reason,
            old.proposed_by_id) then
            raise exception 'what was proposed does not change' using errcode = 'check_violation';
        end if;
        if step not in ('proposed>approved', 'proposed>rejected', 'approved>done',
                        'approved>by_hand', 'by_hand>done') then
            raise exception 'a moderation does not go %', step using errcode = 'check_violation';
        end if;
        if old.state <> 'proposed' and new.decided_by_id is distinct from old.decided_by_id then
            raise exception 'it is decided' using errcode = 'check_violation';
        end if;
        new.version := old.version + 1;
        return new;
    end $$
    """,
)

_TRIGGERS = (
    ("private_access", "private_access_change",
     "before update or delete on private_access for each row", "refuse_change"),
    ("private_access", "private_access_truncate", "before truncate on private_access",
     "refuse_change"),
    ("moderation", "moderation_1_guard", "before update on moderation for each row",
     "guard_moderation"),
    ("moderation", "moderation_delete", "before delete on moderation for each row",
     "refuse_change"),
)  # fmt: skip


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    for table, name, when, function in _TRIGGERS:
        op.execute(f"create trigger {name} {when} execute function {function}()")
        op.execute(f"alter table {table} enable always trigger {name}")
    op.execute(f"revoke update on private_value, private_request, private_access from {ROLE}")
    op.execute(f"revoke delete on private_request, private_access, moderation from {ROLE}")
    op.execute(f"revoke insert, update on moderation from {ROLE}")
    op.execute(
        "grant insert (moderation_id, case_id, conversation_id, network, account, target, action,"
        f" reason, proposed_by_id, proposed_by_name) on moderation to {ROLE}"
    )
    op.execute(
        "grant update (state, decision, decided_by_id, decided_by_name, decided_at, done_at,"
        f" last_error) on moderation to {ROLE}"
    )


def downgrade() -> None:
    for table in ("moderation", "private_access", "private_value", "private_request"):
        op.execute(f"drop table {table}")
    op.execute("drop function guard_moderation()")
