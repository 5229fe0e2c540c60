"""Rows of the outbox that are only heard, while their sound is being made: what is behind them
passes, so that no text waits for sound."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, exists, select, update

from storage.conditions import WAITING, is_queued, is_unsent
from storage.tables import outbox

SPEAKING = "speaking"  # why such a row waits


@dataclass(frozen=True, slots=True)
class Unspoken:
    """A row whose sound is to be made; `body` is sealed if it is `secret`."""

    id: int
    body: str
    secret: bool


def aside(conn: Connection, row_id: int, now_ms: int) -> bool:
    """A queued row waits for its sound; False when it is not queued any more."""
    return conn.execute(_ASIDE, {"row": row_id, "now": now_ms}).rowcount == 1


def made(conn: Connection, row_id: int, now_ms: int) -> bool:
    """The sound is there: the row may go. False when it does not wait for it any more."""
    return conn.execute(_MADE, {"row": row_id, "now": now_ms}).rowcount == 1


def first(conn: Connection, person_id: int) -> Unspoken | None:
    """The oldest row of this person that waits for its sound."""
    row = conn.execute(_FIRST, {"person": person_id}).first()
    return Unspoken(*row) if row else None


def is_before(conn: Connection, person_id: int, row_id: int) -> bool:
    """Whether an older row of this person waits for its sound: sounds are heard in order."""
    return bool(conn.scalar(_IS_BEFORE, {"person": person_id, "row": row_id}))


def overdue(conn: Connection, before_ms: int) -> int:
    """What has waited for its sound since before this moment is decided again; how many."""
    return conn.execute(_OVERDUE, {"before": before_ms}).rowcount


_waits = is_unsent(outbox) & (outbox.c.state == WAITING) & (outbox.c.reason == SPEAKING)
_ASIDE = (
    update(outbox)
    .where(outbox.c.id == bindparam("row"), is_queued(outbox))
    .values(state="waiting", reason=SPEAKING, due_at=bindparam("now"))
)
_again = update(outbox).where(_waits).values(state="queued", reason="")
_MADE = _again.where(outbox.c.id == bindparam("row")).values(due_at=bindparam("now"))
_OVERDUE = _again.where(outbox.c.due_at < bindparam("before"))
_of_theirs = _waits & (outbox.c.person_id == bindparam("person"))
_FIRST = (
    select(outbox.c.id, outbox.c.body, outbox.c.secret)
    .where(_of_theirs)
    .order_by(outbox.c.id)
    .limit(1)
)
_IS_BEFORE = select(exists().where(_of_theirs, outbox.c.id < bindparam("row")))
