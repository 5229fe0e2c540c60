"""Indexes for what the sweep asks every few seconds, and the console of plans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_SHOWN = "channel = 'simulator' AND body != ''"
_INDEXES = (
    ("ix_people_forgotten", "people", "id", "state = 'forgotten'"),
    ("ix_outbox_sending", "outbox", "due_at", "state = 'sending'"),
    ("ix_outbox_shown", "outbox", "person_id", _SHOWN),
    ("ix_outbox_shown_secret", "outbox", "created_at", f"{_SHOWN} AND secret"),
)


def upgrade() -> None:
    for name, table, column, where in _INDEXES:
        if op.get_bind().dialect.name == "sqlite":
            where = where.replace("AND secret", "AND secret = 1")
        on = sa.text(where)
        op.create_index(name, table, [column], sqlite_where=on, postgresql_where=on)
    op.create_index("ix_plans_status", "plans", ["round_id", "status", "number"])


def downgrade() -> None:
    op.drop_index("ix_plans_status", "plans")
    for name, table, _, _ in reversed(_INDEXES):
        op.drop_index(name, table)
