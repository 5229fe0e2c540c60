"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    for table in TABLES:
        table()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table.__name__.removeprefix("_"))


def _id() -> sa.Column[int]:
    return sa.Column("id", Id, primary_key=True)


def _to(name: str, target: str, *, null: bool = True) -> sa.Column[int]:
    return sa.Column(name, Id, sa.ForeignKey(target), nullable=null, autoincrement=False)


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null)


def _int(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=null)


def _big(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=null)


def _bool(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _float(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Float, nullable=True)


def _index(name: str, table: str, columns: list[str], where: str, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(
        name,
        table,
        columns,
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        _id(),
        _text("task"),
        _big("ref"),
        _text("key"),
        _big("due_at"),
        _text("state"),
        _int("attempts"),
        _text("worker"),
        _big("lease_until", null=True),
        _text("reason"),
        _big("created_at"),
        sqlite_autoincrement=True,
    )
    _index("ix_jobs_due", "jobs", ["due_at"], "state = 'queued'")
    op.create_index("ix_jobs_key", "jobs", ["key", "id"])
    _index("uq_jobs_running", "jobs", ["key"], "state = 'running'", unique=True)


def _leases() -> None:
    op.create_table(
        "leases",
        _text("name"),
        _text("holder"),
        _big("until"),
        sa.PrimaryKeyConstraint("name"),
    )


def _people() -> None:
    op.create_table(
        "people",
        _id(),
        _text("language"),
        _bool("sound"),
        _bool("notify"),
        _big("consent_at", null=True),
        _big("created_at"),
        _text("state"),
        sqlite_autoincrement=True,
    )


def _rounds() -> None:
    op.create_table(
        "rounds",
        _id(),
        _text("slug"),
        _text("data"),
        _bool("active"),
        _text("phase_override", null=True),
        _big("loaded_at"),
        _int("next_number"),
        sa.UniqueConstraint("slug"),
    )


def _addresses() -> None:
    op.create_table(
        "addresses",
        _id(),
        _to("person_id", "people.id", null=False),
        _text("channel"),
        _text("address"),
        _text("hint"),
        _big("created_at"),
        _big("last_in_at"),
        sa.UniqueConstraint("channel", "address"),
    )
    op.create_index("ix_addresses_person_id", "addresses", ["person_id"])


def _areas() -> None:
    op.create_table(
        "areas",
        _to("round_id", "rounds.id", null=False),
        _text("slug"),
        _int("position"),
        _text("name"),
        _big("budget"),
        sa.PrimaryKeyConstraint("round_id", "slug"),
    )


def _inbox() -> None:
    op.create_table(
        "inbox",
        _id(),
        _text("channel"),
        _text("provider_id"),
        _to("person_id", "people.id"),
        _text("kind"),
        _text("body"),
        _text("state"),
        _int("revision"),
        _int("attempts"),
        _big("due_at"),
        _big("received_at"),
        sa.UniqueConstraint("channel", "provider_id"),
        sqlite_autoincrement=True,
    )
    _index("ix_inbox_done", "inbox", ["person_id"], "state = 'done'")
    _index("ix_inbox_open", "inbox", ["person_id", "state", "id"], "state != 'done'")


def _outbox() -> None:
    op.create_table(
        "outbox",
        _id(),
        _to("person_id", "people.id"),
        _text("channel"),
        _text("address"),
        _text("body"),
        _text("kind"),
        _bool("secret"),
        _text("state"),
        _text("reason"),
        _text("status"),
        _int("attempts"),
        _big("due_at"),
        _text("provider_id", null=True),
        _big("created_at"),
        _big("sent_at", null=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_address", "outbox", ["channel", "address", "id"])
    _index("ix_outbox_due", "outbox", ["due_at"], "state = 'queued'")
    op.create_index("ix_outbox_provider_id", "outbox", ["channel", "provider_id"])
    _index(
        "ix_outbox_unsent",
        "outbox",
        ["person_id", "id"],
        "state IN ('queued', 'sending', 'waiting')",
    )


def _plans() -> None:
    op.create_table(
        "plans",
        _id(),
        _to("round_id", "rounds.id", null=False),
        _int("number"),
        _to("initiator", "people.id"),
        _text("area", null=True),
        _text("theme", null=True),
        _text("title"),
        _text("text"),
        _text("language"),
        _text("address"),
        _float("lat"),
        _float("lng"),
        _big("cost", null=True),
        _text("who"),
        _bool("may_call"),
        _text("phone"),
        _text("channel"),
        _bool("by_voice"),
        _text("status"),
        _big("created_at"),
        _big("updated_at"),
        sa.UniqueConstraint("round_id", "number"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_plans_initiator", "plans", ["initiator"])


def _themes() -> None:
    op.create_table(
        "themes",
        _to("round_id", "rounds.id", null=False),
        _text("slug"),
        _int("position"),
        _text("name"),
        _big("cap", null=True),
        sa.PrimaryKeyConstraint("round_id", "slug"),
    )


def _photos() -> None:
    op.create_table(
        "photos",
        _id(),
        _to("person_id", "people.id"),
        _to("plan_id", "plans.id"),
        _to("inbox_id", "inbox.id"),
        _text("name"),
        _text("mime"),
        _int("bytes"),
        _int("width"),
        _int("height"),
        _big("created_at"),
        sa.UniqueConstraint("inbox_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_photos_name", "photos", ["name"])
    op.create_index("ix_photos_person_id", "photos", ["person_id"])
    op.create_index("ix_photos_plan_id", "photos", ["plan_id"])


def _plan_history() -> None:
    op.create_table(
        "plan_history",
        _id(),
        _to("plan_id", "plans.id", null=False),
        _big("at"),
        _text("actor"),
        _text("before"),
        _text("after"),
        _text("reason"),
    )
    op.create_index("ix_plan_history_plan_id", "plan_history", ["plan_id"])


def _recordings() -> None:
    op.create_table(
        "recordings",
        _id(),
        _to("person_id", "people.id"),
        _to("plan_id", "plans.id"),
        _to("inbox_id", "inbox.id"),
        _text("name"),
        _text("mime"),
        _int("bytes"),
        _float("seconds"),
        _float("speech_seconds"),
        _text("transcript", null=True),
        _text("language"),
        _text("verdict"),
        _float("avg_logprob"),
        _float("no_speech_prob"),
        _text("model"),
        _big("created_at"),
        sa.UniqueConstraint("inbox_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_recordings_name", "recordings", ["name"])
    op.create_index("ix_recordings_person_id", "recordings", ["person_id"])
    op.create_index("ix_recordings_plan_id", "recordings", ["plan_id"])


def _sessions() -> None:
    op.create_table(
        "sessions",
        _to("person_id", "people.id", null=False),
        _to("address_id", "addresses.id"),
        _text("state"),
        _text("data"),
        _int("revision"),
        _text("timer", null=True),
        _big("timer_at", null=True),
        _big("updated_at"),
        sa.PrimaryKeyConstraint("person_id"),
    )
    op.create_index("ix_sessions_address_id", "sessions", ["address_id"])
    _index("ix_sessions_timer_at", "sessions", ["timer_at"], "timer_at IS NOT NULL")


def _help_requests() -> None:
    op.create_table(
        "help_requests",
        _id(),
        _to("person_id", "people.id", null=False),
        _text("kind"),
        _text("phone"),
        _text("text"),
        _to("recording_id", "recordings.id"),
        _big("created_at"),
        _big("answer_by"),
        _text("state"),
    )
    op.create_index("ix_help_requests_person_id", "help_requests", ["person_id"])
    op.create_index("ix_help_requests_state", "help_requests", ["state", "answer_by"])


def _plan_texts() -> None:
    op.create_table(
        "plan_texts",
        _id(),
        _to("plan_id", "plans.id", null=False),
        _big("at"),
        _text("text"),
        _text("language"),
        _to("recording_id", "recordings.id"),
    )
    op.create_index("ix_plan_texts_plan_id", "plan_texts", ["plan_id"])


TABLES = (
    _jobs,
    _leases,
    _people,
    _rounds,
    _addresses,
    _areas,
    _inbox,
    _outbox,
    _plans,
    _themes,
    _photos,
    _plan_history,
    _recordings,
    _sessions,
    _help_requests,
    _plan_texts,
)
