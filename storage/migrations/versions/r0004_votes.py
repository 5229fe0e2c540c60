"""Passes, sealed envelopes, elections, the chain of what was done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TABLES = (
    "stempas_batches", "stempassen", "envelopes", "turnout", "elections", "chain", "code_checks",
    "passes_used", "tie_decisions",
)  # fmt: skip
_FUNCTION = """
CREATE FUNCTION chain_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the chain is append-only'; END $$
"""
# Replacing a row is an insert to SQLite.
_NO_REPLACING = """
CREATE TRIGGER chain_replace BEFORE INSERT ON chain
WHEN EXISTS (SELECT 1 FROM chain WHERE round_id = NEW.round_id AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the chain is append-only'); END
"""
_TRIGGER = """
CREATE TRIGGER chain_{0} BEFORE {0} ON chain
BEGIN SELECT RAISE(ABORT, 'the chain is append-only'); END
"""


def upgrade() -> None:
    _passes()
    _box()
    _election()
    _people()
    _append_only()


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION chain_is_append_only")


def _round(*, primary: bool = False) -> sa.Column[int]:
    to = sa.ForeignKey("rounds.id")
    return sa.Column("round_id", Id, to, primary_key=primary, nullable=False, autoincrement=False)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _ints(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer, nullable=False) for name in names]


def _passes() -> None:
    op.create_table(
        "stempas_batches",
        sa.Column("id", Id, primary_key=True),
        _round(),
        *_texts("area", "kind", "channel"),
        *_ints("count", "digits"),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "stempassen",
        _round(primary=True),
        sa.Column("credential", sa.Text, primary_key=True),
        sa.Column("batch_id", Id, sa.ForeignKey("stempas_batches.id"), nullable=False),
        sa.Column("voided", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )


def _box() -> None:
    op.create_table(
        "envelopes",
        _round(primary=True),
        sa.Column("credential", sa.Text, primary_key=True),
        sa.Column("box", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "turnout",
        _round(primary=True),
        sa.Column("area", sa.Text, primary_key=True),
        sa.Column("day", sa.Text, primary_key=True),
        *_ints("count"),
        sqlite_with_rowid=False,
    )


def _election() -> None:
    op.create_table(
        "elections",
        _round(primary=True),
        *_texts("public_key"),
        *_ints("trustees", "threshold"),
        *_texts("state"),
    )
    op.create_table(
        "chain",
        _round(primary=True),
        sa.Column("seq", Id, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        *_texts("kind", "facts", "previous", "hash"),
    )
    op.create_table(
        "tie_decisions",
        sa.Column("id", Id, primary_key=True),
        _round(),
        *_texts("area", "numbers", "reason"),
        sa.UniqueConstraint("round_id", "area", "numbers"),
    )


def _people() -> None:
    op.create_table(
        "code_checks",
        sa.Column("id", Id, primary_key=True),
        _round(),
        sa.Column("person_id", Id, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("wrong", sa.Boolean, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_code_checks_person_id", "code_checks", ["person_id", "at"])
    op.create_index("ix_code_checks_round_id", "code_checks", ["round_id", "wrong", "at"])
    op.create_table(
        "passes_used",
        _round(primary=True),
        sa.Column("person_id", Id, sa.ForeignKey("people.id"), primary_key=True),
        *_ints("count"),
    )


def _append_only() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("update", "delete"):
            op.execute(_TRIGGER.format(act))
        op.execute(_NO_REPLACING)
        return
    op.execute(_FUNCTION)
    op.execute(
        "CREATE TRIGGER chain_kept BEFORE UPDATE OR DELETE ON chain"
        " FOR EACH ROW EXECUTE FUNCTION chain_is_append_only()"
    )
    op.execute(
        "CREATE TRIGGER chain_whole BEFORE TRUNCATE ON chain"
        " FOR EACH STATEMENT EXECUTE FUNCTION chain_is_append_only()"
    )
