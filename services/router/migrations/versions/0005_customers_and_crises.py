"""Who a case is about, when it was taken up again, and crises that a person has switched on.

Revision ID: 0005
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_UP = (
    """
    alter table cases
        add column customer_id text,
        add column bystander_mentions integer not null default 0,
        add column reopened_at timestamptz,
        add column crisis_id uuid
    """,
    "comment on column cases.customer_id is 'author of the first post; null: opened before 0005'",
    "comment on column cases.bystander_mentions is 'posts by others: the pressure on it (S11)'",
    "comment on column cases.reopened_at is 'when the post that reopened it was detected'",
    """
    create table crisis (
        crisis_id uuid primary key,
        topic text,
        is_on boolean not null,
        reason text not null,
        actor_id text not null,
        actor_name text not null,
        switched_at timestamptz not null
    )
    """,
    "comment on column crisis.topic is 'null: everything'",
)


def upgrade() -> None:
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop table crisis")
    op.execute(
        "alter table cases drop column customer_id, drop column bystander_mentions,"
        " drop column reopened_at, drop column crisis_id"
    )
