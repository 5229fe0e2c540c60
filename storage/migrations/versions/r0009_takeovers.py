"""People who answer in the bot's place, and calls to who asked for one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "takeovers",
        sa.Column(
            "person_id", Id, sa.ForeignKey("people.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("user_id", Id, sa.ForeignKey("console_users.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("touched_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_takeovers_touched_at", "takeovers", ["touched_at"])
    op.create_table(
        "help_calls",
        sa.Column("id", Id, primary_key=True),
        sa.Column("request_id", Id, sa.ForeignKey("help_requests.id"), nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_help_calls_request_id", "help_calls", ["request_id"])


def downgrade() -> None:
    op.drop_table("help_calls")
    op.drop_table("takeovers")
