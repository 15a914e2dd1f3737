"""What was solved before, references that drafts may name, and words that a model suggested (S113).

Found by full text in German and English and by trigrams. pg_trgm is a trusted extension: whoever
owns the database may create it; it lies in `public`, because services share it.
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ROLE = "ombud_responder"

_SEARCH = "to_tsvector('german', {0}) || to_tsvector('english', {0}) || to_tsvector('simple', {0})"
_SOLVED = _SEARCH.format("coalesce(question, '') || ' ' || coalesce(answer, '')")
_REFERENCE = _SEARCH.format("title || ' ' || body")
_TABLES = (
    # Two services may migrate at once, and `if not exists` alone loses that race.
    "select pg_advisory_xact_lock(hashtext('ombud.extension.pg_trgm'))",
    "create extension if not exists pg_trgm with schema public",
    f"""
    create table solved_case(
        case_id uuid primary key references case_context,
        network text not null,
        language text not null,
        question text not null,
        answer text not null,
        outcome text not null,
        cause text not null,
        closed_at timestamptz not null,
        words tsvector not null generated always as ({_SOLVED}) stored)
    """,
    "create index solved_case_words on solved_case using gin (words)",
    "create index solved_case_like on solved_case using gin (question public.gin_trgm_ops)",
    f"""
    create table knowledge_reference(
        reference_id uuid primary key,
        title text not null check (title <> ''),
        url text,
        body text not null,
        language text not null check (language in ('de', 'en')),
        is_retired boolean not null default false,
        actor_id text not null check (is_person(actor_id)),
        actor_name text not null,
        created_at timestamptz not null default now(),
        words tsvector not null generated always as ({_REFERENCE}) stored)
    """,
    "create index knowledge_reference_words on knowledge_reference using gin (words)",
    (
        "create index knowledge_reference_like on knowledge_reference"
        " using gin (title public.gin_trgm_ops)"
    ),
    """
    create table draft_reference(
        draft_id uuid not null references draft,
        reference_id uuid not null references knowledge_reference,
        actor_id text not null check (is_person(actor_id)),
        actor_name text not null,
        attached_at timestamptz not null default now(),
        primary key (draft_id, reference_id))
    """,
    """
    create table suggestion(
        suggestion_id uuid primary key,
        case_id uuid not null references case_context,
        model text not null,
        text text not null check (text <> ''),
        actor_id text not null check (is_person(actor_id)),
        actor_name text not null,
        made_at timestamptz not null default now())
    """,
    "create index suggestion_of_case on suggestion(case_id)",
)


def upgrade() -> None:
    for statement in _TABLES:
        op.execute(statement)
    for table in ("draft_reference", "suggestion"):
        op.execute(f"revoke update, delete on {table} from {ROLE}")


def downgrade() -> None:
    # The extension stays: another service may use it.
    for table in ("suggestion", "draft_reference", "knowledge_reference", "solved_case"):
        op.execute(f"drop table {table}")
