"""What coordinators enter for somebody, and translations to be made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
PAPER = sa.text("kind = 'support' AND linked_at IS NULL")
OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    _entered()
    _translation_wants()


def downgrade() -> None:
    op.drop_table("translation_wants")
    op.drop_table("entered")


def _texts(*names: str, null: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=null) for name in names]


def _ints(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer, nullable=False) for name in names]


def _times(*names: str, null: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=null) for name in names]


def _to(name: str, target: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, Id, sa.ForeignKey(target), nullable=null)


def _entered() -> None:
    op.create_table(
        "entered",
        sa.Column("id", Id, primary_key=True),
        _to("round_id", "rounds.id"),
        _to("plan_id", "plans.id"),
        *_texts("kind", "sheet"),
        *_ints("line", "turn"),
        *_texts("credential", null=True),
        _to("person_id", "people.id", null=True),
        *_times("expires_at"),
        *_times("linked_at", null=True),
        *_times("created_at"),
        sa.UniqueConstraint("round_id", "sheet", "line"),
        sa.UniqueConstraint("round_id", "credential"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_entered_person_id", "entered", ["person_id"])
    op.create_index(
        "ix_entered_paper", "entered", ["plan_id"], sqlite_where=PAPER, postgresql_where=PAPER
    )


def _translation_wants() -> None:
    op.create_table(
        "translation_wants",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("ref", Id, primary_key=True, autoincrement=False),
        *_texts("covers", "made_of", "state", "why"),
        *_ints("attempts"),
        *_times("due_at"),
    )
    op.create_index(
        "ix_translation_wants_open",
        "translation_wants",
        ["due_at"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
