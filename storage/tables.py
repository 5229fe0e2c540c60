"""All tables, for SQLite and PostgreSQL alike.

Times are UTC milliseconds since 1970 (`storage.times`), money is whole cents, JSON is text.
Ids that the outside may remember are never given out twice (`sqlite_autoincrement`).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from storage.conditions import is_done, is_open, is_queued, is_running, is_unknown, is_unsent

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only when the type is exactly INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")


def _index(
    name: str, *columns: Column[Any], where: ColumnElement[bool], unique: bool = False
) -> None:
    """A partial index."""
    Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True)


def _to(name: str, target: str, *, null: bool = True) -> Column[int]:
    return Column(name, Id, ForeignKey(target), nullable=null)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _int(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=null)


def _ms(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _bool(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _float(name: str) -> Column[float]:
    return Column(name, Float, nullable=True)


people = Table(
    "people",
    metadata,
    _id(),
    _text("language"),
    _bool("sound"),
    _bool("notify"),
    _ms("consent_at", null=True),
    _ms("created_at"),
    _text("state"),  # active | inactive | forgotten
    _text("sms_number", null=True),  # where they allow us to write when we cannot elsewhere
    sqlite_autoincrement=True,
)

addresses = Table(
    "addresses",
    metadata,
    _id(),
    _to("person_id", "people.id", null=False),
    _text("channel"),
    _text("address"),
    _text("hint"),  # the language that the channel told
    _ms("created_at"),
    _ms("last_in_at"),  # to the minute: see storage.hot
    UniqueConstraint("channel", "address"),
)
Index("ix_addresses_person_id", addresses.c.person_id)

sessions = Table(
    "sessions",
    metadata,
    Column("person_id", Id, ForeignKey("people.id"), primary_key=True, autoincrement=False),
    _to("address_id", "addresses.id"),  # where the last message came from
    _text("state"),
    _text("data"),
    _int("revision"),
    _text("timer", null=True),  # nudge | rest | draft
    _ms("timer_at", null=True),
    _ms("updated_at"),
)
Index("ix_sessions_address_id", sessions.c.address_id)
_index("ix_sessions_timer_at", sessions.c.timer_at, where=sessions.c.timer_at.is_not(None))

inbox = Table(
    "inbox",
    metadata,
    _id(),
    _text("channel"),
    _text("provider_id"),
    _to("person_id", "people.id"),
    _text("kind"),  # text | choice | voice | photo | location | unsupported
    _text("body"),
    _text("state"),  # done | waiting | taking
    _int("revision"),
    _int("attempts"),
    _ms("due_at"),
    _ms("received_at"),
    UniqueConstraint("channel", "provider_id"),
    sqlite_autoincrement=True,
)
# Two halves, so that SQLite, which has no statistics, cannot take the long one for the short one.
_index("ix_inbox_done", inbox.c.person_id, where=is_done(inbox))
_index("ix_inbox_open", inbox.c.person_id, inbox.c.state, inbox.c.id, where=is_open(inbox))

outbox = Table(
    "outbox",
    metadata,
    _id(),
    _to("person_id", "people.id"),
    _text("channel"),
    _text("address"),
    _text("body"),
    _text("kind"),  # reply | notice | campaign
    _bool("secret"),  # the body is blanked once it is sent or given up
    _text("state"),  # queued | sending | sent | unknown | failed | waiting
    _text("reason"),  # the provider's code
    _text("status"),  # the provider's word on delivery: sent | delivered | read | failed
    _int("attempts"),
    _ms("due_at"),
    _text("provider_id", null=True),
    _ms("created_at"),
    _ms("sent_at", null=True),
    Column("run_id", Id, nullable=True),  # of a campaign: see campaign_runs
    _int("part", null=True),  # of what a campaign says to one person, from 0
    sqlite_autoincrement=True,
)
Index("ix_outbox_address", outbox.c.channel, outbox.c.address, outbox.c.id)
Index("ix_outbox_provider_id", outbox.c.channel, outbox.c.provider_id)
_index("ix_outbox_unsent", outbox.c.person_id, outbox.c.id, where=is_unsent(outbox))
_index("ix_outbox_due", outbox.c.due_at, where=is_queued(outbox))
_index("ix_outbox_unknown", outbox.c.due_at, where=is_unknown(outbox))
# Nobody hears the same part of a campaign twice on one day, whatever the code does.
_index(
    "uq_outbox_run",
    outbox.c.run_id,
    outbox.c.person_id,
    outbox.c.part,
    where=outbox.c.run_id.is_not(None),
    unique=True,
)

campaigns = Table(
    "campaigns",
    metadata,
    _id(),
    _to("round_id", "rounds.id", null=False),
    _text("name"),
    _text("text"),  # the catalogue's key
    _text("words"),  # what fills {words} of that text, JSON by language
    _text("area", null=True),
    _text("language", null=True),
    _text("role"),  # everyone | initiator
    _text("begins"),  # local time in Amsterdam, as people write it: 2026-10-25T02:30
    _ms("expires_at"),  # what is not sent by then is not worth sending
    _text("state"),  # draft | scheduled | running | paused | done | cancelled | missed
    _ms("created_at"),
    UniqueConstraint("round_id", "name"),
    sqlite_autoincrement=True,
)

# One local day of a campaign: a night in which 02:30 comes twice is one day.
campaign_runs = Table(
    "campaign_runs",
    metadata,
    _id(),
    _to("campaign_id", "campaigns.id", null=False),
    _text("day"),
    _ms("cursor"),  # the last person whose rows were put
    _text("skipped"),  # how many were left out, JSON by reason
    _ms("touched_at"),
    UniqueConstraint("campaign_id", "day"),
    sqlite_autoincrement=True,
)

rounds = Table(
    "rounds",
    metadata,
    _id(),
    _text("slug"),
    _text("data"),
    _bool("active"),
    _text("phase_override", null=True),
    _ms("loaded_at"),
    _int("next_number"),
    UniqueConstraint("slug"),
)

areas = Table(
    "areas",
    metadata,
    Column("round_id", Id, ForeignKey("rounds.id"), primary_key=True),
    Column("slug", Text, primary_key=True),
    _int("position"),
    _text("name"),  # in the round's first language
    _ms("budget"),  # cents
)

themes = Table(
    "themes",
    metadata,
    Column("round_id", Id, ForeignKey("rounds.id"), primary_key=True),
    Column("slug", Text, primary_key=True),
    _int("position"),
    _text("name"),
    _ms("cap", null=True),  # cents
)

plans = Table(
    "plans",
    metadata,
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
    _ms("cost", null=True),  # cents
    _text("who"),
    _bool("may_call"),
    _text("phone"),
    _text("channel"),
    _bool("by_voice"),
    _text("status"),
    _ms("created_at"),
    _ms("updated_at"),
    UniqueConstraint("round_id", "number"),
    sqlite_autoincrement=True,
)
Index("ix_plans_initiator", plans.c.initiator)

plan_history = Table(
    "plan_history",
    metadata,
    _id(),
    _to("plan_id", "plans.id", null=False),
    _ms("at"),
    _text("actor"),
    _text("before"),
    _text("after"),
    _text("reason"),
)
Index("ix_plan_history_plan_id", plan_history.c.plan_id)

recordings = Table(
    "recordings",
    metadata,
    _id(),
    _to("person_id", "people.id"),
    _to("plan_id", "plans.id"),
    _to("inbox_id", "inbox.id"),
    _text("name"),  # in the media store
    _text("mime"),
    _int("bytes"),
    _float("seconds"),
    _float("speech_seconds"),
    _text("transcript", null=True),  # null until transcribed
    _text("language"),
    _text("verdict"),
    _float("avg_logprob"),
    _float("no_speech_prob"),
    _text("model"),
    _ms("created_at"),
    UniqueConstraint("inbox_id"),
    sqlite_autoincrement=True,
)
Index("ix_recordings_person_id", recordings.c.person_id)
Index("ix_recordings_plan_id", recordings.c.plan_id)
Index("ix_recordings_name", recordings.c.name)

photos = Table(
    "photos",
    metadata,
    _id(),
    _to("person_id", "people.id"),
    _to("plan_id", "plans.id"),
    _to("inbox_id", "inbox.id"),
    _text("name"),
    _text("mime"),
    _int("bytes"),
    _int("width"),
    _int("height"),
    _ms("created_at"),
    UniqueConstraint("inbox_id"),
    sqlite_autoincrement=True,
)
Index("ix_photos_person_id", photos.c.person_id)
Index("ix_photos_plan_id", photos.c.plan_id)
Index("ix_photos_name", photos.c.name)

plan_texts = Table(
    "plan_texts",
    metadata,
    _id(),
    _to("plan_id", "plans.id", null=False),
    _ms("at"),
    _text("text"),
    _text("language"),
    _to("recording_id", "recordings.id"),
)
Index("ix_plan_texts_plan_id", plan_texts.c.plan_id)

help_requests = Table(
    "help_requests",
    metadata,
    _id(),
    _to("person_id", "people.id", null=False),
    _text("kind"),  # call | message | listen
    _text("phone"),
    _text("text"),
    _to("recording_id", "recordings.id"),
    _ms("created_at"),
    _ms("answer_by"),
    _text("state"),  # open | done
    Column("plan_id", Id, nullable=True),  # the plan that it is about
)
Index("ix_help_requests_person_id", help_requests.c.person_id)
Index("ix_help_requests_state", help_requests.c.state, help_requests.c.answer_by)

jobs = Table(
    "jobs",
    metadata,
    _id(),
    _text("task"),
    _ms("ref"),  # the id of the row that the job is about
    _text("key"),
    _ms("due_at"),
    _text("state"),  # queued | running | dead
    _int("attempts"),
    _text("worker"),
    _ms("lease_until", null=True),
    _text("reason"),
    _ms("created_at"),
    sqlite_autoincrement=True,
)
_index("ix_jobs_due", jobs.c.due_at, where=is_queued(jobs))
Index("ix_jobs_key", jobs.c.key, jobs.c.id)
# At most one job of a key runs, whatever the code does.
_index("uq_jobs_running", jobs.c.key, where=is_running(jobs), unique=True)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    _text("holder"),
    _ms("until"),
)

content_templates = Table(
    "content_templates",
    metadata,
    Column("hash", Text, primary_key=True),
    _text("sid"),
    _text("name"),
    _text("language"),
    _text("kind"),
    _text("approval"),  # the provider's word; "" needs none
    _ms("created_at"),
)
