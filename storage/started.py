"""Chosen plans on their way: whom to turn to, how far the start is, and when last heard of."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from civic.plans import Status
from storage.life_tables import contacts, plan_news, start_checklist
from storage.tables import plan_history, plans

STATUSES = (Status.CHOSEN, Status.STARTING, Status.RUNNING, Status.DONE)


@dataclass(frozen=True, slots=True)
class Started:
    """A chosen plan. `word_at`: when its initiator last heard of it, or when it was chosen."""

    id: int
    number: int
    title: str
    language: str
    status: str
    contact: str
    todo: int
    done: int
    word_at: int


def of_round(conn: Connection, round_id: int) -> list[Started]:
    """Every chosen plan of the round, those that wait longest for a word first, done ones last."""
    found = [Started(*row) for row in conn.execute(_STARTED, {"round": round_id})]
    return sorted(found, key=lambda each: (each.status == Status.DONE, each.word_at, each.number))


_items = (
    select(
        start_checklist.c.plan_id,
        func.count().label("all"),
        func.count(start_checklist.c.done_at).label("done"),
    )
    .group_by(start_checklist.c.plan_id)
    .subquery()
)
_words = (
    select(plan_news.c.plan_id, func.max(plan_news.c.due_at).label("at"))
    .where(plan_news.c.audience != "followers")
    .group_by(plan_news.c.plan_id)
    .subquery()
)
_chosen = (
    select(plan_history.c.plan_id, func.min(plan_history.c.at).label("at"))
    .where(plan_history.c.after == Status.CHOSEN.value)
    .group_by(plan_history.c.plan_id)
    .subquery()
)
_many, _ready = func.coalesce(_items.c.all, 0), func.coalesce(_items.c.done, 0)
_STARTED = (
    select(
        plans.c.id,
        plans.c.number,
        plans.c.title,
        plans.c.language,
        plans.c.status,
        func.coalesce(contacts.c.name, ""),
        _many - _ready,
        _ready,
        func.coalesce(_words.c.at, _chosen.c.at, plans.c.updated_at),
    )
    .select_from(
        plans.outerjoin(contacts, contacts.c.plan_id == plans.c.id)
        .outerjoin(_items, _items.c.plan_id == plans.c.id)
        .outerjoin(_words, _words.c.plan_id == plans.c.id)
        .outerjoin(_chosen, _chosen.c.plan_id == plans.c.id)
    )
    .where(
        plans.c.round_id == bindparam("round"),
        plans.c.status.in_([status.value for status in STATUSES]),
    )
)
