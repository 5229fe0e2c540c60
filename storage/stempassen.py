"""Passes: which credentials were issued, in batches. A code itself is never stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    exists,
    false,
    func,
    insert,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError

from storage.sqlite import truncate_log
from storage.vote_tables import elections, envelopes, stempas_batches, stempassen

_AT_ONCE = 10_000  # credentials in one statement


class Taken(Exception):
    """One of the credentials has been issued before: draw others."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What is known of one pass. `used`: its envelope is in the box. `batch` is the row's id."""

    area: str
    kind: str
    channel: str
    voided: bool
    used: bool
    batch: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One issue of passes; `digits` of each code, with check digits; `issued_at` in ms."""

    id: int
    area: str
    kind: str
    channel: str
    count: int
    digits: int
    issued_at: int
    voided: int


def issue(
    conn: Connection,
    round_id: int,
    *,
    area: str,
    kind: str,
    channel: str,
    credentials: Sequence[str],
    digits: int,
    now_ms: int,
    batch: int | None = None,
) -> int:
    """Stores a batch of passes; returns its id, which is `batch` if that was reserved.

    The rows go in by their credentials, which is nobody's order. Raises `Taken`, after which
    the transaction must be given up.
    """
    row = {"round_id": round_id, "area": area, "kind": kind, "channel": channel}
    row |= {"count": len(credentials), "digits": digits, "issued_at": now_ms}
    row |= {} if batch is None else {"id": batch}
    batch_id: int = conn.execute(_ADD_BATCH, row).scalar_one()
    pass_ = {"round_id": round_id, "batch_id": batch_id, "voided": False}
    try:
        for part in _parts(sorted(credentials)):
            conn.execute(_ADD, [pass_ | {"credential": each} for each in part])
    except IntegrityError:
        raise Taken from None
    return batch_id


def reserve(conn: Connection, round_id: int) -> int:
    """An id for a batch that is issued later, if it is: nobody else gets it."""
    row = {"round_id": round_id, "area": "", "kind": "", "channel": ""}
    row |= {"count": 0, "digits": 0, "issued_at": 0}
    batch: int = conn.execute(_ADD_BATCH, row).scalar_one()
    conn.execute(_DROP_BATCH, {"batch": batch})
    return batch


def issued(conn: Connection, round_id: int) -> int:
    """How many passes were issued in a round, with those that were voided since."""
    return int(conn.execute(_ISSUED, {"round": round_id}).scalar_one())


def known(conn: Connection, round_id: int, credentials: Sequence[str]) -> set[str]:
    """Those of the credentials that were issued before."""
    found: set[str] = set()
    for part in _parts(credentials):
        found |= set(conn.scalars(_KNOWN, {"round": round_id, "those": part}))
    return found


def batches(conn: Connection, round_id: int) -> list[Batch]:
    """All batches of a round, the oldest first."""
    return [Batch(*row) for row in conn.execute(_BATCHES, {"round": round_id})]


def find(conn: Connection, round_id: int, credential: str) -> Pass | None:
    """The pass with this credential; None when none was issued.

    One statement, which does the same work whatever the answer: a batch is read for an unknown
    credential too, and the box is looked into for every one.
    """
    row = conn.execute(_FIND, {"round": round_id, "mine": credential}).one_or_none()
    return None if row is None or row.voided is None else Pass(*row)


def void(conn: Connection, round_id: int, credential: str) -> bool:
    """Makes a pass void and takes its envelope out of the box; False if there was nothing to do.

    The turnout stays as it was counted: an envelope does not tell its day.
    """
    hold_off_votes(conn, round_id)
    mine = {"round": round_id, "mine": credential}
    if conn.execute(_VOID, mine).rowcount == 0:
        return False
    conn.execute(_TAKE_OUT, mine)
    truncate_log(conn)
    return True


def hold_off_votes(conn: Connection, round_id: int) -> None:
    """Waits for those who are casting, and has others wait for this transaction's end.

    So that no envelope slips into the box behind its pass being made void. What is locked is the
    election: a lock on the pass would leave the number of a transaction in its row.
    """
    conn.execute(_HOLD_OFF, {"round": round_id})


def _parts(credentials: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(credentials), _AT_ONCE):
        yield credentials[at : at + _AT_ONCE]


_ADD_BATCH = insert(stempas_batches).returning(stempas_batches.c.id)
_DROP_BATCH = delete(stempas_batches).where(stempas_batches.c.id == bindparam("batch"))
_ADD = insert(stempassen)
_of_round = stempas_batches.c.round_id == bindparam("round")
_ISSUED = select(func.coalesce(func.sum(stempas_batches.c.count), 0)).where(_of_round)
_KNOWN = select(stempassen.c.credential).where(
    stempassen.c.round_id == bindparam("round"),
    stempassen.c.credential.in_(bindparam("those", expanding=True)),
)
_voided = (
    select(stempassen.c.batch_id, func.count().label("many"))
    .where(stempassen.c.round_id == bindparam("round"), stempassen.c.voided)
    .group_by(stempassen.c.batch_id)
    .subquery()
)
_known: list[ColumnElement[Any]] = [
    *(stempas_batches.c[name] for name in Batch.__slots__ if name != "voided"),
    func.coalesce(_voided.c.many, 0),
]
_BATCHES = (
    select(*_known)
    .outerjoin_from(stempas_batches, _voided, _voided.c.batch_id == stempas_batches.c.id)
    .where(_of_round)
    .order_by(stempas_batches.c.id)
)

_mine = (stempassen.c.round_id == bindparam("round")) & (
    stempassen.c.credential == bindparam("mine")
)
_my_envelope = (envelopes.c.round_id == bindparam("round")) & (
    envelopes.c.credential == bindparam("mine")
)
# The batch of the pass, else the first of the round: ids grow, so the greater one is the pass's.
_either = union_all(
    select(stempassen.c.batch_id.label("id")).where(_mine),
    select(func.min(stempas_batches.c.id)).where(_of_round),
).subquery()
_FIND = select(
    stempas_batches.c.area,
    stempas_batches.c.kind,
    stempas_batches.c.channel,
    select(stempassen.c.voided).where(_mine).scalar_subquery().label("voided"),
    exists().where(_my_envelope).label("used"),
    stempas_batches.c.id,
).where(stempas_batches.c.id == select(func.max(_either.c.id)).scalar_subquery())
_HOLD_OFF = (
    select(elections.c.round_id).where(elections.c.round_id == bindparam("round")).with_for_update()
)
_VOID = update(stempassen).where(_mine, stempassen.c.voided == false()).values(voided=True)
_TAKE_OUT = delete(envelopes).where(_my_envelope)
