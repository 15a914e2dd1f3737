"""The deep sweep walks by conversation: one index less for every new case.

A replica of the release before walks by case for a while, from whatever position it finds: the
primary key serves it, and every walk begins anew at its end.

Revision ID: 0009
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("drop index cases_sweep")


def downgrade() -> None:
    op.execute("create index cases_sweep on cases (case_id) where state <> 'closed'")
