"""Exports that were made, the plans that OpenStad has, and what counts published."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _exports_made()
    _openstad_sent()
    _published_files()


def downgrade() -> None:
    op.drop_table("published_files")
    op.drop_table("openstad_sent")
    op.drop_table("exports_made")


def _texts(*names: str, null: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=null) for name in names]


def _times(*names: str, null: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=null) for name in names]


def _exports_made() -> None:
    op.create_table(
        "exports_made",
        sa.Column("id", Id, primary_key=True),
        sa.Column("round_id", Id, sa.ForeignKey("rounds.id"), nullable=False),
        *_texts("week", null=True),
        sa.Column("asked_by", Id, nullable=True),
        *_times("since", "until", null=True),
        *_texts("state", "reason"),
        sa.Column("attempts", sa.Integer, nullable=False),
        *_times("due_at"),
        *_texts("folder", "files", "counts"),
        *_times("created_at"),
        *_times("failed_at", "done_at", "told_at", null=True),
        sa.UniqueConstraint("round_id", "week"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_exports_made_state", "exports_made", ["state", "due_at"])


def _openstad_sent() -> None:
    op.create_table(
        "openstad_sent",
        sa.Column("plan_id", Id, sa.ForeignKey("plans.id"), nullable=False),
        *_texts("project"),
        sa.Column("remote_id", sa.BigInteger, nullable=False),
        *_texts("sent"),
        *_times("at"),
        sa.UniqueConstraint("plan_id", "project"),
    )


def _published_files() -> None:
    op.create_table(
        "published_files",
        sa.Column("round_id", Id, sa.ForeignKey("rounds.id"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
        *_times("at"),
    )
