"""What needs a person, for the console's first page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from civic.plans import Status
from storage.conditions import is_failed
from storage.tables import help_requests, outbox, plans


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody who asked for help; `text` is what they wrote, "" when they spoke or want a call."""

    id: int
    kind: str
    text: str
    created_at: int
    answer_by: int


@dataclass(frozen=True, slots=True)
class NewPlan:
    """A plan that was sent in and that nobody has taken further yet."""

    number: int
    title: str
    language: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Messages on one channel that will never arrive, for one reason; `since` is the first."""

    channel: str
    reason: str
    count: int
    since: int


def asked(conn: Connection, limit: int) -> tuple[list[Asked], int]:
    """Open requests for help, those that wait longest first, and how many there are."""
    rows = [Asked(*row) for row in conn.execute(_ASKED, {"most": limit})]
    return rows, conn.scalar(_ASKED_COUNT) or 0


def new_plans(conn: Connection, round_id: int, limit: int) -> tuple[list[NewPlan], int]:
    """Plans that are still as they were sent in, the oldest first, and how many there are."""
    where = {"round": round_id}
    rows = [NewPlan(*row) for row in conn.execute(_NEW, {**where, "most": limit})]
    return rows, conn.scalar(_NEW_COUNT, where) or 0


def failed(conn: Connection, since_ms: int) -> list[Failed]:
    """What could not be delivered since then, most first."""
    return [Failed(*row) for row in conn.execute(_FAILED, {"since": since_ms})]


_open = help_requests.c.state == "open"
_ASKED = (
    select(*(help_requests.c[name] for name in Asked.__slots__))
    .where(_open)
    .order_by(help_requests.c.answer_by, help_requests.c.id)
    .limit(bindparam("most"))
)
_ASKED_COUNT = select(func.count()).select_from(help_requests).where(_open)
_is_new = (plans.c.round_id == bindparam("round")) & (plans.c.status == Status.SUBMITTED.value)
_NEW = (
    select(*(plans.c[name] for name in NewPlan.__slots__))
    .where(_is_new)
    .order_by(plans.c.number)
    .limit(bindparam("most"))
)
_NEW_COUNT = select(func.count()).select_from(plans).where(_is_new)
_FAILED = (
    select(outbox.c.channel, outbox.c.reason, func.count(), func.min(outbox.c.created_at))
    .where(is_failed(outbox), outbox.c.created_at > bindparam("since"))
    .group_by(outbox.c.channel, outbox.c.reason)
    .order_by(func.count().desc())
)
