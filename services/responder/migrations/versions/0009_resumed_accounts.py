"""Who let an account of ours go on that was held back, when and why."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "alter table channel_account add column resumed_at timestamptz,"
        " add column resumed_by text, add column resumed_reason text"
    )


def downgrade() -> None:
    op.execute(
        "alter table channel_account drop column resumed_reason, drop column resumed_by,"
        " drop column resumed_at"
    )
