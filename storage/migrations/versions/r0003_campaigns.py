"""Campaigns, a number for text messages, and what was sent without an answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("people", sa.Column("sms_number", sa.Text, nullable=True))
    op.add_column("outbox", sa.Column("run_id", Id, nullable=True))
    op.add_column("outbox", sa.Column("part", sa.Integer, nullable=True))
    _index("ix_outbox_unknown", ["due_at"], "state = 'unknown'")
    _index("uq_outbox_run", ["run_id", "person_id", "part"], "run_id IS NOT NULL", unique=True)
    _campaigns()
    _campaign_runs()


def downgrade() -> None:
    op.drop_table("campaign_runs")
    op.drop_table("campaigns")
    for name in ("uq_outbox_run", "ix_outbox_unknown"):
        op.drop_index(name, "outbox")
    for name in ("part", "run_id"):
        op.drop_column("outbox", name)
    op.drop_column("people", "sms_number")


def _index(name: str, columns: list[str], where: str, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(
        name,
        "outbox",
        columns,
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def _campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", Id, primary_key=True),
        sa.Column("round_id", Id, sa.ForeignKey("rounds.id"), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("name", "text", "words")),
        *(sa.Column(name, sa.Text, nullable=True) for name in ("area", "language")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("role", "begins")),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("round_id", "name"),
        sqlite_autoincrement=True,
    )


def _campaign_runs() -> None:
    op.create_table(
        "campaign_runs",
        sa.Column("id", Id, primary_key=True),
        sa.Column("campaign_id", Id, sa.ForeignKey("campaigns.id"), nullable=False),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("cursor", sa.BigInteger, nullable=False),
        sa.Column("skipped", sa.Text, nullable=False),
        sa.Column("touched_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("campaign_id", "day"),
        sqlite_autoincrement=True,
    )
