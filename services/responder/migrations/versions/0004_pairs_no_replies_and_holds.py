"""Pairs, no-replies, cool-offs, and what was done in a case (S60, S61, S64, S69, S94 to S97).

Each rule is a trigger of its own beside the guards of 0001 to 0003. The hash of a revision covers
`details` too, where there are any: a no-reply's two answers cannot change behind its approval.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROLE = "ombud_responder"
_DEFINER = "security definer set search_path = responder, pg_temp"

_TABLES = (
    "alter table revision drop constraint revision_kind_check",
    """
    alter table revision
        add column details text not null default '',
        add constraint revision_kind_check check (kind in ('answer', 'holding', 'question',
            'progress', 'correction', 'lead_in', 'outcome', 'no_reply')),
        add constraint revision_lead_in_is_public check (kind <> 'lead_in' or visibility = 'public')
        not valid,
        add constraint revision_no_reply_is_answered check (
            case when kind = 'no_reply'
                 then visibility = 'public'
                      and jsonb_typeof(cast(details as jsonb) -> 'has_concern') = 'boolean'
                      and jsonb_typeof(cast(details as jsonb) -> 'wants_dialogue') = 'boolean'
                      and case cast(details as jsonb) ->> 'disposition'
                          when 'no_reply' then
                              cast(details as jsonb) ->> 'has_concern' = 'false'
                              and cast(details as jsonb) ->> 'wants_dialogue' = 'false'
                          when 'thanked_and_left' then true
                          when 'observing' then true
                          else false end
                 else details = '' end)
    """,
    "alter table draft add column lead_in_draft_id uuid references draft",
    """
    alter table case_context
        add column taken_up_at timestamptz,
        add column has_private_thread boolean not null default false
    """,
    """
    alter table deployment_policy
        add column lead_in text not null default 'required'
        check (lead_in in ('required', 'optional'))
    """,
    """
    create table waiting_for_lead_in(
        draft_id uuid primary key references draft,
        since timestamptz not null default now())
    """,
    """
    create table draft_hold(
        hold_id uuid primary key,
        draft_id uuid not null references draft,
        held_until timestamptz not null,
        reason text not null check (reason <> ''),
        held_by_id text not null,
        held_by_name text not null,
        handed_to_id text,
        handed_to_name text,
        held_at timestamptz not null default now(),
        released_at timestamptz,
        released_by_id text,
        released_by_name text,
        check ((handed_to_id is null) = (handed_to_name is null)),
        check (released_by_id is null or released_at is not null))
    """,
    "create unique index draft_hold_alive on draft_hold(draft_id) where released_at is null",
    """
    create table case_action(
        action_id uuid primary key,
        case_id uuid not null references case_context,
        what text not null,
        detail text not null default '',
        done_at timestamptz not null)
    """,
    "create index case_action_of_case on case_action(case_id, done_at)",
)

_FUNCTIONS = (
    """
    create function content_hash_of(network text, account text, in_reply_to text, visibility text,
                                    kind text, body text, details text)
    returns bytea language sql stable as $$
        select sha256(string_agg(part, ''::bytea order by place))
          from (select 0 as place, convert_to('ombud.reply.v1', 'UTF8') as part
                union all
                select place, int4send(octet_length(convert_to(field, 'UTF8')))
                              || convert_to(field, 'UTF8')
                  from unnest(array[network, account, in_reply_to, visibility, kind, body]
                              || case details when '' then array[]::text[] else array[details] end)
                       with ordinality as f(field, place)) parts
    $$
    """,
    # Offers of help that nobody took up: replies since the customer's last word that was a matter.
    f"""
    create function sent_offers(wanted uuid) returns bigint language sql stable {_DEFINER} as $$
        select count(*)
          from draft d
          join case_context c using (case_id)
          join dispatch p on p.draft_id = d.draft_id and p.state = 'sent'
          join revision r on r.draft_id = p.draft_id and r.revision = p.revision
         where d.case_id = wanted and r.kind in ('answer', 'question', 'lead_in')
           and p.finished_at > coalesce(c.taken_up_at, '-infinity')
    $$
    """,
    f"""
    create function is_held(wanted uuid) returns boolean language sql stable {_DEFINER} as $$
        select exists (select from draft_hold where draft_id = wanted and released_at is null
                          and held_until > now())
    $$
    """,
    # S64: whether a private word of this draft has its public lead-in in the thread.
    f"""
    create function is_led_in(wanted uuid) returns boolean language sql stable {_DEFINER} as $$
        select case
            when d.lead_in_draft_id is not null then exists (
                select from dispatch p join revision r using (draft_id, revision)
                 where p.draft_id = d.lead_in_draft_id and p.state = 'sent'
                   and r.visibility = 'public')
            else (select lead_in from deployment_policy) = 'optional'
                 or c.visibility = 'private' or c.has_private_thread
                 or exists (select from draft o
                              join dispatch p on p.draft_id = o.draft_id and p.state = 'sent'
                              join revision r on r.draft_id = p.draft_id
                                             and r.revision = p.revision
                             where o.case_id = d.case_id and r.kind = 'lead_in')
            end
          from draft d join case_context c using (case_id) where d.draft_id = wanted
    $$
    """,
    f"""
    create function guard_hold() returns trigger language plpgsql {_DEFINER} as $$
    begin
        if not exists (select from draft where draft_id = new.draft_id
                          and state in ('writing', 'submitted', 'rejected')) then
            raise exception 'only what is not yet approved cools off'
                using errcode = 'check_violation';
        end if;
        return new;
    end $$
    """,
    f"""
    create function refuse_held() returns trigger language plpgsql {_DEFINER} as $$
    begin
        if is_held(new.draft_id) then
            raise exception 'the draft cools off' using errcode = 'check_violation';
        end if;
        return new;
    end $$
    """,
    f"""
    create function guard_no_reply() returns trigger language plpgsql {_DEFINER} as $$
    declare r revision; said text; target uuid;
    begin
        select * into r from revision
         where draft_id = new.draft_id and revision.revision = new.revision;
        if r.kind = 'no_reply' then
            said := cast(r.details as jsonb) ->> 'disposition';
            select case_id into target from draft where draft_id = new.draft_id;
            if said = 'observing' and sent_offers(target) < 2 then
                raise exception 'observed after two offers, not before'
                    using errcode = 'check_violation';
            end if;
        end if;
        return new;
    end $$
    """,
    # What two people decided stays decided: no wording after an approved no-reply.
    f"""
    create function refuse_after_no_reply() returns trigger language plpgsql {_DEFINER} as $$
    begin
        if exists (select from draft d join revision r on r.draft_id = d.draft_id
                      and r.revision = d.latest_revision
                    where d.draft_id = new.draft_id and d.state = 'approved'
                      and r.kind = 'no_reply') then
            raise exception 'the no-reply is decided' using errcode = 'check_violation';
        end if;
        return new;
    end $$
    """,
    f"""
    create function guard_way_out() returns trigger language plpgsql {_DEFINER} as $$
    declare r revision;
    begin
        select * into r from revision
         where draft_id = new.draft_id and revision.revision = new.revision;
        if r.kind = 'no_reply' then
            raise exception 'a no-reply is not sent' using errcode = 'check_violation';
        end if;
        if is_held(new.draft_id) then
            raise exception 'the draft cools off' using errcode = 'check_violation';
        end if;
        if r.visibility = 'private' and not is_led_in(new.draft_id) then
            raise exception 'a private reply needs its public lead-in'
                using errcode = 'check_violation';
        end if;
        return new;
    end $$
    """,
    f"""
    create function guard_pair() returns trigger language plpgsql {_DEFINER} as $$
    begin
        if new.lead_in_draft_id is not null and not exists (
            select from draft where draft_id = new.lead_in_draft_id and case_id = new.case_id) then
            raise exception 'a pair belongs to one case' using errcode = 'check_violation';
        end if;
        return new;
    end $$
    """,
)

_GUARD_REVISION = """
    create or replace function guard_revision() returns trigger language plpgsql {definer} as $$
    declare d draft;
    begin
        d := lock_at_latest(new.draft_id, new.revision - 1);
        if d.state = 'withdrawn' then
            raise exception 'the draft is withdrawn' using errcode = 'check_violation';
        end if;
        if new.content_hash is distinct from content_hash_of(new.network, new.account,
                new.in_reply_to, new.visibility, new.kind, new.text{details}) then
            raise exception 'the hash is not that of the content'
                using errcode = 'check_violation';
        end if;
        update draft set state = 'writing', latest_revision = new.revision,
                         version = version + 1, submitted_at = null
         where draft_id = new.draft_id;
        return new;
    end $$
"""

_VIEW = """
    create or replace view four_eyes_violation as
    select d.dispatch_id, d.draft_id, d.revision, d.state,
           case when a.draft_id is null then 'no_approval'
                when r.content_hash <> d.content_hash or d.content_hash <> content_hash_of(
                     r.network, r.account, r.in_reply_to, r.visibility, r.kind, r.text{details})
                     then 'other_bytes'
                else 'own_text' end as reason
      from dispatch d
      join revision r using (draft_id, revision)
      left join approval a on a.draft_id = d.draft_id and a.revision = d.revision
                          and a.content_hash = d.content_hash
     where r.visibility = 'public'
       and not exists (select from break_glass g where g.draft_id = d.draft_id
                          and g.revision = d.revision and g.content_hash = d.content_hash
                          and r.content_hash = d.content_hash)
       and (a.draft_id is null
            or r.content_hash <> d.content_hash
            or d.content_hash <> content_hash_of(
                   r.network, r.account, r.in_reply_to, r.visibility, r.kind, r.text{details})
            or exists (select from revision w where w.draft_id = d.draft_id
                          and w.revision <= d.revision and w.author_id = a.actor_id))
"""

_TRIGGERS = (
    ("draft", "draft_1_pair", "before insert on draft for each row", "guard_pair"),
    ("draft_hold", "draft_hold_1_guard", "before insert on draft_hold for each row", "guard_hold"),
    ("submission", "submission_2_held", "before insert on submission for each row", "refuse_held"),
    ("approval", "approval_3_held", "before insert on approval for each row", "refuse_held"),
    ("approval", "approval_4_no_reply", "before insert on approval for each row",
     "guard_no_reply"),
    # Before the guard itself: it moves the state that this one asks for.
    ("revision", "revision_0_decided", "before insert on revision for each row",
     "refuse_after_no_reply"),
    ("withdrawal", "withdrawal_0_decided", "before insert on withdrawal for each row",
     "refuse_after_no_reply"),
    ("dispatch", "dispatch_1_way_out", "before insert on dispatch for each row",
     "guard_way_out"),
    ("break_glass", "break_glass_3_held", "before insert on break_glass for each row",
     "refuse_held"),
)  # fmt: skip
_DROPPED = ("guard_pair()", "guard_way_out()", "refuse_after_no_reply()", "guard_no_reply()",
            "refuse_held()", "guard_hold()", "is_led_in(uuid)", "is_held(uuid)",
            "sent_offers(uuid)",
            "content_hash_of(text, text, text, text, text, text, text)")  # fmt: skip


def upgrade() -> None:
    for statement in (*_TABLES, *_FUNCTIONS):
        op.execute(statement)
    op.execute(_GUARD_REVISION.format(definer=_DEFINER, details=", new.details"))
    op.execute(_VIEW.format(details=", r.details"))
    for table, name, when, function in _TRIGGERS:
        op.execute(f"create trigger {name} {when} execute function {function}()")
        op.execute(f"alter table {table} enable always trigger {name}")
    op.execute(f"grant insert (details) on revision to {ROLE}")
    op.execute(f"grant insert (lead_in_draft_id) on draft to {ROLE}")
    op.execute(f"revoke delete on draft_hold, case_action from {ROLE}")
    op.execute(f"revoke update on draft_hold, case_action from {ROLE}")
    op.execute(
        f"grant update (released_at, released_by_id, released_by_name) on draft_hold to {ROLE}"
    )


def downgrade() -> None:
    for table, name, _, _ in _TRIGGERS:
        op.execute(f"drop trigger {name} on {table}")
    op.execute(_VIEW.format(details=""))
    op.execute(_GUARD_REVISION.format(definer=_DEFINER, details=""))
    for function in _DROPPED:
        op.execute(f"drop function {function}")
    for table in ("case_action", "draft_hold", "waiting_for_lead_in"):
        op.execute(f"drop table {table}")
    op.execute("alter table deployment_policy drop column lead_in")
    op.execute("alter table case_context drop column taken_up_at, drop column has_private_thread")
    op.execute("alter table draft drop column lead_in_draft_id")
    op.execute(
        "alter table revision drop constraint revision_no_reply_is_answered,"
        " drop constraint revision_lead_in_is_public, drop constraint revision_kind_check,"
        " drop column details"
    )
    op.execute(
        "alter table revision add constraint revision_kind_check check (kind in ('answer',"
        " 'holding', 'question', 'progress', 'correction', 'lead_in', 'outcome')) not valid"
    )
