"""Phone calls: the last turn of each that is under way, and what is to be said to who is on line.

A provider may ask the same thing twice, so the turn that answers it is kept until the next one,
sealed like everything that may be secret, and gone with the call.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from storage import outbox
from storage.call_tables import calls
from storage.conditions import SENDING, WAITING, is_open, is_queued, is_unsent
from storage.tables import addresses, inbox
from storage.tables import outbox as rows
from storage.vote_tables import stempas_batches

DAY_MS = 24 * 3600 * 1000
SOON_MS = 60_000  # who is on the line waits for what is due within this time


@dataclass(frozen=True, slots=True)
class Kept:
    """The last turn of a call; `body` is "" once the call is over."""

    n: int
    body: str


@dataclass(frozen=True, slots=True)
class Said:
    """A row that is said now; `body` is sealed if it is secret."""

    id: int
    body: str


def kept(conn: Connection, sid: str) -> Kept | None:
    """Where a call is; None for one that is new."""
    row = conn.execute(_KEPT, {"call": sid}).one_or_none()
    return Kept(*row) if row else None


def keep(conn: Connection, sid: str, n: int, body: str, now_ms: int) -> bool:
    """Keeps turn `n` of a call; False when somebody else was there before."""
    values = {"call": sid, "turn": n, "body": body, "now": now_ms}
    if n > 1:
        return conn.execute(_NEXT, values).rowcount == 1
    try:
        with conn.begin_nested():
            conn.execute(_FIRST, values)
    except IntegrityError:
        return False
    return True


def over(conn: Connection, sid: str, now_ms: int) -> None:
    """The call is over: nothing of what was said is kept."""
    conn.execute(_OVER, {"call": sid, "now": now_ms})


def delete_old(conn: Connection, now_ms: int) -> int:
    """Forgets the calls of which nothing was heard for a day; returns how many."""
    return conn.execute(_DELETE_OLD, {"before": now_ms - DAY_MS}).rowcount


def person_of(conn: Connection, channel: str, address: str) -> int | None:
    """Who has this address; None for nobody (any more)."""
    return conn.scalar(_PERSON, {"on": channel, "who": address})


def unsaid(conn: Connection, channel: str, address: str) -> int:
    """Gives up the replies that an earlier call did not come to; returns how many.

    Whoever calls again hears the question anew; what was to be told besides stays.
    """
    where = {"on": channel, "who": address}
    found = list(conn.execute(_STALE, where).scalars())
    for row in found:
        outbox.failed(conn, row, "call_over")
    return len(found)


def take_words(conn: Connection, channel: str, address: str, now_ms: int) -> list[Said]:
    """What is to be said to this address now, in order; it counts as sent."""
    where = {"on": channel, "who": address, "now": now_ms}
    found = sorted(conn.execute(_TAKE, where).all())
    for row in found:
        outbox.sent(conn, row.id, None, now_ms)
    return [Said(row.id, row.body) for row in found]


def is_pending(conn: Connection, person_id: int, channel: str, address: str, now_ms: int) -> bool:
    """Whether something of theirs is being listened to, or is to be said to them soon."""
    where = {"person": person_id, "on": channel, "who": address, "soon": now_ms + SOON_MS}
    return bool(conn.scalar(_PENDING, where))


def kind_of(conn: Connection, channel: str, provider_id: str) -> str | None:
    """What kind of message we have under this id; None when we have none."""
    return conn.scalar(_KIND, {"on": channel, "by_provider": provider_id})


def code_digits(conn: Connection, round_id: int) -> int:
    """How many digits every code of this round has; 0 if they differ, or there are none."""
    found = conn.execute(_DIGITS, {"round": round_id}).one()
    return found[0] if found[0] and found[0] == found[1] else 0


_KEPT = select(calls.c.n, calls.c.kept).where(calls.c.sid == bindparam("call"))
_FIRST = insert(calls).values(
    sid=bindparam("call"), n=bindparam("turn"), kept=bindparam("body"), at=bindparam("now")
)
_NEXT = (
    update(calls)
    .where(calls.c.sid == bindparam("call"), calls.c.n == bindparam("turn") - 1, calls.c.kept != "")
    .values(n=bindparam("turn"), kept=bindparam("body"), at=bindparam("now"))
)
_OVER = update(calls).where(calls.c.sid == bindparam("call")).values(kept="", at=bindparam("now"))
_DELETE_OLD = delete(calls).where(calls.c.at < bindparam("before"))
_at_address = (rows.c.channel == bindparam("on"), rows.c.address == bindparam("who"))
_to_say = is_unsent(rows) & or_(
    is_queued(rows), (rows.c.state == WAITING) & (rows.c.reason != outbox.PAUSED)
)
_STALE = (
    update(rows)
    .where(*_at_address, _to_say, rows.c.kind == "reply")
    .values(state=SENDING)
    .returning(rows.c.id)
)
_TAKE = (
    update(rows)
    .where(*_at_address, _to_say, rows.c.due_at <= bindparam("now"))
    .values(state=SENDING, attempts=rows.c.attempts + 1)
    .returning(rows.c.id, rows.c.body)
)
_PERSON = select(addresses.c.person_id).where(
    addresses.c.channel == bindparam("on"), addresses.c.address == bindparam("who")
)
_PENDING = select(
    exists().where(inbox.c.person_id == bindparam("person"), is_open(inbox))
    | exists().where(*_at_address, _to_say, rows.c.due_at <= bindparam("soon"))
)
_KIND = select(inbox.c.kind).where(
    inbox.c.channel == bindparam("on"), inbox.c.provider_id == bindparam("by_provider")
)
_DIGITS = select(func.min(stempas_batches.c.digits), func.max(stempas_batches.c.digits)).where(
    stempas_batches.c.round_id == bindparam("round"), stempas_batches.c.digits > 0
)
