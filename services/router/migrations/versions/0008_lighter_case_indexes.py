"""Indexes that a new case does not have to pay for: closed conversations, owned cases.

Revision ID: 0008
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create index cases_closed_talk on cases (conversation_id) where state = 'closed'")
    op.execute("drop index cases_of_conversation")
    op.execute("drop index cases_of_owner")
    op.execute(
        "create index cases_of_owner on cases (owner_id, next_due_at)"
        " where state <> 'closed' and owner_id is not null"
    )


def downgrade() -> None:
    op.execute("drop index cases_of_owner")
    op.execute(
        "create index cases_of_owner on cases (owner_id, next_due_at) where state <> 'closed'"
    )
    op.execute("create index cases_of_conversation on cases (conversation_id)")
    op.execute("drop index cases_closed_talk")
