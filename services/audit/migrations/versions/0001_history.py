"""The history: entries and heads of the chains, append-only for everybody, and what finds them.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

from alembic import op

from common.db.roles import role_name
from common.inbox import table as inbox
from common.outbox import table as outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    """
    create table entry (
        conversation_id uuid not null,
        seq bigint not null check (seq > 0),
        event_id uuid not null unique,
        topic text not null,
        type text not null,
        subject text not null,
        case_id uuid,
        mention_id uuid,
        actor text check (actor <> ''),
        at timestamptz not null,
        recorded_at timestamptz not null,
        body bytea not null,
        prev bytea not null check (octet_length(prev) = 32),
        hash bytea not null check (octet_length(hash) = 32),
        primary key (conversation_id, seq)
    )
    """,
    "create index entry_recorded on entry (recorded_at, conversation_id, seq)",
    # Heads change with every batch: room on the page keeps their updates inside it.
    """
    create table chain_head (
        conversation_id uuid primary key,
        seq bigint not null check (seq >= 0),
        hash bytea not null check (octet_length(hash) = 32)
    ) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02)
    """,
    "create table case_filing (case_id uuid primary key, conversation_id uuid not null)",
    "create table mention_filing (mention_id uuid primary key, conversation_id uuid not null)",
    """
    create table type_count (
        topic text not null,
        part integer not null,
        type text not null,
        entries bigint not null,
        primary key (topic, part, type)
    ) with (fillfactor = 50)
    """,
)

_FUNCTIONS = (
    """
    create function refuse_change() returns trigger language plpgsql as $$
    begin
        raise exception 'the history is append-only: % on % is refused', tg_op, tg_table_name
            using errcode = 'insufficient_privilege';
    end $$
    """,
    # The hash itself is verify's to recompute: here it would cost as much again as the insert.
    # Scans are off because the plan is made while the table is still small, and would be kept
    # while it grows: each new entry looks its predecessor up by key.
    """
    create function check_links() returns trigger language plpgsql
    set enable_seqscan = off as $$
    begin
        if exists (
            select from added a
            where a.prev is distinct from case when a.seq = 1 then decode(repeat('00', 32), 'hex')
                  else (select p.hash from audit.entry p
                        where p.conversation_id = a.conversation_id and p.seq = a.seq - 1) end
        ) then
            raise exception 'an entry does not continue its chain'
                using errcode = 'integrity_constraint_violation';
        end if;
        return null;
    end $$
    """,
    """
    create function check_new_heads() returns trigger language plpgsql as $$
    begin
        if exists (select from added a
                   where a.seq <> 0 or a.hash <> decode(repeat('00', 32), 'hex')) then
            raise exception 'a chain begins before its first entry'
                using errcode = 'integrity_constraint_violation';
        end if;
        return null;
    end $$
    """,
    """
    create function check_moved_heads() returns trigger language plpgsql
    set enable_seqscan = off as $$
    begin
        if exists (
            select from after_move n left join before_move o using (conversation_id)
            where o.seq is null or n.seq < o.seq
               or n.hash is distinct from case when n.seq = 0 then decode(repeat('00', 32), 'hex')
                  else (select e.hash from audit.entry e
                        where e.conversation_id = n.conversation_id and e.seq = n.seq) end
        ) then
            raise exception 'the head of a chain only moves forward, onto an entry'
                using errcode = 'integrity_constraint_violation';
        end if;
        return null;
    end $$
    """,
)

_NO_CHANGE = "before update or delete or truncate on {table}"
# Table, trigger, when, function; all of them look at whole statements.
_TRIGGERS = (
    ("entry", "entry_stays", _NO_CHANGE, "refuse_change"),
    ("case_filing", "case_filing_stays", _NO_CHANGE, "refuse_change"),
    ("mention_filing", "mention_filing_stays", _NO_CHANGE, "refuse_change"),
    ("chain_head", "chain_head_stays", "before delete or truncate on {table}", "refuse_change"),
    (
        "entry",
        "entry_continues_chain",
        "after insert on {table} referencing new table as added",
        "check_links",
    ),
    (
        "chain_head",
        "chain_head_begins",
        "after insert on {table} referencing new table as added",
        "check_new_heads",
    ),
    (
        "chain_head",
        "chain_head_moves_on",
        "after update on {table} referencing old table as before_move new table as after_move",
        "check_moved_heads",
    ),
)


def upgrade() -> None:
    """Make tables and triggers, and take from the service's role what it must not do."""
    for statement in (*_TABLES, *_FUNCTIONS):
        op.execute(statement)
    for table, name, when, function in _TRIGGERS:
        op.execute(
            f"create trigger {name} {when.format(table=table)} "
            f"for each statement execute function {function}()"
        )
        # ALWAYS: they fire under session_replication_role = replica too.
        op.execute(f"alter table {table} enable always trigger {name}")
    role = role_name("audit")
    op.execute(f"revoke update, delete, truncate on entry, case_filing, mention_filing from {role}")
    op.execute(f"revoke delete, truncate on chain_head, type_count from {role}")
    inbox.create(op)
    outbox.create(op)


def downgrade() -> None:
    """Drop everything."""
    outbox.drop(op)
    inbox.drop(op)
    op.execute("drop table entry, chain_head, case_filing, mention_filing, type_count")
    op.execute("drop function refuse_change, check_links, check_new_heads, check_moved_heads")
