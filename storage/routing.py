"""Outbox rows that go another way than straight out: they wait, change channel, are looked up."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import (
    Connection,
    Text,
    bindparam,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    update,
)

from storage.conditions import SENDING, UNKNOWN, is_queued, is_unknown, is_unsent
from storage.tables import outbox

COPY = 100  # what is added to the part of a campaign's row that follows an invitation


@dataclass(frozen=True, slots=True)
class Row:
    """A row whose fate is told or looked up; `body` is "" once it is blanked."""

    id: int
    person_id: int | None
    channel: str
    address: str
    body: str
    state: str
    attempts: int
    created_at: int


def wait(conn: Connection, row_id: int, reason: str) -> None:
    """A queued row waits until the person writes; see `outbox.resume`."""
    conn.execute(_WAIT, {"row": row_id, "why": reason})


def postpone(conn: Connection, row_id: int, at_ms: int, reason: str) -> None:
    """A queued row is not due before `at_ms`."""
    conn.execute(_POSTPONE, {"row": row_id, "due": at_ms, "why": reason})


def reroute(
    conn: Connection, row_id: int, channel: str, address: str, body: str, reason: str
) -> None:
    """A queued row goes to another address of the same person."""
    values = {"row": row_id, "on": channel, "to": address, "json": body, "why": reason}
    conn.execute(_REROUTE, values)


def requeue(conn: Connection, row: Row, at_ms: int, reason: str) -> bool:
    """A row that certainly did not arrive is to be sent after all.

    False when its text is gone, or when something else became of it meanwhile.
    """
    values = {"row": row.id, "was": row.state, "due": at_ms, "why": reason}
    return conn.execute(_REQUEUE, values).rowcount == 1


def invited(conn: Connection, row_id: int, body: str) -> None:
    """An approved text asked the person to write: what it stands for waits until they do.

    Once, however often they are asked.
    """
    conn.execute(_INVITED, {"row": row_id, "json": body})


def by_provider(conn: Connection, channel: str, provider_id: str) -> Row | None:
    """The row that the provider knows by this id."""
    where = {"on": channel, "by_provider": provider_id}
    row = conn.execute(_BY_PROVIDER, where).first()
    return Row(*row) if row else None


def unanswered(conn: Connection, channel: str, address: str) -> list[Row]:
    """The rows to this address that were sent without an answer yet, oldest first."""
    return [Row(*r) for r in conn.execute(_UNANSWERED, {"on": channel, "who": address})]


def found(conn: Connection, row_id: int, provider_id: str, now_ms: int) -> None:
    """A row that was sent without an answer has arrived at the provider, under this id."""
    conn.execute(_FOUND, {"row": row_id, "by_provider": provider_id, "now": now_ms})


def unknowns(conn: Connection, channels: Collection[str], before_ms: int, limit: int) -> list[Row]:
    """Rows on these channels that may have been sent before this moment, oldest first."""
    where = {"channels": list(channels), "before": before_ms, "most": limit}
    return [Row(*row) for row in conn.execute(_UNKNOWNS, where)]


def on_its_way(conn: Connection, channel: str, address: str) -> bool:
    """Whether a message to this address is being sent: the provider may have it, under an id that
    we do not know yet."""
    return conn.execute(_ON_ITS_WAY, {"on": channel, "who": address}).first() is not None


def looked_up(conn: Connection, row_id: int, now_ms: int) -> None:
    """An unknown row was looked up in vain: not again for a while."""
    conn.execute(_LOOKED_UP, {"row": row_id, "now": now_ms})


def last_sent(conn: Connection, channel: str, address: str, most: int) -> list[tuple[str, int]]:
    """The provider's ids and the moments (ms) of the last messages to an address, newest first."""
    rows = conn.execute(_LAST_SENT, {"on": channel, "who": address, "most": most})
    return [(row.provider_id or "", row.sent_at) for row in rows if row.sent_at]


_row = update(outbox).where(outbox.c.id == bindparam("row"))
_queued = _row.where(is_queued(outbox))
_WAIT = _queued.values(state="waiting", reason=bindparam("why"))
_POSTPONE = _queued.values(due_at=bindparam("due"), reason=bindparam("why"))
_REROUTE = _queued.values(
    channel=bindparam("on"),
    address=bindparam("to"),
    body=bindparam("json"),
    reason=bindparam("why"),
)
_REQUEUE = _row.where(
    outbox.c.body != "",
    outbox.c.state == bindparam("was"),
    outbox.c.state.in_(["sent", "failed", "unknown"]),
).values(
    state="queued",
    due_at=bindparam("due"),
    reason=bindparam("why"),
    status="",
    provider_id=None,
    sent_at=None,
)
_copied = ("person_id", "channel", "address", "kind", "secret", "created_at", "run_id")
_other = outbox.alias("other")
_mine = _other.c.person_id == outbox.c.person_id
_is_invited = exists().where(
    _mine, _other.c.run_id == outbox.c.run_id, _other.c.part == outbox.c.part + literal(COPY)
) | exists().where(
    _mine,
    is_unsent(_other),
    _other.c.reason == "invited",
    _other.c.body == cast(bindparam("json"), Text),
)
_INVITED = insert(outbox).from_select(
    [*_copied, "body", "state", "reason", "status", "attempts", "due_at", "part"],
    select(
        *(outbox.c[name] for name in _copied),
        cast(bindparam("json"), Text),
        *map(literal_column, ("'waiting'", "'invited'", "''", "0")),
        outbox.c.due_at,
        outbox.c.part + literal(COPY),
    ).where(outbox.c.id == bindparam("row"), ~_is_invited),
)
_row_of = select(
    outbox.c.id,
    outbox.c.person_id,
    outbox.c.channel,
    outbox.c.address,
    outbox.c.body,
    outbox.c.state,
    outbox.c.attempts,
    outbox.c.created_at,
)
_BY_PROVIDER = _row_of.where(
    outbox.c.channel == bindparam("on"), outbox.c.provider_id == bindparam("by_provider")
).with_for_update()
_at_address = (outbox.c.channel == bindparam("on"), outbox.c.address == bindparam("who"))
_UNANSWERED = (
    _row_of.where(
        *_at_address, outbox.c.state.in_(["unknown", "sending"]), outbox.c.provider_id.is_(None)
    )
    .order_by(outbox.c.id)
    .with_for_update()
)
_ON_ITS_WAY = (
    select(outbox.c.id).where(*_at_address, is_unsent(outbox), outbox.c.state == SENDING).limit(1)
)
# Of a row on its way only the id: its sender is about to store the rest.
_FOUND = _row.where(outbox.c.state.in_([SENDING, UNKNOWN])).values(
    provider_id=bindparam("by_provider"),
    sent_at=bindparam("now"),
    state=case((is_unknown(outbox), "sent"), else_=outbox.c.state),
)
_UNKNOWNS = (
    _row_of.where(
        is_unknown(outbox),
        outbox.c.body != "",
        # Not the column itself: SQLite would go by it through all that was ever sent.
        func.coalesce(outbox.c.channel, "").in_(bindparam("channels", expanding=True)),
        outbox.c.due_at < bindparam("before"),
    )
    .order_by(outbox.c.due_at)
    .limit(bindparam("most"))
)
_LOOKED_UP = _row.where(is_unknown(outbox)).values(due_at=bindparam("now"))
_LAST_SENT = (
    select(outbox.c.provider_id, outbox.c.sent_at)
    .where(*_at_address)
    .order_by(outbox.c.id.desc())
    .limit(bindparam("most"))
)
