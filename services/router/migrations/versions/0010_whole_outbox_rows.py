"""Events that wait to be published stay whole: a case.opened is larger than PostgreSQL's two
kilobytes, and to compress a row that is deleted in the next moment is work for nothing.

Revision ID: 0010
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table outbox set (toast_tuple_target = 8160)")


def downgrade() -> None:
    op.execute("alter table outbox reset (toast_tuple_target)")
