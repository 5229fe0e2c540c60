"""Who may sign in to the console, who did, and what they looked at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TABLES = (
    "console_users", "console_recovery", "console_sessions", "console_attempts", "console_audit",
)  # fmt: skip
FAILED = sa.text("state = 'failed'")


def upgrade() -> None:
    _users()
    _signing_in()
    _audit()
    op.create_index(
        "ix_outbox_failed", "outbox", ["id"], sqlite_where=FAILED, postgresql_where=FAILED
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_failed", "outbox")
    for name in reversed(TABLES):
        op.drop_table(name)


def _id() -> sa.Column[int]:
    return sa.Column("id", Id, primary_key=True)


def _texts(*names: str, null: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=null) for name in names]


def _bools(*names: str) -> list[sa.Column[bool]]:
    return [sa.Column(name, sa.Boolean, nullable=False) for name in names]


def _times(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _user() -> sa.Column[int]:
    return sa.Column("user_id", Id, sa.ForeignKey("console_users.id"), nullable=False)


def _users() -> None:
    op.create_table(
        "console_users",
        _id(),
        *_texts("name", "role"),
        *_texts("password", null=True),
        *_bools("must_change"),
        *_texts("totp_salt", null=True),
        sa.Column("totp_step", sa.BigInteger, nullable=True),
        *_texts("subject", null=True),
        *_texts("language"),
        *_bools("demo", "active"),
        *_times("created_at"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("subject"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "console_recovery",
        _id(),
        _user(),
        *_texts("hash"),
        sa.UniqueConstraint("user_id", "hash"),
    )


def _signing_in() -> None:
    op.create_table(
        "console_sessions",
        _id(),
        *_texts("hash"),
        _user(),
        *_bools("complete"),
        *_texts("browser"),
        *_times("created_at", "seen_at"),
        sa.UniqueConstraint("hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_console_sessions_user_id", "console_sessions", ["user_id"])
    op.create_table("console_attempts", _id(), *_texts("key"), *_times("at"))
    op.create_index("ix_console_attempts_key", "console_attempts", ["key", "at"])
    op.create_index("ix_console_attempts_at", "console_attempts", ["at"])


def _audit() -> None:
    op.create_table(
        "console_audit",
        _id(),
        *_times("at"),
        sa.Column("user_id", Id, nullable=True),
        *_texts("kind"),
        sa.Column("ref", sa.BigInteger, nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_console_audit_user_id", "console_audit", ["user_id", "id"])
    op.create_index("ix_console_audit_kind", "console_audit", ["kind", "id"])
