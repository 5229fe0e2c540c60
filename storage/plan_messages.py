"""What was said to people about a plan, and whether it arrived."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from storage.life_tables import news_told, plan_news
from storage.tables import outbox, plans


@dataclass(frozen=True, slots=True)
class Told:
    """News of a plan to one person. `outcome` is put, called, or why it was not put.

    `state` and `status` are those of the outbox row (see there), "" when there is none.
    """

    at: int
    kind: str
    outcome: str
    channel: str
    state: str
    status: str
    reason: str


def to_initiator(conn: Connection, plan_id: int, limit: int) -> list[Told]:
    """What the initiator was told, the latest first."""
    where = {"plan": plan_id, "most": limit}
    return [Told(*row) for row in conn.execute(_TO_INITIATOR, where)]


def to_followers(conn: Connection, plan_id: int) -> dict[str, int]:
    """How many messages to followers are in each state of the outbox ("" for not put)."""
    return {row[0] or "": row[1] for row in conn.execute(_TO_FOLLOWERS, {"plan": plan_id})}


_told = (
    plan_news.join(news_told, news_told.c.news_id == plan_news.c.id)
    .join(plans, plans.c.id == plan_news.c.plan_id)
    .outerjoin(outbox, outbox.c.id == news_told.c.outbox_id)
)
_is_initiator = news_told.c.person_id == plans.c.initiator
_of_plan = plan_news.c.plan_id == bindparam("plan")
_TO_INITIATOR = (
    select(
        news_told.c.at,
        plan_news.c.kind,
        news_told.c.outcome,
        func.coalesce(outbox.c.channel, ""),
        func.coalesce(outbox.c.state, ""),
        func.coalesce(outbox.c.status, ""),
        func.coalesce(outbox.c.reason, ""),
    )
    .select_from(_told)
    .where(_of_plan, _is_initiator)
    .order_by(plan_news.c.id.desc())
    .limit(bindparam("most"))
)
_TO_FOLLOWERS = (
    select(outbox.c.state, func.count())
    .select_from(_told)
    .where(_of_plan, plans.c.initiator.is_(None) | ~_is_initiator)
    .group_by(outbox.c.state)
)
