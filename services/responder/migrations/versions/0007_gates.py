"""What the gates said of each revision, who let what pass, and how each account wants to sound.

Rows are only ever added, so that it can be shown what a reader saw. An approval is refused by the
database while the last check of that revision holds a block that nobody lifted with a reason.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ROLE = "ombud_responder"
_DEFINER = "security definer set search_path = responder, pg_temp"

_TABLES = (
    """
    create table gate_check(
        draft_id uuid not null,
        revision int not null,
        number int not null check (number > 0),
        findings jsonb not null check (jsonb_typeof(findings) = 'array'),
        individuality real not null check (individuality between 0 and 1),
        takes_up_case boolean not null,
        redirects int not null check (redirects >= 0),
        checked_at timestamptz not null default now(),
        primary key (draft_id, revision, number),
        foreign key (draft_id, revision) references revision)
    """,
    """
    create table gate_lift(
        draft_id uuid not null,
        revision int not null,
        rule text not null check (rule <> ''),
        reason text not null check (reason <> ''),
        actor_id text not null check (is_person(actor_id)),
        actor_name text not null,
        lifted_at timestamptz not null default now(),
        primary key (draft_id, revision, rule),
        foreign key (draft_id, revision) references revision)
    """,
    """
    create table gate_confirmation(
        draft_id uuid not null,
        revision int not null,
        rule text not null check (rule <> ''),
        actor_id text not null check (is_person(actor_id)),
        actor_name text not null,
        confirmed_at timestamptz not null default now(),
        primary key (draft_id, revision, rule, actor_id),
        foreign key (draft_id, revision) references revision)
    """,
    """
    create table gate_policy(
        account text not null check (account <> ''),
        version int not null check (version > 0),
        document jsonb not null check (jsonb_typeof(document) = 'object'),
        reason text not null check (reason <> ''),
        actor_id text not null check (is_person(actor_id)),
        actor_name text not null,
        changed_at timestamptz not null default now(),
        primary key (account, version))
    """,
    f"""
    create function standing_blocks(wanted uuid, number int) returns setof text
    language sql stable {_DEFINER} as $$
        select distinct f ->> 'rule'
          from (select findings from gate_check c
                 where c.draft_id = wanted and c.revision = standing_blocks.number
                 order by c.number desc limit 1) last,
               jsonb_array_elements(last.findings) f
         where f ->> 'level' = 'block'
           and not exists (select from gate_lift l where l.draft_id = wanted
                              and l.revision = standing_blocks.number and l.rule = f ->> 'rule')
    $$
    """,
    f"""
    create function guard_gates() returns trigger language plpgsql {_DEFINER} as $$
    begin
        if exists (select from standing_blocks(new.draft_id, new.revision)) then
            raise exception 'a gate blocks this revision' using errcode = 'check_violation';
        end if;
        return new;
    end $$
    """,
    f"""
    create function guard_gate_lift() returns trigger language plpgsql {_DEFINER} as $$
    begin
        if exists (select from revision
                    where draft_id = new.draft_id and author_id = new.actor_id) then
            raise exception 'nobody lifts a gate for own text' using errcode = 'check_violation';
        end if;
        return new;
    end $$
    """,
)
_APPEND_ONLY = ("gate_check", "gate_lift", "gate_confirmation", "gate_policy")


def upgrade() -> None:
    for statement in _TABLES:
        op.execute(statement)
    _trigger("approval_3_gates", "before insert on approval for each row", "guard_gates()")
    _trigger("gate_lift_1_guard", "before insert on gate_lift for each row", "guard_gate_lift()")
    for table in _APPEND_ONLY:
        _trigger(f"{table}_truncate", f"before truncate on {table}", "refuse_change()")
        _trigger(
            f"{table}_change", f"before update or delete on {table} for each row", "refuse_change()"
        )
        op.execute(f"revoke all on {table} from {ROLE}")
        op.execute(f"grant select, insert on {table} to {ROLE}")


def downgrade() -> None:
    op.execute("drop trigger approval_3_gates on approval")
    for table in _APPEND_ONLY:
        op.execute(f"drop table {table} cascade")
    op.execute("drop function guard_gate_lift()")
    op.execute("drop function guard_gates()")
    op.execute("drop function standing_blocks(uuid, int)")


def _trigger(name: str, when: str, function: str) -> None:
    table = when.split(" on ")[1].split()[0]
    op.execute(f"create trigger {name} {when} execute function {function}")
    op.execute(f"alter table {table} enable always trigger {name}")
