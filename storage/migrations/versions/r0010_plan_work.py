"""Corrections of plans and transcripts with their history, and the count that was uploaded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "transcript_versions",
        sa.Column("id", Id, primary_key=True),
        _to("recording_id", "recordings.id", ondelete="CASCADE"),
        _time("at"),
        *_texts("actor", "text"),
    )
    op.create_table(
        "plan_edits",
        sa.Column("id", Id, primary_key=True),
        _to("plan_id", "plans.id"),
        _time("at"),
        *_texts("actor", "field", "before", "after", "reason"),
    )
    for table, column in (("transcript_versions", "recording_id"), ("plan_edits", "plan_id")):
        op.create_index(f"ix_{table}_{column}", table, [column])
    round_id = sa.Column(
        "round_id", Id, sa.ForeignKey("rounds.id"), primary_key=True, autoincrement=False
    )
    op.create_table("count_files", round_id, *_texts("content", "actor"), _time("at"))


def downgrade() -> None:
    for name in ("count_files", "plan_edits", "transcript_versions"):
        op.drop_table(name)


def _to(name: str, target: str, ondelete: str | None = None) -> sa.Column[int]:
    return sa.Column(name, Id, sa.ForeignKey(target, ondelete=ondelete), nullable=False)


def _time(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]
