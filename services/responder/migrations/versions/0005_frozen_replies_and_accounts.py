"""What a reply will be, frozen before it is sent; accounts that are held back; what was answered.

The ledger's guard learns two steps: freezing (once, while sending), and going back to pending in
doubt, which is allowed only for what was frozen: the same bytes under the same id (RELIABILITY 9.5,
CONNECTORS 12). Nothing still leads from unknown back to pending.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ROLE = "ombud_responder"
_DEFINER = "security definer set search_path = responder, pg_temp"

_TABLES = (
    """
    alter table dispatch
        add column prepared text,
        add column in_doubt boolean not null default false,
        add column actual_visibility text check (actual_visibility in ('public', 'private')),
        add column reach text,
        add column findings jsonb not null default '[]',
        add constraint dispatch_doubt_is_frozen check (not in_doubt or prepared is not null)
    """,
    # One row per account of ours, shared by every process that sends from it.
    """
    create table channel_account(
        network text not null,
        account text not null,
        paid_until timestamptz,
        blocked_until timestamptz,
        blocked_by text check (blocked_by in ('pace', 'rate_limited', 'circuit', 'dead')),
        failures int not null default 0 check (failures >= 0),
        last_error text,
        updated_at timestamptz not null default now(),
        primary key (network, account))
    """,
    # What a reply needs to know of the post it answers, beyond its id.
    """
    create table answered_post(
        network text not null,
        native_id text not null,
        author_id text not null,
        title text,
        thread text[] not null default '{}',
        recorded_at timestamptz not null default now(),
        primary key (network, native_id))
    """,
)

# Between 0002's guard and this one the middle differs: what a sending may become.
_GUARD = f"""
    create or replace function guard_dispatch() returns trigger language plpgsql {_DEFINER} as $$
    declare step text := old.state || '>' || new.state;
    begin
        if (new.dispatch_id, new.draft_id, new.revision, new.content_hash, new.network,
            new.idempotency_key, new.created_at) is distinct from
           (old.dispatch_id, old.draft_id, old.revision, old.content_hash, old.network,
            old.idempotency_key, old.created_at) then
            raise exception 'what is sent does not change' using errcode = 'check_violation';
        end if;
        %(frozen)s
        if step = 'pending>sending' then
            if new.fence <> old.fence + 1 or new.attempt <> old.attempt + 1
               or new.lease_until <= now() then
                raise exception 'a claim counts up and takes a lease'
                    using errcode = 'check_violation';
            end if;
            perform require_cleared(new.draft_id, new.revision, new.content_hash);
            return new;
        end if;
        if new.fence <> old.fence or new.attempt <> old.attempt then
            raise exception 'only a claim counts up' using errcode = 'check_violation';
        end if;
        if step = 'unknown>unknown' then
            if (new.platform_id, new.last_error, new.finished_at, new.resolved_by_id) is distinct
               from (old.platform_id, old.last_error, old.finished_at, old.resolved_by_id) then
                raise exception 'only looks are counted' using errcode = 'check_violation';
            end if;
        elsif step in ('unknown>sent', 'unknown>failed') then
            if new.resolution is null or new.resolved_by_id is null or not
               (is_person(new.resolved_by_id)
                or (new.state = 'sent' and new.resolved_by_id = 'read_back')) then
                raise exception 'a person or a read-back decides'
                    using errcode = 'check_violation';
            end if;
        elsif step = 'sending>pending' then
            if new.not_before <= now() or new.last_error is null then
                raise exception 'held off without a reason' using errcode = 'check_violation';
            end if;
        %(freezing)s
        elsif step not in ('pending>failed', 'sending>sent', 'sending>failed',
                           'sending>unknown') then
            raise exception 'a dispatch does not go %%', step using errcode = 'check_violation';
        end if;
        return new;
    end $$
"""
_FROZEN = """
        if old.prepared is not null and new.prepared is distinct from old.prepared then
            raise exception 'what was frozen does not change' using errcode = 'check_violation';
        end if;
        if old.prepared is null and new.prepared is not null and step <> 'sending>sending' then
            raise exception 'only a sending is frozen' using errcode = 'check_violation';
        end if;
        if old.in_doubt and not new.in_doubt then
            raise exception 'a doubt does not go away' using errcode = 'check_violation';
        end if;
"""
_FREEZING = """
        elsif step = 'sending>sending' then
            if old.prepared is not null or new.prepared is null
               or new.lease_until is distinct from old.lease_until
               or new.in_doubt is distinct from old.in_doubt then
                raise exception 'a sending is frozen once and nothing else'
                    using errcode = 'check_violation';
            end if;
"""


def upgrade() -> None:
    for statement in _TABLES:
        op.execute(statement)
    op.execute(_GUARD % {"frozen": _FROZEN, "freezing": _FREEZING})
    op.execute(
        "grant update (prepared, in_doubt, actual_visibility, reach, findings)"
        f" on dispatch to {ROLE}"
    )


def downgrade() -> None:
    op.execute(_GUARD % {"frozen": "", "freezing": ""})
    op.execute("drop table answered_post")
    op.execute("drop table channel_account")
    op.execute(
        "alter table dispatch drop constraint dispatch_doubt_is_frozen, drop column findings,"
        " drop column reach, drop column actual_visibility, drop column in_doubt,"
        " drop column prepared"
    )
