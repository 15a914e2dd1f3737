"""The classifier keeps nothing of its own: what it has handled and what it has to publish.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

from alembic import op

from common.inbox import table as inbox
from common.outbox import table as outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    inbox.create(op)
    outbox.create(op)


def downgrade() -> None:
    """Drop them."""
    outbox.drop(op)
    inbox.drop(op)
