"""The dispatch ledger: what may leave, what left, and what nobody knows (RELIABILITY 9.5, R2).

The service's role inserts `pending` rows for exactly the approved wording and moves them along the
table of transitions; nothing leaves `sent` or `failed`, and nothing goes from `unknown` back to a
state from which it would be sent again.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROLE = "ombud_responder"
_DEFINER = "security definer set search_path = responder, pg_temp"

_STATEMENTS = (
    """
    create table dispatch(
        dispatch_id uuid primary key,
        draft_id uuid not null,
        revision int not null,
        content_hash bytea not null,
        network text not null,
        idempotency_key text not null unique,
        state text not null default 'pending'
              check (state in ('pending', 'sending', 'sent', 'failed', 'unknown')),
        attempt int not null default 0,
        fence bigint not null default 0,
        lease_until timestamptz,
        not_before timestamptz not null default now(),
        platform_id text,
        last_error text,
        created_at timestamptz not null default now(),
        sending_at timestamptz,
        finished_at timestamptz,
        looks int not null default 0,
        look_at timestamptz,
        resolved_by_id text,
        resolved_by_name text,
        resolution text,
        unique (draft_id, revision),
        unique (network, platform_id),
        foreign key (draft_id, revision) references submission,
        check ((state = 'sending') = (lease_until is not null)),
        check ((state = 'sent') = (platform_id is not null)),
        check (state not in ('failed', 'unknown') or last_error is not null))
    """,
    "create unique index dispatch_one_alive on dispatch(draft_id) where state <> 'failed'",
    "create index dispatch_pending on dispatch(not_before) where state = 'pending'",
    "create index dispatch_leases on dispatch(lease_until) where state = 'sending'",
    "create index dispatch_to_look_up on dispatch(look_at) where state = 'unknown'",
    "create index dispatch_newest on dispatch(created_at, dispatch_id)",
    # S58: exactly the latest wording, handed in, and read by somebody who wrote none of it.
    f"""
    create function require_cleared(wanted uuid, number int, hash bytea) returns void
    language plpgsql {_DEFINER} as $$
    declare r revision; s submission;
    begin
        select * into r from revision where draft_id = wanted order by revision.revision desc
         limit 1;
        if r.revision is distinct from number or r.content_hash is distinct from hash then
            raise exception 'not the current wording' using errcode = 'check_violation';
        end if;
        select * into s from submission
         where draft_id = wanted and submission.revision = number and content_hash = hash;
        if not found then
            raise exception 'never submitted' using errcode = 'check_violation';
        end if;
        if not exists (select from draft where draft_id = wanted
                          and state in ('approved', 'cleared')) then
            raise exception 'the draft is not cleared' using errcode = 'check_violation';
        end if;
        if (r.visibility = 'public' or s.review = 'required') and not exists (
            select from approval a
             where a.draft_id = wanted and a.revision = number and a.content_hash = hash
               and not exists (select from revision w
                                where w.draft_id = wanted and w.author_id = a.actor_id)) then
            raise exception 'no second person approved these bytes'
                using errcode = 'check_violation';
        end if;
    end $$
    """,
    f"""
    create function guard_new_dispatch() returns trigger language plpgsql {_DEFINER} as $$
    begin
        perform from draft where draft_id = new.draft_id for update;
        perform require_cleared(new.draft_id, new.revision, new.content_hash);
        if new.network is distinct from (select network from revision r
                where r.draft_id = new.draft_id and r.revision = new.revision) then
            raise exception 'another network' using errcode = 'check_violation';
        end if;
        if new.state <> 'pending' or new.attempt <> 0 or new.fence <> 0 then
            raise exception 'a dispatch begins as pending' using errcode = 'check_violation';
        end if;
        return new;
    end $$
    """,
    # A claim does not lock the draft: whoever rewrites it must lock this row first (below).
    f"""
    create function guard_dispatch() returns trigger language plpgsql {_DEFINER} as $$
    declare step text := old.state || '>' || new.state;
    begin
        if (new.dispatch_id, new.draft_id, new.revision, new.content_hash, new.network,
            new.idempotency_key, new.created_at) is distinct from
           (old.dispatch_id, old.draft_id, old.revision, old.content_hash, old.network,
            old.idempotency_key, old.created_at) then
            raise exception 'what is sent does not change' using errcode = 'check_violation';
        end if;
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
        elsif step not in ('pending>failed', 'sending>sent', 'sending>failed',
                           'sending>unknown') then
            raise exception 'a dispatch does not go %', step using errcode = 'check_violation';
        end if;
        return new;
    end $$
    """,
    # An edit or a withdrawal after the approval: what still waits is void, what may be on its way
    # can no longer be taken back.
    f"""
    create function void_pending_dispatch() returns trigger language plpgsql {_DEFINER} as $$
    declare alive dispatch;
    begin
        select * into alive from dispatch
         where draft_id = new.draft_id and state <> 'failed' for update;
        if found and alive.state <> 'pending' then
            raise exception 'the reply is %', alive.state using errcode = 'check_violation';
        end if;
        update dispatch set state = 'failed', last_error = 'voided_by_' || tg_table_name,
                            finished_at = now()
         where dispatch_id = alive.dispatch_id;
        return new;
    end $$
    """,
    # S58, beyond-list 2: the check over the whole database; every row of it is a violation.
    """
    create view four_eyes_violation as
    select d.dispatch_id, d.draft_id, d.revision, d.state,
           case when a.draft_id is null then 'no_approval'
                when r.content_hash <> d.content_hash or d.content_hash <> content_hash_of(
                     r.network, r.account, r.in_reply_to, r.visibility, r.kind, r.text)
                     then 'other_bytes'
                else 'own_text' end as reason
      from dispatch d
      join revision r using (draft_id, revision)
      left join approval a on a.draft_id = d.draft_id and a.revision = d.revision
                          and a.content_hash = d.content_hash
     where r.visibility = 'public'
       and (a.draft_id is null
            or r.content_hash <> d.content_hash
            or d.content_hash <> content_hash_of(
                   r.network, r.account, r.in_reply_to, r.visibility, r.kind, r.text)
            or exists (select from revision w where w.draft_id = d.draft_id
                          and w.revision <= d.revision and w.author_id = a.actor_id))
    """,
)

_TRIGGERS = (
    ("dispatch", "dispatch_1_new", "before insert on dispatch for each row", "guard_new_dispatch"),
    ("dispatch", "dispatch_2_guard", "before update on dispatch for each row", "guard_dispatch"),
    ("dispatch", "dispatch_delete", "before delete on dispatch for each row", "refuse_change"),
    ("dispatch", "dispatch_truncate", "before truncate on dispatch", "refuse_change"),
    ("revision", "revision_2_void", "before insert on revision for each row",
     "void_pending_dispatch"),
    ("withdrawal", "withdrawal_2_void", "before insert on withdrawal for each row",
     "void_pending_dispatch"),
)  # fmt: skip


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    for table, name, when, function in _TRIGGERS:
        op.execute(f"create trigger {name} {when} execute function {function}()")
        op.execute(f"alter table {table} enable always trigger {name}")
    op.execute(f"revoke all on dispatch, four_eyes_violation from {ROLE}")
    op.execute(f"grant select on dispatch, four_eyes_violation to {ROLE}")
    op.execute(
        "grant insert (dispatch_id, draft_id, revision, content_hash, network, idempotency_key)"
        f" on dispatch to {ROLE}"
    )
    op.execute(
        "grant update (state, attempt, fence, lease_until, not_before, platform_id, last_error,"
        " sending_at, finished_at, looks, look_at, resolved_by_id, resolved_by_name, resolution)"
        f" on dispatch to {ROLE}"
    )


def downgrade() -> None:
    op.execute("drop view four_eyes_violation")
    op.execute("drop trigger revision_2_void on revision")
    op.execute("drop trigger withdrawal_2_void on withdrawal")
    op.execute("drop table dispatch")
    op.execute("drop function void_pending_dispatch()")
    op.execute("drop function guard_dispatch()")
    op.execute("drop function guard_new_dispatch()")
    op.execute("drop function require_cleared(uuid, int, bytea)")
