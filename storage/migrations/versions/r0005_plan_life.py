"""The life of plans: support, assessment, news of every step, the start."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TABLES = (
    "supports", "follows", "plan_reasons", "plan_translations", "adjustments", "assessments",
    "contacts", "start_checklist", "plan_outcomes", "plan_news", "news_told", "weekly_mails",
)  # fmt: skip


def upgrade() -> None:
    op.add_column("help_requests", sa.Column("plan_id", Id, nullable=True))
    _neighbours()
    _words()
    _assessments()
    _start()
    _news()
    _mails()


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name)
    op.drop_column("help_requests", "plan_id")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _times(*names: str, null: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=null) for name in names]


def _to(table: str, name: str, *, primary: bool = False, null: bool = False) -> sa.Column[int]:
    to = sa.ForeignKey(f"{table}.id")
    return sa.Column(name, Id, to, primary_key=primary, nullable=null, autoincrement=False)


def _neighbours() -> None:
    for name in ("supports", "follows"):
        op.create_table(
            name,
            _to("plans", "plan_id", primary=True),
            _to("people", "person_id", primary=True),
            *_times("at"),
            sqlite_with_rowid=False,
        )
        op.create_index(f"ix_{name}_person_id", name, ["person_id"])


def _words() -> None:
    op.create_table(
        "plan_reasons",
        _to("plan_history", "history_id", primary=True),
        sa.Column("language", sa.Text, primary_key=True),
        *_texts("text"),
        sa.Column("machine", sa.Boolean, nullable=False),
    )
    op.create_table(
        "plan_translations",
        _to("plans", "plan_id", primary=True),
        sa.Column("language", sa.Text, primary_key=True),
        *_texts("title", "text"),
        sa.Column("machine", sa.Boolean, nullable=False),
        *_times("at"),
    )


def _assessments() -> None:
    op.create_table(
        "adjustments",
        _to("plan_history", "history_id", primary=True),
        _to("plans", "plan_id"),
        *_times("deadline"),
        *_times("closed_at", null=True),
    )
    op.create_index("ix_adjustments_plan_id", "adjustments", ["plan_id"])
    op.create_table(
        "assessments",
        sa.Column("id", Id, primary_key=True),
        _to("plans", "plan_id"),
        *_texts("field", "assessor", "verdict", "reasons"),
        *_times("deadline"),
        *_texts("related", "permits"),
        *_times("cost", "upkeep", null=True),
        *_times("created_at"),
        *_times("judged_at", null=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_assessments_plan_id", "assessments", ["plan_id"])
    op.create_index("ix_assessments_verdict", "assessments", ["verdict", "deadline"])


def _start() -> None:
    op.create_table(
        "contacts",
        _to("plans", "plan_id", primary=True),
        *_texts("name", "phone", "email"),
        *_times("at"),
    )
    op.create_table(
        "start_checklist",
        sa.Column("id", Id, primary_key=True),
        _to("plans", "plan_id"),
        *_texts("who", "what"),
        *_times("done_at", null=True),
        *_times("created_at"),
    )
    op.create_index("ix_start_checklist_plan_id", "start_checklist", ["plan_id"])
    op.create_table(
        "plan_outcomes",
        _to("plans", "plan_id", primary=True),
        _to("rounds", "round_id"),
        *_texts("outcome", "actor", "role", "reasons"),
        *_times("publish_at"),
    )
    op.create_index("ix_plan_outcomes_round_id", "plan_outcomes", ["round_id"])


def _news() -> None:
    op.create_table(
        "plan_news",
        sa.Column("id", Id, primary_key=True),
        _to("plans", "plan_id"),
        _to("plan_history", "history_id", null=True),
        *_texts("kind", "words", "audience", "state"),
        *_times("cursor", "due_at", "touched_at", "created_at"),
        sa.UniqueConstraint("history_id", "kind"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_plan_news_plan_id", "plan_news", ["plan_id"])
    is_open = sa.text("state = 'open'")
    op.create_index(
        "ix_plan_news_open",
        "plan_news",
        ["due_at"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_table(
        "news_told",
        _to("plan_news", "news_id", primary=True),
        _to("people", "person_id", primary=True),
        *_texts("outcome"),
        sa.Column("outbox_id", Id, nullable=True),
        *_times("at"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_news_told_person_id", "news_told", ["person_id"])


def _mails() -> None:
    op.create_table(
        "weekly_mails",
        sa.Column("week", sa.Text, primary_key=True),
        *_times("claimed_at"),
        *_times("sent_at", null=True),
        sa.Column("attempts", sa.Integer, nullable=False),
    )
