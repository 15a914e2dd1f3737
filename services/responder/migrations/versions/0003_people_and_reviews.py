"""Who may read, whose turn it is, and what happens when nobody does (S41, S42, S57, S58).

People, crises and what a case is about come from events. Offers of a review are the service's own
work; certificates, crises and broken glass are held here against its role, as triggers beside the
guards of 0001 and 0002, so that each rule can be read and changed alone.
"""

from __future__ import annotations

from alembic import op

from common.timers import table as timer_table

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROLE = "ombud_responder"
_DEFINER = "security definer set search_path = responder, pg_temp"

_TABLES = (
    """
    alter table case_context
        add column topics text[] not null default '{}',
        add column kind text not null default 'other',
        add column label text not null default 'service',
        add column language text not null default '',
        add column is_abusive boolean not null default false,
        add column already_tried text[] not null default '{}',
        add column audience int,
        add column opened_at timestamptz
    """,
    """
    create table person(
        person_id text primary key,
        name text not null,
        teams text[] not null,
        roles text[] not null,
        weight double precision not null check (weight >= 0),
        certified_from timestamptz,
        absences jsonb not null default '[]')
    """,
    """
    create table configuration(
        is_only boolean primary key default true check (is_only),
        version int not null)
    """,
    """
    create table crisis(
        crisis_id uuid primary key,
        topic text,
        is_on boolean not null,
        approvers text[] not null,
        switched_at timestamptz not null)
    """,
    # What only whoever deploys may decide: the service's role reads it, `migrate` writes it.
    """
    create table deployment_policy(
        is_only boolean primary key default true check (is_only),
        break_glass text not null default 'off' check (break_glass in ('off', 'leads')),
        certificates text not null default 'named' check (certificates in ('named', 'everybody')))
    """,
    "insert into deployment_policy default values",
    """
    create table review_rota(
        name text primary key,
        credit jsonb not null default '{}',
        turns jsonb not null default '{}')
    """,
    """
    create table review_offer(
        offer_id uuid primary key,
        draft_id uuid not null,
        revision int not null,
        round int not null check (round > 0),
        reviewer_id text,
        reviewer_name text,
        state text not null default 'offered' check (state in
            ('offered', 'claimed', 'expired', 'done', 'void')),
        offered_at timestamptz not null,
        expires_at timestamptz not null,
        ended_at timestamptz,
        unique (draft_id, revision, round),
        foreign key (draft_id, revision) references submission,
        check ((reviewer_id is null) = (reviewer_name is null)),
        check (state <> 'claimed' or reviewer_id is not null),
        check ((state in ('offered', 'claimed')) = (ended_at is null)))
    """,
    "create unique index review_offer_alive on review_offer(draft_id) where ended_at is null",
    "create index review_offer_mine on review_offer(reviewer_id) where ended_at is null",
    "alter table rejection add column reasons text[] not null default '{}'",
    """
    create table break_glass(
        draft_id uuid not null,
        revision int not null,
        content_hash bytea not null,
        reason text not null check (reason <> ''),
        actor_id text not null check (is_person(actor_id)),
        actor_name text not null,
        used_at timestamptz not null default now(),
        review_due_at timestamptz not null default now() + interval '1 day',
        finding text,
        reviewed_by_id text check (is_person(reviewed_by_id)),
        reviewed_by_name text,
        reviewed_at timestamptz,
        primary key (draft_id, revision),
        foreign key (draft_id, revision) references submission,
        check ((reviewed_at is null) = (reviewed_by_id is null)),
        check ((reviewed_at is null) = (finding is null)))
    """,
    "create index break_glass_open on break_glass(used_at, draft_id) where reviewed_at is null",
)

_GUARDS = (
    # S41, S42: a public reply is read by somebody who holds a certificate. Where the policy is
    # `named`, who is not in the configuration is judged by their token alone.
    f"""
    create function may_read_public(reader text) returns boolean
    language sql stable {_DEFINER} as $$
        select case when not exists (select from person where certified_from is not null) then true
                    when exists (select from person where person_id = reader)
                        then exists (select from person where person_id = reader
                                        and certified_from <= now())
                    else (select certificates from deployment_policy) = 'named' end
    $$
    """,
    f"""
    create function guard_reader() returns trigger language plpgsql {_DEFINER} as $$
    declare r revision;
    begin
        select * into r from revision
         where draft_id = new.draft_id and revision.revision = new.revision;
        if r.visibility = 'public' and not may_read_public(new.actor_id) then
            raise exception 'the reader holds no certificate' using errcode = 'check_violation';
        end if;
        if exists (select from crisis k, draft d join case_context c using (case_id)
                    where d.draft_id = new.draft_id and k.is_on and cardinality(k.approvers) > 0
                      and (k.topic is null or k.topic = any(c.topics))
                      and new.actor_id <> all(k.approvers)) then
            raise exception 'in a crisis only named people approve'
                using errcode = 'check_violation';
        end if;
        return new;
    end $$
    """,
    f"""
    create function guard_offer() returns trigger language plpgsql {_DEFINER} as $$
    begin
        if exists (select from revision w
                    where w.draft_id = new.draft_id and w.author_id = new.reviewer_id) then
            raise exception 'own text is not offered for review' using errcode = 'check_violation';
        end if;
        return new;
    end $$
    """,
    # Break-glass: off unless the deployment says otherwise, for leads where leads are known.
    f"""
    create function guard_break_glass() returns trigger language plpgsql {_DEFINER} as $$
    declare d draft;
    begin
        d := lock_at_latest(new.draft_id, new.revision);
        if (select break_glass from deployment_policy) <> 'leads' then
            raise exception 'break-glass is off' using errcode = 'check_violation';
        end if;
        if exists (select from person where 'lead' = any(roles))
           and not exists (select from person
                            where person_id = new.actor_id and 'lead' = any(roles)) then
            raise exception 'only a lead breaks the glass' using errcode = 'check_violation';
        end if;
        if d.state <> 'submitted' or not exists (
            select from revision where draft_id = new.draft_id
               and revision.revision = new.revision and content_hash = new.content_hash) then
            raise exception 'only the wording that waits for a reader can leave without one'
                using errcode = 'check_violation';
        end if;
        update draft set state = 'approved', version = version + 1
         where draft_id = new.draft_id;
        return new;
    end $$
    """,
    f"""
    create function guard_break_glass_review() returns trigger language plpgsql {_DEFINER} as $$
    begin
        if old.reviewed_at is not null or new.reviewed_by_id = old.actor_id then
            raise exception 'reviewed once, and by somebody else'
                using errcode = 'check_violation';
        end if;
        return new;
    end $$
    """,
)

# The same as in 0002, with a broken glass in the place of the approval.
_REQUIRE_CLEARED = """
    create or replace function require_cleared(wanted uuid, number int, hash bytea) returns void
    language plpgsql {definer} as $$
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
                                where w.draft_id = wanted and w.author_id = a.actor_id)){or_glass}
        then
            raise exception 'no second person approved these bytes'
                using errcode = 'check_violation';
        end if;
    end $$
"""
_OR_GLASS = """
           and not exists (select from break_glass g where g.draft_id = wanted
                              and g.revision = number and g.content_hash = hash)"""

_VIEW = """
    create or replace view four_eyes_violation as
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
     where r.visibility = 'public'{unless_glass}
       and (a.draft_id is null
            or r.content_hash <> d.content_hash
            or d.content_hash <> content_hash_of(
                   r.network, r.account, r.in_reply_to, r.visibility, r.kind, r.text)
            or exists (select from revision w where w.draft_id = d.draft_id
                          and w.revision <= d.revision and w.author_id = a.actor_id))
"""
_UNLESS_GLASS = """
       and not exists (select from break_glass g where g.draft_id = d.draft_id
                          and g.revision = d.revision and g.content_hash = d.content_hash
                          and r.content_hash = d.content_hash)"""

_TRIGGERS = (
    ("approval", "approval_2_reader", "before insert on approval for each row", "guard_reader"),
    ("review_offer", "review_offer_1_guard", "before insert or update on review_offer for each row",
     "guard_offer"),
    ("break_glass", "break_glass_1_guard", "before insert on break_glass for each row",
     "guard_break_glass"),
    ("break_glass", "break_glass_2_review", "before update on break_glass for each row",
     "guard_break_glass_review"),
    ("break_glass", "break_glass_delete", "before delete on break_glass for each row",
     "refuse_change"),
    ("break_glass", "break_glass_truncate", "before truncate on break_glass", "refuse_change"),
)  # fmt: skip


def upgrade() -> None:
    timer_table.create(op)
    for statement in (*_TABLES, *_GUARDS):
        op.execute(statement)
    op.execute(_REQUIRE_CLEARED.format(definer=_DEFINER, or_glass=_OR_GLASS))
    op.execute(_VIEW.format(unless_glass=_UNLESS_GLASS))
    for table, name, when, function in _TRIGGERS:
        op.execute(f"create trigger {name} {when} execute function {function}()")
        op.execute(f"alter table {table} enable always trigger {name}")
    op.execute(f"grant insert (reasons) on rejection to {ROLE}")
    op.execute(f"revoke all on deployment_policy, break_glass from {ROLE}")
    op.execute(f"grant select on deployment_policy, break_glass to {ROLE}")
    op.execute(
        "grant insert (draft_id, revision, content_hash, reason, actor_id, actor_name)"
        f" on break_glass to {ROLE}"
    )
    op.execute(
        "grant update (finding, reviewed_by_id, reviewed_by_name, reviewed_at)"
        f" on break_glass to {ROLE}"
    )


def downgrade() -> None:
    op.execute(_VIEW.format(unless_glass=""))
    op.execute(_REQUIRE_CLEARED.format(definer=_DEFINER, or_glass=""))
    op.execute("drop trigger approval_2_reader on approval")
    for table in ("break_glass", "review_offer", "review_rota", "deployment_policy", "crisis",
                  "configuration", "person"):  # fmt: skip
        op.execute(f"drop table {table}")
    for function in ("guard_break_glass_review()", "guard_break_glass()", "guard_offer()",
                     "guard_reader()", "may_read_public(text)"):  # fmt: skip
        op.execute(f"drop function {function}")
    op.execute("alter table rejection drop column reasons")
    op.execute(
        "alter table case_context drop column topics, drop column kind, drop column label,"
        " drop column language, drop column is_abusive, drop column already_tried,"
        " drop column audience, drop column opened_at"
    )
    timer_table.drop(op)
