"""What is to be said: rows that go out in order for each person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Text,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)

from storage.conditions import (
    SENDING,
    UNKNOWN,
    WAITING,
    is_forgotten,
    is_open,
    is_queued,
    is_sending,
    is_shown,
    is_unsent,
)
from storage.quick import Quick
from storage.tables import inbox, outbox, people

# The provider's word on delivery. Callbacks come in any order: the higher rank is kept.
RANKS = {"": 0, "sent": 1, "delivered": 2, "read": 3, "failed": 4}

PAUSED = "paused"  # why a campaign's row waits that nobody but the campaign may resume


@dataclass(frozen=True, slots=True)
class Unsent:
    """A row to send. `last_in_at`: when this address last wrote to us (to the minute), or None.

    `reason` is why it was not sent before, if it was tried.
    """

    id: int
    person_id: int
    channel: str
    address: str
    body: str
    kind: str
    secret: bool
    attempts: int
    created_at: int
    last_in_at: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row as a page shows it. `body` is sealed while it is `secret`, "" once it is blanked."""

    id: int
    body: str
    state: str
    kind: str
    created_at: int
    secret: bool


def put(
    conn: Connection,
    person_id: int | None,
    channel: str,
    address: str,
    bodies: Sequence[str],
    kind: str,
    now_ms: int,
    *,
    secret: bool = False,
    due_ms: int | None = None,
) -> None:
    """Adds messages (JSON) to go out in this order, not before `due_ms`; `kind` is reply | notice
    | campaign.

    `secret` messages come sealed (see `storage.vault`) and are blanked as soon as they are sent or
    given up, and so is, with its address, what goes to somebody who is forgotten. In the simulator
    that is `blank_shown`.
    """
    due = now_ms if due_ms is None else due_ms
    common = {"person_id": person_id, "channel": channel, "address": address, "kind": kind}
    common |= {"secret": secret, "due_at": due, "created_at": now_ms}
    if len(bodies) > 1 and conn.dialect.name == "postgresql":  # one needs no array
        _PUT_ALL.later(conn, common | {"bodies": list(bodies)})
    else:
        for body in bodies:
            _PUT.later(conn, common | {"body": body})


def head(conn: Connection, person_id: int, now_ms: int) -> Unsent | None:
    """The row that `claim` would take now, without taking it."""
    return _as_unsent(_HEAD.first(conn, {"person": person_id, "now": now_ms}))


def claim(conn: Connection, person_id: int, now_ms: int) -> Unsent | None:
    """Takes the person's oldest unsent row for sending.

    None while one of theirs is being sent, or when the oldest is not due yet: order is kept.
    """
    return _as_unsent(_CLAIM.first(conn, {"person": person_id, "now": now_ms}))


def _as_unsent(row: Any) -> Unsent | None:
    if row is None:
        return None
    id_, person_id, channel, address, body, kind, secret, *rest = row
    return Unsent(id_, person_id, channel, address, body, kind, bool(secret), *rest)


def sent(
    conn: Connection,
    row_id: int,
    provider_id: str | None,
    now_ms: int,
    scrub: bool = False,
    reason: str | None = None,
) -> None:
    """The provider took it, under this id. `scrub` blanks it even if it need not be.

    `reason` tells how it went; without one the earlier reason stays.
    """
    values = {"row": row_id, "by_provider": provider_id, "now": now_ms, "scrub": scrub}
    _SENT.changed(conn, values | {"why": reason})


def failed(conn: Connection, row_id: int, reason: str) -> None:
    """It will never arrive. `reason` is the provider's code."""
    conn.execute(_FAILED, {"row": row_id, "why": reason})


def fail_address(conn: Connection, channel: str, address: str, reason: str) -> None:
    """Nothing that is still to go to this address will arrive."""
    conn.execute(_FAIL_ADDRESS, {"on": channel, "who": address, "why": reason})


def unknown(conn: Connection, row_id: int, reason: str) -> None:
    """It may have been sent: only the provider's callback can tell."""
    conn.execute(_UNKNOWN, {"row": row_id, "why": reason})


def retry_at(conn: Connection, row_id: int, at_ms: int, reason: str) -> None:
    """It was not sent; it and what is behind it may go from `at_ms`."""
    conn.execute(_RETRY, {"row": row_id, "due": at_ms, "why": reason})


def waiting(conn: Connection, row_id: int, reason: str) -> None:
    """It has to wait until the person writes (see `resume`); what is behind it may pass."""
    conn.execute(_WAITING, {"row": row_id, "why": reason})


def resume(conn: Connection, person_id: int, now_ms: int) -> int:
    """Queues again what waited for the person to write; returns how many.

    It is a reply from now on: somebody waits for it, also at night. What a campaign paused is
    not theirs to resume.
    """
    return conn.execute(_RESUME, {"person": person_id, "now": now_ms}).rowcount


def lost(conn: Connection, before_ms: int) -> int:
    """What has been on its way since before this moment becomes unknown; returns how many."""
    return conn.execute(_LOST, {"before": before_ms}).rowcount


def requeue_lost(conn: Connection, before_ms: int, channels: Collection[str]) -> int:
    """Like `lost` for channels where sending twice harms nothing: they are sent again."""
    where = {"before": before_ms, "channels": list(channels)}
    return conn.execute(_REQUEUE_LOST, where).rowcount


def persons_due(
    conn: Connection, now_ms: int, limit: int, campaigns_ms: int | None = None
) -> list[int]:
    """The people with a row that is due and nothing on its way, the longest due first.

    `campaigns_ms`: a campaign's row counts only if it was due by then.
    """
    by = now_ms if campaigns_ms is None else campaigns_ms
    return list(conn.scalars(_DUE, {"now": now_ms, "campaigns": by, "most": limit}))


def after(conn: Connection, channel: str, address: str, after_id: int, limit: int) -> list[Row]:
    """What was said to an address after the row `after_id`, in order."""
    where = {"on": channel, "who": address, "after": after_id, "most": limit}
    return [Row(*row) for row in conn.execute(_AFTER, where)]


def status(conn: Connection, channel: str, provider_id: str, status: str, reason: str = "") -> bool:
    """Notes the provider's word on delivery, one of `RANKS`; False for an unknown id.

    A word that ranks no higher than the one before changes nothing.
    """
    where = {"on": channel, "by_provider": provider_id}
    row = conn.execute(_BY_PROVIDER, where).first()
    if row is None:
        return False
    if RANKS[status] > RANKS[row.status]:
        state = "failed" if status == "failed" else "sent"
        values = {"row": row.id, "word": status, "to": state, "why": reason}
        conn.execute(_STATUS, values)
    return True


def blank_shown(conn: Connection, before_ms: int) -> int:
    """Blanks what the simulator showed, had to be blanked and was put before this moment."""
    where = {"before": before_ms}
    return sum(conn.execute(each, where).rowcount for each in (_BLANK_SECRET, _BLANK_GONE))


def idle(conn: Connection, person_id: int, now_ms: int) -> bool:
    """Whether nothing of this person is held, and nothing to them is due or on its way."""
    return bool(conn.scalar(_IDLE, {"person": person_id, "now": now_ms}))


_PUT = Quick(insert(outbox).values(state="queued", reason="", status="", attempts=0).inline())
# For PostgreSQL, any number of bodies in one statement.
_PUT_ALL = Quick(
    text(
        "INSERT INTO outbox (person_id, channel, address, kind, secret, due_at, created_at,"
        " body, state, reason, status, attempts)"
        " SELECT CAST(:person_id AS bigint), :channel, :address, :kind, CAST(:secret AS boolean),"
        " CAST(:due_at AS bigint), CAST(:created_at AS bigint), each.body, 'queued', '', '', 0"
        " FROM unnest(CAST(:bodies AS text[])) WITH ORDINALITY AS each (body, n) ORDER BY each.n"
    ),
    into="outbox",
)

# A goodbye goes to somebody who is forgotten already: nothing of it stays behind either.
_gone = exists().where(people.c.id == outbox.c.person_id, people.c.state == "forgotten")
# The simulator's page reads a message from here after it is "sent": see `blank_shown`.
_shown = outbox.c.channel == "simulator"
_blanked = {
    "body": case(((outbox.c.secret | _gone) & ~_shown, ""), else_=outbox.c.body),
    "address": case((_gone & ~_shown, ""), else_=outbox.c.address),
}
_row = update(outbox).where(outbox.c.id == bindparam("row"))
_ON_ITS_WAY = outbox.c.state.in_([SENDING, UNKNOWN])

_IS_CAMPAIGN = outbox.c.kind == literal_column("'campaign'")
# "sending" comes before "queued", even if what waited long (see `resume`) has a lower id.
# Replies come before campaigns.
_head = (
    select(outbox.c.id)
    .where(outbox.c.person_id == bindparam("person"), is_unsent(outbox), outbox.c.state != WAITING)
    .order_by(outbox.c.state.desc(), _IS_CAMPAIGN, outbox.c.id)
    .limit(1)
    .scalar_subquery()
)
# Written out, because in RETURNING the names of SQLite's tables would get lost. The casts are for
# SQLite as well, which there does not see that these are texts and would not use the index.
_LAST_IN_AT: ColumnElement[int] = literal_column(
    "(SELECT addresses.last_in_at FROM addresses"
    " WHERE addresses.channel = CAST(outbox.channel AS TEXT)"
    " AND addresses.address = CAST(outbox.address AS TEXT))"
)
_unsent = (
    outbox.c.id,
    outbox.c.person_id,
    outbox.c.channel,
    outbox.c.address,
    outbox.c.body,
    outbox.c.kind,
    outbox.c.secret,
    outbox.c.attempts,
    outbox.c.created_at,
    _LAST_IN_AT,
    outbox.c.reason,
)
_HEAD = Quick(
    select(*_unsent).where(
        outbox.c.id == _head, is_queued(outbox), outbox.c.due_at <= bindparam("now")
    )
)
_CLAIM = Quick(
    update(outbox)
    .where(outbox.c.id == _head, is_queued(outbox), outbox.c.due_at <= bindparam("now"))
    .values(state="sending", attempts=outbox.c.attempts + 1, due_at=bindparam("now"))
    .returning(*_unsent)
)
_SENT = Quick(
    _row.where(_ON_ITS_WAY)
    .values(_blanked)
    .values(state="sent", sent_at=bindparam("now"))
    .values(provider_id=func.coalesce(bindparam("by_provider", type_=Text), outbox.c.provider_id))
    .values(reason=func.coalesce(bindparam("why", type_=Text), outbox.c.reason))
    .values(body=case((bindparam("scrub"), ""), else_=_blanked["body"]))
)
_FAILED = _row.where(_ON_ITS_WAY).values(_blanked).values(state="failed", reason=bindparam("why"))
_UNKNOWN = (
    _row.where(outbox.c.state == SENDING)
    .values(_blanked)
    .values(state="unknown", reason=bindparam("why"))
)
_RETRY = _row.where(outbox.c.state == SENDING).values(
    state="queued", due_at=bindparam("due"), reason=bindparam("why")
)
_WAITING = _row.where(outbox.c.state == SENDING).values(state="waiting", reason=bindparam("why"))
_RESUME = (
    update(outbox)
    .where(
        outbox.c.person_id == bindparam("person"),
        is_unsent(outbox),
        outbox.c.state == WAITING,
        outbox.c.reason != PAUSED,
    )
    .values(state="queued", due_at=bindparam("now"), reason="", kind="reply")
)
_FAIL_ADDRESS = (
    update(outbox)
    .where(
        outbox.c.channel == bindparam("on"),
        outbox.c.address == bindparam("who"),
        is_unsent(outbox),
        outbox.c.state != SENDING,
    )
    .values(_blanked)
    .values(state="failed", reason=bindparam("why"))
)
_overdue = update(outbox).where(is_sending(outbox), outbox.c.due_at < bindparam("before"))
# A callback may have told already that it arrived.
_LOST = _overdue.values(_blanked).values(
    state=case((outbox.c.provider_id.is_not(None), "sent"), else_="unknown"), reason="lost"
)
_REQUEUE_LOST = _overdue.where(outbox.c.channel.in_(bindparam("channels", expanding=True))).values(
    state="queued"
)


def _not_campaign(rows: FromClause) -> ColumnElement[bool]:
    return rows.c.kind != literal_column("'campaign'")


_other = outbox.alias("other")
_held_up = exists().where(
    _other.c.person_id == outbox.c.person_id,
    is_unsent(_other),
    _other.c.state != WAITING,
    (_other.c.state == SENDING)
    | ((_other.c.id < outbox.c.id) & (_not_campaign(_other) | _IS_CAMPAIGN)),
)
_DUE = (
    select(outbox.c.person_id)
    .where(
        is_queued(outbox),
        outbox.c.due_at <= bindparam("now"),
        outbox.c.person_id.is_not(None),
        _not_campaign(outbox) | (outbox.c.due_at <= bindparam("campaigns")),
        ~_held_up,
    )
    .order_by(outbox.c.due_at)
    .limit(bindparam("most"))
)
_AFTER = (
    select(*(outbox.c[name] for name in Row.__slots__))
    .where(
        outbox.c.channel == bindparam("on"),
        outbox.c.address == bindparam("who"),
        outbox.c.id > bindparam("after"),
    )
    .order_by(outbox.c.id)
    .limit(bindparam("most"))
)
_BY_PROVIDER = (
    select(outbox.c.id, outbox.c.status)
    .where(outbox.c.channel == bindparam("on"), outbox.c.provider_id == bindparam("by_provider"))
    .with_for_update()
)
_STATUS = _row.values(status=bindparam("word"), state=bindparam("to"), reason=bindparam("why"))
_old_shown = update(outbox).where(
    is_shown(outbox), ~is_unsent(outbox), outbox.c.created_at < bindparam("before")
)
# Two, because each has an index of its own.
_BLANK_SECRET = _old_shown.where(outbox.c.secret).values(body="")
_BLANK_GONE = _old_shown.where(
    outbox.c.person_id.in_(select(people.c.id).where(is_forgotten(people)))
).values(body="", address="")
_IDLE = select(
    ~exists().where(inbox.c.person_id == bindparam("person"), is_open(inbox))
    & ~exists().where(
        outbox.c.person_id == bindparam("person"),
        is_unsent(outbox),
        (outbox.c.state == SENDING) | (is_queued(outbox) & (outbox.c.due_at <= bindparam("now"))),
    )
)
