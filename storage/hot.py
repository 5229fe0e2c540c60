"""The way of one message through the tables, in as few statements as can be.

A person's messages are taken one at a time: on SQLite because there is one writer, on PostgreSQL
because `arrive` and `load` lock the person's session.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from storage import hot_statements as sql

# `addresses.last_in_at` is kept to the minute, which saves a statement for most messages.
MINUTE_MS = 60_000

# The JSON to keep of a message, or what tells it from its person's session ("" for a new one).
Body = str | Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that is new to us and whose it is.

    `session_json` is "" for a new person. `busy`: something of this person is still being taken
    or waits, so this one has to wait too. `person_state`: active | inactive, as it was before.
    `awaited`: something to them waits for them to write (see `outbox.resume`).
    `taken_over`: a person answers, not the bot (see `storage.takeovers`).
    """

    person_id: int
    inbox_id: int
    session_json: str
    revision: int
    busy: bool
    new: bool
    address: str
    channel: str
    person_state: str
    awaited: bool
    taken_over: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A message that waits or is being taken; `body` is the JSON that `arrive` was given."""

    id: int
    person_id: int
    channel: str
    kind: str
    body: str
    state: str
    revision: int
    attempts: int
    received_at: int


@dataclass(frozen=True, slots=True)
class Origin:
    """By what a provider knows a message: the address it came from, and its id."""

    channel: str
    address: str
    provider_id: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """Where a person is, where their last message came from, and when their timer rings."""

    person_id: int
    session_json: str
    revision: int
    channel: str
    address: str
    person_state: str
    timer_at: int | None = None
    taken_over: bool = False


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that rang: nudge, rest or draft, and the session's `revision` when it was set."""

    person_id: int
    timer: str
    revision: int


class _Known(NamedTuple):
    """Whom an address belongs to, as the statement gives it."""

    person_id: int
    data: str
    revision: int
    state: str
    address_id: int
    last_in_at: int
    last_address_id: int | None


def arrive(
    conn: Connection,
    *,
    channel: str,
    provider_id: str,
    address: str,
    hint: str,
    kind: str,
    body_json: Body,
    now_ms: int,
) -> Arrival | None:
    """Takes a message in as done; None when it is a repeat.

    Finds or makes the person of this address. `hint` is the language that the channel told,
    `kind` what the message is: text | choice | voice | photo | location | unsupported. What is
    secret never reaches the database: `body_json` may be decided once the session is known.
    """
    known, new = _person(conn, channel, address, hint, now_ms)
    row = {
        "channel": channel,
        "provider_id": provider_id,
        "person_id": known.person_id,
        "kind": kind,
        "body": body_json if isinstance(body_json, str) else body_json(known.data),
        "due_at": now_ms,
        "received_at": now_ms,
    }
    taken = sql.TAKE_IN.first(conn, row)
    if taken is None:
        return None
    _note(conn, known, now_ms)
    return Arrival(
        known.person_id,
        taken[0],
        known.data,
        known.revision,
        bool(taken[1]),
        new,
        address,
        channel,
        known.state,
        bool(taken[2]),
        bool(taken[3]),
    )


def hold(
    conn: Connection,
    inbox_id: int,
    state: str,
    revision: int,
    due_ms: int,
    sealed: str | None = None,
) -> None:
    """Keeps a message for later: `state` is waiting or taking, `due_ms` when that is overdue.

    `sealed` is the body of one that is secret, of which nothing was kept before.
    """
    values = {"message": inbox_id, "to": state, "at_revision": revision, "due": due_ms}
    conn.execute(sql.HOLD, values | {"sealed": sealed})


def again(conn: Connection, inbox_id: int, due_ms: int) -> int:
    """Counts another attempt to take a message; returns how many there were."""
    return conn.execute(sql.AGAIN, {"message": inbox_id, "due": due_ms}).scalar() or 0


def finish(conn: Connection, inbox_id: int) -> None:
    """A held message is done. What was sealed is gone by that."""
    conn.execute(sql.FINISH, {"message": inbox_id})


def blank(conn: Connection, inbox_id: int) -> None:
    """Forgets what a message said; that it came is kept, so that a repeat is known."""
    conn.execute(sql.BLANK, {"message": inbox_id})


def origin(conn: Connection, inbox_id: int) -> Origin | None:
    """Where a message came from; None when its person is forgotten."""
    row = conn.execute(sql.ORIGIN, {"message": inbox_id}).first()
    return Origin(*row) if row else None


def held(conn: Connection, inbox_id: int) -> Held | None:
    """The message if it is still held. Locks nothing: `load` the person first."""
    row = sql.HELD.first(conn, {"message": inbox_id})
    return Held(*row) if row else None


def next_waiting(conn: Connection, person_id: int) -> Held | None:
    """The message whose turn it is; None when none waits or one is still being taken."""
    row = sql.FIRST_OPEN.first(conn, {"person": person_id})
    first = Held(*row) if row else None
    return first if first and first.state == "waiting" else None


def load(conn: Connection, person_id: int) -> Loaded | None:
    """The person's session, locked for this transaction; None when they are forgotten."""
    row = sql.LOAD.first(conn, {"person": person_id})
    return Loaded(*(*row[:-1], bool(row[-1]))) if row else None


def save(
    conn: Connection,
    person_id: int,
    state: str,
    data_json: str,
    revision: int,
    timer: str | None,
    timer_at_ms: int | None,
    now_ms: int,
) -> None:
    """Stores the person's session with the one timer that it has, if any."""
    values = {
        "person": person_id,
        "to": state,
        "json": data_json,
        "new_revision": revision,
        "new_timer": timer,
        "rings_at": timer_at_ms,
        "now": now_ms,
    }
    sql.SAVE.later(conn, values)


def set_person(
    conn: Connection,
    person_id: int,
    language: str,
    sound: bool,
    notify: bool,
    consent_at: int | None,
) -> None:
    """Stores the person's own settings. `consent_at` None leaves what was consented before."""
    values = {
        "person": person_id,
        "to_language": language,
        "to_sound": sound,
        "to_notify": notify,
        "consented": consent_at,
    }
    sql.SET_PERSON.later(conn, values)


def due_timers(conn: Connection, now_ms: int, limit: int) -> list[Timer]:
    """The timers that rang by now, the longest ago first. They stay until `save`."""
    return [Timer(*row) for row in conn.execute(sql.TIMERS, {"now": now_ms, "most": limit})]


def stale_taking(conn: Connection, before_ms: int) -> list[Held]:
    """What is being taken and was due before this moment: its job was lost or hangs."""
    return [Held(*row) for row in conn.execute(sql.STALE, {"before": before_ms})]


def stale_waiting(conn: Connection, before_ms: int) -> list[int]:
    """The people with a message that waits since before this moment, behind nothing."""
    return list(conn.scalars(sql.STUCK, {"before": before_ms}))


def _person(
    conn: Connection, channel: str, address: str, hint: str, now_ms: int
) -> tuple[_Known, bool]:
    """The session and address of this person, locked, and whether they are new."""
    where = {"on": channel, "who": address}
    known = sql.KNOWN.first(conn, where)
    if known is None and conn.dialect.name == "postgresql":
        conn.execute(sql.ONE_WELCOME, {"who": f"{channel} {address}"})
        known = sql.KNOWN.first(conn, where)
    new = known is None
    if new:
        _welcome(conn, channel, address, hint, now_ms)
        known = sql.KNOWN.first(conn, where)
    return _Known(*known), new


def _welcome(conn: Connection, channel: str, address: str, hint: str, now_ms: int) -> None:
    """Makes a person with this address."""
    person_id = conn.execute(sql.NEW_PERSON, {"created_at": now_ms}).scalar_one()
    row = {"person_id": person_id, "channel": channel, "address": address, "hint": hint}
    row |= {"created_at": now_ms, "last_in_at": now_ms}
    address_id = conn.execute(sql.NEW_ADDRESS, row).scalar_one()
    session = {"person_id": person_id, "address_id": address_id, "updated_at": now_ms}
    conn.execute(sql.NEW_SESSION, session)


def _note(conn: Connection, known: _Known, now_ms: int) -> None:
    """Remembers when and from where a person last wrote; who writes can be reached."""
    if now_ms - known.last_in_at >= MINUTE_MS:
        sql.LAST_IN.later(conn, {"at_address": known.address_id, "now": now_ms})
    if known.address_id != known.last_address_id:
        at = {"person": known.person_id, "at_address": known.address_id}
        sql.LAST_FROM.later(conn, at)
    if known.state != "active":
        conn.execute(sql.ACTIVE, {"person": known.person_id})
