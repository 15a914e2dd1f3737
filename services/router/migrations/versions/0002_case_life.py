"""The whole life of a case: ten states, an owner, waits that end, issues, merging, presence.

The table of allowed moves (domain/states.py) stands here as a trigger, so that no path around the
code can take a step that the table does not know.

Revision ID: 0002
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATES = (
    "open",
    "claimed",
    "waiting_customer",
    "waiting_department",
    "transferred",
    "follow_up",
    "observing",
    "resolved",
    "unsolvable",
    "closed",
)
MOVES = (
    (
        "open",
        (
            "claimed waiting_customer waiting_department transferred follow_up"
            " observing resolved unsolvable closed"
        ),
    ),
    (
        "claimed",
        (
            "open waiting_customer waiting_department transferred follow_up"
            " observing resolved unsolvable closed"
        ),
    ),
    (
        "waiting_customer",
        "open claimed waiting_department transferred observing resolved unsolvable closed",
    ),
    ("waiting_department", "open claimed transferred resolved unsolvable closed"),
    ("transferred", "open claimed waiting_department resolved unsolvable closed"),
    (
        "follow_up",
        (
            "open claimed waiting_customer waiting_department transferred observing"
            " resolved unsolvable closed"
        ),
    ),
    (
        "observing",
        (
            "open claimed waiting_customer waiting_department transferred follow_up"
            " resolved unsolvable closed"
        ),
    ),
    ("resolved", "open closed"),
    ("unsolvable", "open closed"),
    ("closed", "open"),
)

_WORDS = ", ".join(f"'{state}'" for state in STATES)
_PAIRS = ",\n            ".join(
    ", ".join(f"('{before}', '{to}')" for to in following.split()) for before, following in MOVES
)

_STATES = (
    "alter table cases drop constraint cases_state_check",
    f"alter table cases add constraint cases_state_check check (state in ({_WORDS}))",
    f"""
    create function case_moves() returns trigger language plpgsql as $$
    begin
        if (old.state, new.state) not in (
            {_PAIRS}
        ) then
            raise exception 'a case does not go from % to %', old.state, new.state
                using errcode = 'check_violation', constraint = 'cases_allowed_moves',
                    table = 'cases';
        end if;
        return new;
    end
    $$
    """,
    """
    create trigger cases_allowed_moves before update of state on cases
        for each row when (old.state is distinct from new.state) execute function case_moves()
    """,
)

_COLUMNS = (
    """
    alter table cases
        add column owner_id text,
        add column owner_name text,
        add column rests_as text,
        add column returns_at timestamptz,
        add column offers_unanswered integer not null default 0,
        add column outcome_sent_at timestamptz,
        add column fault text not null default 'unknown',
        add column triage_outcome text,
        add column triaged_at timestamptz,
        add column triaged_by_id text,
        add column triaged_by_name text,
        add column skills text[] not null default '{}',
        add column linked_case_id uuid,
        add column merged_into uuid references cases (case_id),
        add column times_reopened integer not null default 0
    """,
    "comment on column cases.owner_id is 'the responsible person; null: the queue of the team'",
    "comment on column cases.rests_as is 'what a claimed case waits for once it is given back'",
    "comment on column cases.returns_at is 'when the case moves on by itself (timer case_return)'",
    "comment on column cases.skills is 'what a person must be able to do to take it'",
    "alter table cases drop constraint cases_mentions_check",
    """
    alter table cases
        add constraint cases_mentions_check
            check (mentions >= 0 and (mentions > 0 or state = 'closed')),
        add constraint cases_owner_is_named check (num_nulls(owner_id, owner_name) in (0, 2)),
        add constraint cases_owned_by_holder check (state <> 'claimed' or owner_id = holder_id),
        add constraint cases_rests_while_claimed check (
            rests_as is null or (state = 'claimed' and rests_as in (
                'waiting_customer', 'waiting_department', 'transferred', 'follow_up', 'observing'
            ))
        ),
        add constraint cases_fault_words check (fault in (
            'company', 'product', 'partner', 'customer', 'third_party', 'nobody', 'unknown'
        )),
        add constraint cases_triage_words check (
            num_nulls(triage_outcome, triaged_at, triaged_by_id, triaged_by_name) in (0, 4)
            and (
                triage_outcome is null
                or triage_outcome in ('direct_answer', 'needs_info', 'needs_department')
            )
        ),
        add constraint cases_merged_are_closed check (
            merged_into is null
            or (state = 'closed' and outcome = 'merged' and merged_into <> case_id)
        )
    """,
    "alter table cases drop constraint cases_closed_with_account",
    """
    alter table cases add constraint cases_closed_with_account check (
        (state in ('resolved', 'unsolvable', 'closed')) = (outcome is not null)
        and num_nulls(outcome, cause, summary, closed_by_id, closed_by_name) in (0, 5)
        and (state = 'closed') = (closed_at is not null)
        and (outcome is null or (btrim(cause) <> '' and btrim(summary) <> ''))
    )
    """,
    "create index cases_of_conversation on cases (conversation_id)",
    "create index cases_of_owner on cases (owner_id, next_due_at) where state <> 'closed'",
    "create index cases_merged on cases (merged_into) where merged_into is not null",
)

_ISSUE = (
    """
    create table issue (
        issue_id uuid primary key,
        case_id uuid not null references cases (case_id),
        mention_id uuid,
        topic text not null,
        text text not null,
        department text,
        added_at timestamptz not null,
        added_by_id text,
        added_by_name text,
        result text check (result in ('solved', 'answered', 'unsolvable', 'dropped')),
        note text,
        settled_at timestamptz,
        settled_by_id text,
        settled_by_name text,
        check (num_nulls(added_by_id, added_by_name) in (0, 2)),
        constraint issue_settled_with_account check (
            num_nulls(result, note, settled_at, settled_by_id, settled_by_name) in (0, 5)
        )
    )
    """,
    "create index issue_of_case on issue (case_id, added_at)",
)

_PRESENCE = (
    """
    create table presence (
        case_id uuid not null references cases (case_id),
        person_id text not null,
        name text not null,
        activity text not null check (activity in ('looking', 'typing')),
        until timestamptz not null,
        primary key (case_id, person_id)
    ) with (fillfactor = 70)
    """,
    "create index presence_until on presence (until)",
)

_DISPOSITION = (
    """
    alter table disposition
        add column moved_at timestamptz,
        add column moved_by_id text,
        add column moved_by_name text,
        add constraint disposition_moved_by_somebody check (
            num_nulls(moved_at, moved_by_id, moved_by_name) in (0, 3)
        )
    """,
)


def upgrade() -> None:
    for statement in (*_STATES, *_COLUMNS, *_ISSUE, *_PRESENCE, *_DISPOSITION):
        op.execute(statement)


def downgrade() -> None:
    """Only for a database without cases in the new states: PostgreSQL refuses otherwise."""
    op.execute(
        "alter table disposition drop constraint disposition_moved_by_somebody,"
        " drop column moved_at, drop column moved_by_id, drop column moved_by_name"
    )
    op.execute("drop table presence")
    op.execute("drop table issue")
    op.execute("drop trigger cases_allowed_moves on cases")
    op.execute("drop function case_moves()")
    for name in (
        "cases_state_check",
        "cases_closed_with_account",
        "cases_mentions_check",
        "cases_owned_by_holder",
        "cases_owner_is_named",
    ):
        op.execute(f"alter table cases drop constraint {name}")
    for index in ("cases_of_conversation", "cases_of_owner", "cases_merged"):
        op.execute(f"drop index {index}")
    op.execute(
        "alter table cases drop column owner_id, drop column owner_name, drop column rests_as,"
        " drop column returns_at, drop column offers_unanswered, drop column outcome_sent_at,"
        " drop column fault, drop column triage_outcome, drop column triaged_at,"
        " drop column triaged_by_id, drop column triaged_by_name, drop column skills,"
        " drop column linked_case_id, drop column merged_into, drop column times_reopened"
    )
    op.execute(
        "alter table cases add constraint cases_mentions_check check (mentions > 0),"
        " add constraint cases_state_check check (state in ('open', 'claimed', 'closed')),"
        " add constraint cases_closed_with_account check ("
        " (state = 'closed') = (outcome is not null)"
        " and num_nulls(outcome, cause, summary, closed_at, closed_by_id, closed_by_name)"
        " in (0, 6)"
        " and (state <> 'closed' or (btrim(cause) <> '' and btrim(summary) <> '')))"
    )
