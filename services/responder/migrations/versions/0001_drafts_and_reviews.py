"""Cases as the responder needs them, drafts, revisions and what readers decided.

The four-eyes rules (S58) are held here against the service's own role: it may insert facts and read
them, nothing else. A draft's state is moved only by the guards below, which run with the owner's
rights and lock the draft's row, so that an edit, an approval and a dispatch happen one by one.
"""

from __future__ import annotations

from alembic import op

from common.inbox import table as inbox_table
from common.outbox import table as outbox_table
from common.web import idempotency_table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROLE = "ombud_responder"

_TABLES = (
    """
    create table case_context(
        case_id uuid primary key,
        conversation_id uuid not null,
        network text not null,
        account text,
        in_reply_to text not null,
        visibility text not null check (visibility in ('public', 'private')),
        customer_id text not null,
        customer_handle text not null,
        mention_texts text[] not null,
        team text not null,
        state text not null default 'open' check (state in ('open', 'closed')),
        updated_at timestamptz not null default now())
    """,
    """
    create table draft(
        draft_id uuid primary key,
        case_id uuid not null references case_context,
        conversation_id uuid not null,
        state text not null default 'writing' check (state in
            ('writing', 'submitted', 'approved', 'cleared', 'rejected', 'withdrawn')),
        latest_revision int not null default 0,
        version int not null default 0,
        created_at timestamptz not null default now(),
        submitted_at timestamptz)
    """,
    "create index draft_of_case on draft(case_id)",
    "create index draft_waiting on draft(submitted_at, draft_id) where state = 'submitted'",
    # Persons are `issuer|subject`; responder.domain.persons says what a service account is.
    """
    create function is_person(id text) returns boolean language sql immutable as $$
        select id ~ '^[^|]+\\|.+$'
           and split_part(id, '|', 2) !~ '^(service:|service-account|system:)'
    $$
    """,
    # The same bytes as responder.domain.content: prefix, then length and UTF-8 of each field.
    """
    create function content_hash_of(network text, account text, in_reply_to text, visibility text,
                                    kind text, body text) returns bytea language sql stable as $$
        select sha256(string_agg(part, ''::bytea order by place))
          from (select 0 as place, convert_to('ombud.reply.v1', 'UTF8') as part
                union all
                select place, int4send(octet_length(convert_to(field, 'UTF8')))
                              || convert_to(field, 'UTF8')
                  from unnest(array[network, account, in_reply_to, visibility, kind, body])
                       with ordinality as f(field, place)) parts
    $$
    """,
    """
    create table revision(
        draft_id uuid not null references draft,
        revision int not null check (revision > 0),
        network text not null check (network <> ''),
        account text not null check (account <> ''),
        in_reply_to text not null check (in_reply_to <> ''),
        visibility text not null check (visibility in ('public', 'private')),
        kind text not null check (kind in ('answer', 'holding', 'question', 'progress',
                                           'correction', 'lead_in', 'outcome')),
        text text not null check (text <> ''),
        content_hash bytea not null check (octet_length(content_hash) = 32),
        author_id text not null check (is_person(author_id)),
        author_name text not null,
        written_at timestamptz not null default now(),
        primary key (draft_id, revision))
    """,
    """
    create table submission(
        draft_id uuid not null,
        revision int not null,
        content_hash bytea not null,
        review text not null check (review in ('required', 'optional')),
        actor_id text not null check (is_person(actor_id)),
        actor_name text not null,
        submitted_at timestamptz not null default now(),
        primary key (draft_id, revision),
        foreign key (draft_id, revision) references revision)
    """,
    """
    create table approval(
        draft_id uuid not null,
        revision int not null,
        content_hash bytea not null,
        actor_id text not null check (is_person(actor_id)),
        actor_name text not null,
        approved_at timestamptz not null default now(),
        primary key (draft_id, revision),
        foreign key (draft_id, revision) references submission)
    """,
    """
    create table rejection(
        draft_id uuid not null,
        revision int not null,
        reason text not null check (reason <> ''),
        actor_id text not null check (is_person(actor_id)),
        actor_name text not null,
        rejected_at timestamptz not null default now(),
        primary key (draft_id, revision),
        foreign key (draft_id, revision) references submission)
    """,
    """
    create table withdrawal(
        draft_id uuid primary key,
        revision int not null,
        reason text not null check (reason <> ''),
        actor_id text not null check (is_person(actor_id)),
        actor_name text not null,
        withdrawn_at timestamptz not null default now(),
        foreign key (draft_id, revision) references revision)
    """,
)

# security definer + a fixed search_path: a temporary table named like ours changes nothing.
_DEFINER = "security definer set search_path = responder, pg_temp"

_GUARDS = (
    f"""
    create function lock_draft(wanted uuid) returns setof draft language sql {_DEFINER} as $$
        select * from draft where draft_id = wanted for update
    $$
    """,
    """
    create function refuse_change() returns trigger language plpgsql as $$
    begin
        raise exception '% is append-only', tg_table_name using errcode = 'check_violation';
    end $$
    """,
    # Locks the draft and tells whether the row names its latest wording; the steps share it.
    f"""
    create function lock_at_latest(wanted uuid, number int) returns draft language plpgsql
    {_DEFINER} as $$
    declare d draft;
    begin
        select * into d from draft where draft_id = wanted for update;
        if not found then
            raise exception 'no such draft' using errcode = 'foreign_key_violation';
        end if;
        if d.latest_revision <> number then
            raise exception 'revision % is not the latest', number
                using errcode = 'check_violation';
        end if;
        return d;
    end $$
    """,
    f"""
    create function guard_revision() returns trigger language plpgsql {_DEFINER} as $$
    declare d draft;
    begin
        d := lock_at_latest(new.draft_id, new.revision - 1);
        if d.state = 'withdrawn' then
            raise exception 'the draft is withdrawn' using errcode = 'check_violation';
        end if;
        if new.content_hash is distinct from content_hash_of(new.network, new.account,
                new.in_reply_to, new.visibility, new.kind, new.text) then
            raise exception 'the hash is not that of the content'
                using errcode = 'check_violation';
        end if;
        update draft set state = 'writing', latest_revision = new.revision,
                         version = version + 1, submitted_at = null
         where draft_id = new.draft_id;
        return new;
    end $$
    """,
    f"""
    create function guard_submission() returns trigger language plpgsql {_DEFINER} as $$
    declare d draft; r revision;
    begin
        d := lock_at_latest(new.draft_id, new.revision);
        select * into r from revision
         where draft_id = new.draft_id and revision.revision = new.revision;
        if d.state <> 'writing' or r.content_hash is distinct from new.content_hash then
            raise exception 'only the wording as it stands can be submitted'
                using errcode = 'check_violation';
        end if;
        if r.visibility = 'public' and new.review <> 'required' then
            raise exception 'public replies need a reader' using errcode = 'check_violation';
        end if;
        update draft set version = version + 1, submitted_at = now(),
               state = case new.review when 'required' then 'submitted' else 'cleared' end
         where draft_id = new.draft_id;
        return new;
    end $$
    """,
    f"""
    create function guard_approval() returns trigger language plpgsql {_DEFINER} as $$
    declare d draft;
    begin
        d := lock_at_latest(new.draft_id, new.revision);
        if d.state <> 'submitted' then
            raise exception 'the draft is not submitted' using errcode = 'check_violation';
        end if;
        if exists (select from revision
                    where draft_id = new.draft_id and author_id = new.actor_id) then
            raise exception 'nobody approves own text' using errcode = 'check_violation';
        end if;
        if not exists (select from revision where draft_id = new.draft_id
                          and revision.revision = new.revision
                          and content_hash = new.content_hash) then
            raise exception 'the approval is not of these bytes'
                using errcode = 'check_violation';
        end if;
        update draft set state = 'approved', version = version + 1
         where draft_id = new.draft_id;
        return new;
    end $$
    """,
    f"""
    create function guard_rejection() returns trigger language plpgsql {_DEFINER} as $$
    declare d draft;
    begin
        d := lock_at_latest(new.draft_id, new.revision);
        if d.state <> 'submitted' then
            raise exception 'the draft is not submitted' using errcode = 'check_violation';
        end if;
        update draft set state = 'rejected', version = version + 1
         where draft_id = new.draft_id;
        return new;
    end $$
    """,
    f"""
    create function guard_withdrawal() returns trigger language plpgsql {_DEFINER} as $$
    declare d draft;
    begin
        d := lock_at_latest(new.draft_id, new.revision);
        update draft set state = 'withdrawn', version = version + 1
         where draft_id = new.draft_id;
        return new;
    end $$
    """,
)

_STEPS = ("revision", "submission", "approval", "rejection", "withdrawal")
_FUNCTIONS = (
    *(f"guard_{step}()" for step in _STEPS),
    "lock_at_latest(uuid, int)",
    "refuse_change()",
    "lock_draft(uuid)",
)


def upgrade() -> None:
    outbox_table.create(op)
    inbox_table.create(op)
    idempotency_table.create(op)
    for statement in (*_TABLES, *_GUARDS):
        op.execute(statement)
    for step in _STEPS:
        # The number keeps the guard before the void trigger of 0002: triggers fire by name.
        _trigger(f"{step}_1_guard", f"before insert on {step} for each row", f"guard_{step}()")
    for table in ("draft", *_STEPS):
        _trigger(f"{table}_truncate", f"before truncate on {table}", "refuse_change()")
    for step in _STEPS:
        _trigger(
            f"{step}_change", f"before update or delete on {step} for each row", "refuse_change()"
        )
    _trigger("draft_delete", "before delete on draft for each row", "refuse_change()")
    for table in ("draft", *_STEPS):
        op.execute(f"revoke all on {table} from {ROLE}")
        op.execute(f"grant select on {table} to {ROLE}")
    _grant_insert("draft", "draft_id, case_id, conversation_id")
    _grant_insert(
        "revision",
        "draft_id, revision, network, account, in_reply_to, visibility, kind, text,"
        " content_hash, author_id, author_name",
    )
    _grant_insert("submission", "draft_id, revision, content_hash, review, actor_id, actor_name")
    _grant_insert("approval", "draft_id, revision, content_hash, actor_id, actor_name")
    _grant_insert("rejection", "draft_id, revision, reason, actor_id, actor_name")
    _grant_insert("withdrawal", "draft_id, revision, reason, actor_id, actor_name")


def downgrade() -> None:
    for table in (*reversed(_STEPS), "draft", "case_context"):
        op.execute(f"drop table {table} cascade")
    for function in _FUNCTIONS:
        op.execute(f"drop function if exists {function}")
    op.execute("drop function content_hash_of(text, text, text, text, text, text)")
    op.execute("drop function is_person(text)")
    idempotency_table.drop(op)
    inbox_table.drop(op)
    outbox_table.drop(op)


def _trigger(name: str, when: str, function: str) -> None:
    table = when.split(" on ")[1].split()[0]
    op.execute(f"create trigger {name} {when} execute function {function}")
    op.execute(f"alter table {table} enable always trigger {name}")


def _grant_insert(table: str, columns: str) -> None:
    # By column: times and states are the database's to set.
    op.execute(f"grant insert ({columns}) on {table} to {ROLE}")
