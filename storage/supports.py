"""Support of neighbours for a plan, and who follows it.

One 👍 a person a plan; one on paper counts too as long as it is nobody's (`storage.entered`). What
a 👍 leads to is in `storage.plan_life`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, func, select

from storage.conditions import is_paper
from storage.dialects import Either
from storage.entered_tables import entered
from storage.life_tables import follows, supports


def give(conn: Connection, plan_id: int, person_id: int, now_ms: int) -> bool:
    """Counts a 👍; False if it was there already. See `plan_life.support` for all of it."""
    row = {"plan_id": plan_id, "person_id": person_id, "at": now_ms}
    return conn.scalar(_GIVE.on(conn), row) is not None


def take_back(conn: Connection, plan_id: int, person_id: int) -> bool:
    """Takes a 👍 back; False if there was none. A plan that had enough keeps its status."""
    return conn.execute(_TAKE_BACK, {"plan": plan_id, "person": person_id}).rowcount == 1


def count(conn: Connection, plan_id: int) -> int:
    """How many people support the plan, on paper too."""
    return conn.scalar(_COUNT, {"plan": plan_id}) or 0


def has(conn: Connection, plan_id: int, person_id: int) -> bool:
    """Whether this person supports the plan."""
    return conn.scalar(_HAS, {"plan": plan_id, "person": person_id}) is not None


def follow(conn: Connection, plan_id: int, person_id: int, now_ms: int) -> bool:
    """From now on this person hears how the plan fares; False if they did already."""
    row = {"plan_id": plan_id, "person_id": person_id, "at": now_ms}
    return conn.scalar(_FOLLOW.on(conn), row) is not None


def unfollow(conn: Connection, plan_id: int, person_id: int) -> bool:
    """This person hears no more of the plan; False if they did not follow it."""
    return conn.execute(_UNFOLLOW, {"plan": plan_id, "person": person_id}).rowcount == 1


def is_follower(conn: Connection, plan_id: int, person_id: int) -> bool:
    return conn.scalar(_FOLLOWS, {"plan": plan_id, "person": person_id}) is not None


def followers(conn: Connection, plan_id: int) -> int:
    """How many people follow the plan."""
    return conn.scalar(_FOLLOWERS, {"plan": plan_id}) or 0


def counted(plan_id: Any) -> Any:
    """How many people support a plan, for a statement on plans: on paper, and otherwise."""
    paper = select(func.count()).select_from(entered)
    phone = select(func.count()).select_from(supports).where(supports.c.plan_id == plan_id)
    paper = paper.where(is_paper(entered), entered.c.plan_id == plan_id)
    return phone.scalar_subquery() + paper.scalar_subquery()


def _once(table: Table) -> Either:
    """Adds a row, and tells whether it is new."""
    keys = ["plan_id", "person_id"]
    return Either(
        table,
        lambda insert: insert.on_conflict_do_nothing(index_elements=keys).returning(
            table.c.person_id
        ),
    )


_GIVE, _FOLLOW = _once(supports), _once(follows)
_mine = (supports.c.plan_id == bindparam("plan"), supports.c.person_id == bindparam("person"))
_TAKE_BACK = delete(supports).where(*_mine)
_HAS = select(supports.c.at).where(*_mine)
_COUNT = select(counted(bindparam("plan")))
_followed = (follows.c.plan_id == bindparam("plan"), follows.c.person_id == bindparam("person"))
_UNFOLLOW = delete(follows).where(*_followed)
_FOLLOWS = select(follows.c.at).where(*_followed)
_FOLLOWERS = select(func.count()).select_from(follows).where(follows.c.plan_id == bindparam("plan"))
