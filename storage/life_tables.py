"""The tables of a plan's life: support, assessment, news of every step, the start.

What a step says to people is a row of `plan_news`, made with the step itself; `news_told` keeps
who was told, so that nobody hears it twice whatever the jobs do.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from storage.conditions import is_untold
from storage.tables import Id, _bool, _id, _index, _ms, _text, _to, metadata


def _of_plan() -> Column[int]:
    return Column("plan_id", Id, ForeignKey("plans.id"), primary_key=True, autoincrement=False)


def _of_person() -> Column[int]:
    return Column("person_id", Id, ForeignKey("people.id"), primary_key=True, autoincrement=False)


# One a person a plan, whatever the code does.
supports = Table("supports", metadata, _of_plan(), _of_person(), _ms("at"), sqlite_with_rowid=False)
Index("ix_supports_person_id", supports.c.person_id)

follows = Table("follows", metadata, _of_plan(), _of_person(), _ms("at"), sqlite_with_rowid=False)
Index("ix_follows_person_id", follows.c.person_id)

# Why a step was taken, in other languages than Dutch, which is in the history itself.
plan_reasons = Table(
    "plan_reasons",
    metadata,
    Column("history_id", Id, ForeignKey("plan_history.id"), primary_key=True, autoincrement=False),
    Column("language", Text, primary_key=True),
    _text("text"),
    _bool("machine"),  # nobody has looked at it
)

plan_translations = Table(
    "plan_translations",
    metadata,
    _of_plan(),
    Column("language", Text, primary_key=True),
    _text("title"),
    _text("text"),
    _bool("machine"),
    _ms("at"),
)

# What the initiator was asked to change; the question is the reason of the step.
adjustments = Table(
    "adjustments",
    metadata,
    Column("history_id", Id, ForeignKey("plan_history.id"), primary_key=True, autoincrement=False),
    _to("plan_id", "plans.id", null=False),
    _ms("deadline"),
    _ms("closed_at", null=True),
)
Index("ix_adjustments_plan_id", adjustments.c.plan_id)

assessments = Table(
    "assessments",
    metadata,
    _id(),
    _to("plan_id", "plans.id", null=False),
    _text("field"),  # what is looked at: green, traffic, permits, ...
    _text("assessor"),  # who in the console; "" for nobody yet
    _text("verdict"),  # open | feasible | adjust | not_feasible
    _text("reasons"),  # JSON by language; Dutch is always among them
    _ms("deadline"),
    _text("related"),  # projects of the city that it touches
    _text("permits"),
    _ms("cost", null=True),  # cents, once
    _ms("upkeep", null=True),  # cents, each year
    _ms("created_at"),
    _ms("judged_at", null=True),
    sqlite_autoincrement=True,
)
Index("ix_assessments_plan_id", assessments.c.plan_id)
Index("ix_assessments_verdict", assessments.c.verdict, assessments.c.deadline)

# The official that an initiator can turn to.
contacts = Table(
    "contacts", metadata, _of_plan(), _text("name"), _text("phone"), _text("email"), _ms("at")
)

start_checklist = Table(
    "start_checklist",
    metadata,
    _id(),
    _to("plan_id", "plans.id", null=False),
    _text("who"),  # resident | municipality | third_party
    _text("what"),
    _ms("done_at", null=True),
    _ms("created_at"),
)
Index("ix_start_checklist_plan_id", start_checklist.c.plan_id)

# What was decided and will be told to everybody at the same instant.
plan_outcomes = Table(
    "plan_outcomes",
    metadata,
    _of_plan(),
    _to("round_id", "rounds.id", null=False),
    _text("outcome"),  # chosen | not_chosen
    _text("actor"),
    _text("role"),
    _text("reasons"),  # JSON by language
    _ms("publish_at"),
)
Index("ix_plan_outcomes_round_id", plan_outcomes.c.round_id)

plan_news = Table(
    "plan_news",
    metadata,
    _id(),
    _to("plan_id", "plans.id", null=False),
    _to("history_id", "plan_history.id"),
    _text("kind"),  # a status, or word | contact | reminder
    _text("words"),  # the coordinators' own, JSON by language
    _text("audience"),  # everyone | initiator | followers
    _text("state"),  # open | done
    _ms("cursor"),  # the last person who was told
    _ms("due_at"),
    _ms("touched_at"),
    _ms("created_at"),
    UniqueConstraint("history_id", "kind"),
    sqlite_autoincrement=True,
)
Index("ix_plan_news_plan_id", plan_news.c.plan_id)
_index("ix_plan_news_open", plan_news.c.due_at, where=is_untold(plan_news))

news_told = Table(
    "news_told",
    metadata,
    Column("news_id", Id, ForeignKey("plan_news.id"), primary_key=True, autoincrement=False),
    _of_person(),
    _text("outcome"),  # put (into the outbox) | called | why it was not put
    Column("outbox_id", Id, nullable=True),
    _ms("at"),
    sqlite_with_rowid=False,
)
Index("ix_news_told_person_id", news_told.c.person_id)

# A mail a week, whoever sends it.
weekly_mails = Table(
    "weekly_mails",
    metadata,
    Column("week", Text, primary_key=True),  # 2026-W48
    _ms("claimed_at"),
    _ms("sent_at", null=True),
    Column("attempts", Integer, nullable=False),
)
