"""Which case goes on with the matter of one that was merged."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table case_context add column merged_into uuid")
    op.execute(
        "create index case_context_merged on case_context(merged_into)"
        " where merged_into is not null"
    )


def downgrade() -> None:
    op.execute("alter table case_context drop column merged_into")
