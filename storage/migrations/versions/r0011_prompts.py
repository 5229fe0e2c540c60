"""Recordings of the bot's texts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "recorded_prompts",
        sa.Column("id", Id, primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("loudness", sa.Float, nullable=False),
        sa.Column("text_hash", sa.Text, nullable=False),
        sa.Column("user_id", Id, sa.ForeignKey("console_users.id"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("key", "language"),
    )
    op.create_index("ix_recorded_prompts_language", "recorded_prompts", ["language"])
    op.create_index("ix_recorded_prompts_name", "recorded_prompts", ["name"])


def downgrade() -> None:
    op.drop_table("recorded_prompts")
