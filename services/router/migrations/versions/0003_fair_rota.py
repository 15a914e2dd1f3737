"""A rota stores how far each member was served, so that absences owe nobody anything (S31, S33).

`credit` is what the first version of the rota stored; nothing reads it any more. It goes with the
next contraction.

Revision ID: 0003
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "alter table rota add column position bigint not null default 0,"
        " add column served jsonb not null default '{}'"
    )
    op.execute("comment on column rota.position is 'where the last turn began, in units of a turn'")
    op.execute("comment on column rota.served is 'member -> where its last turn ended'")
    op.execute("comment on column rota.credit is 'read by nothing since 0003'")


def downgrade() -> None:
    op.execute("alter table rota drop column served, drop column position")
