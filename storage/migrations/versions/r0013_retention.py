"""How far retention went; wrong codes of people who were forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "retention_marks",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("upto", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "forgotten_checks",
        sa.Column("id", Id, primary_key=True),
        sa.Column("round_id", Id, sa.ForeignKey("rounds.id"), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_forgotten_checks_who", "forgotten_checks", ["who", "at"])
    op.create_index("ix_forgotten_checks_at", "forgotten_checks", ["at"])


def downgrade() -> None:
    op.drop_table("forgotten_checks")
    op.drop_table("retention_marks")
