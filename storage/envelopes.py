"""The box: sealed ballots under their credentials, and the count of those who used a pass.

An envelope is written in a transaction of its own, before the one with the chat's rows, and has
neither a time nor a number (design, section 8). What the database itself keeps of each row, where
it lies in the file and (PostgreSQL) which transaction wrote it, `mix` makes worthless.
"""

from __future__ import annotations

import hashlib
from secrets import SystemRandom

from sqlalchemy import (
    Connection,
    Text,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    select,
    text,
    update,
)

from storage import elections
from storage.dialects import Either
from storage.sqlite import truncate_log
from storage.vote_tables import elections as elections_table
from storage.vote_tables import envelopes, passes_used, stempassen, turnout


class NotTakenError(Exception):
    """The box takes no envelope of this pass: the vote has closed, or the pass is void."""


def put(conn: Connection, round_id: int, credential: str, box: bytes, area: str, day: str) -> bool:
    """Puts an envelope in the box, in place of an earlier one; True when there was none.

    The first one of a pass counts in the turnout of its area and `day` (such as 2026-11-22).
    Nothing else may be written in this transaction. Raises `NotTakenError`.
    """
    if conn.dialect.name == "postgresql":  # whatever the server's setting: a vote is not lost
        conn.exec_driver_sql("SET LOCAL synchronous_commit = on")
    mine = {"round": round_id, "mine": credential}
    if not elections.takes_votes(conn, round_id) or not conn.scalar(_IS_VALID, mine):
        raise NotTakenError
    row = {"round_id": round_id, "credential": credential, "box": box}
    if conn.execute(_PUT.on(conn), row).first() is None:
        conn.execute(_REPLACE, mine | {"new_box": box})
        return False
    conn.execute(_COUNT.on(conn), {"round_id": round_id, "area": area, "day": day})
    return True


def boxes(conn: Connection, round_id: int) -> list[tuple[str, bytes]]:
    """Every envelope as (credential, box), by credential."""
    return [(row.credential, row.box) for row in conn.execute(_BOXES, {"round": round_id})]


def daily_turnout(conn: Connection, round_id: int) -> dict[tuple[str, str], int]:
    """How many passes were used for the first time, by (area, day)."""
    rows = conn.execute(_TURNOUT, {"round": round_id})
    return {(area, day): count for area, day, count in rows}


def used_by(conn: Connection, round_id: int, person_id: int) -> None:
    """Another pass was used from this person's phone; which one is not told.

    In the chat's transaction, never in that of the envelope.
    """
    conn.execute(_USED_BY.on(conn), {"round_id": round_id, "person_id": person_id})


def many_from_one_phone(conn: Connection, round_id: int, at_least: int) -> int:
    """From how many phones so many passes or more were used; it may be help, it may be abuse."""
    where = {"round": round_id, "least": at_least}
    return int(conn.execute(_MANY, where).scalar_one())


def taking(conn: Connection) -> list[int]:
    """The rounds whose box is open."""
    return list(conn.scalars(_TAKING))


def mix(conn: Connection, round_id: int) -> None:
    """Makes that no row tells by its place, its transaction or the log when it was written.

    On PostgreSQL all envelopes are written anew by one transaction, in the order of their
    credentials, which is nobody's; the old file of the table goes. On SQLite likewise, in an order
    by chance: each box lies on a page of its own, and pages are given out one after another. The
    box is shut meanwhile.
    """
    if conn.dialect.name == "postgresql":
        for statement in _MIX:
            conn.execute(statement)
        conn.execute(_TOUCH, {"round": round_id})
    else:
        _mix_file(conn)
    truncate_log(conn)


def _mix_file(conn: Connection) -> None:
    rows = [dict(row) for row in conn.execute(select(envelopes)).mappings()]
    SystemRandom().shuffle(rows)
    conn.execute(delete(envelopes))
    if rows:
        conn.execute(insert(envelopes), rows)


def is_mixed(conn: Connection, round_id: int, before: str = "") -> bool:
    """Whether nothing was put into the box since it was mixed.

    before: the `fingerprint` of when it was, for SQLite, which notes nothing that would tell.
    """
    if conn.dialect.name != "postgresql":
        return fingerprint(conn, round_id) == before
    return int(conn.execute(_WRITERS, {"round": round_id}).scalar_one()) <= 1


def fingerprint(conn: Connection, round_id: int) -> str:
    """A hash of all that is in the box."""
    hash_ = hashlib.sha256()
    for row in conn.execute(_BOXES, {"round": round_id}):
        hash_.update(row.box)
    return hash_.hexdigest()


_TAKING = select(elections_table.c.round_id).where(
    elections_table.c.state == elections.State.OPEN.value
)
_mine = (envelopes.c.round_id == bindparam("round"), envelopes.c.credential == bindparam("mine"))
_IS_VALID = select(
    exists().where(
        stempassen.c.round_id == bindparam("round"),
        stempassen.c.credential == bindparam("mine"),
        ~stempassen.c.voided,
    )
)
_PUT = Either(
    envelopes,
    lambda insert: insert.on_conflict_do_nothing().returning(envelopes.c.round_id),
)
_REPLACE = update(envelopes).where(*_mine).values(box=bindparam("new_box"))
_COUNT = Either(
    turnout,
    lambda insert: insert.values(count=1).on_conflict_do_update(
        index_elements=["round_id", "area", "day"], set_={"count": turnout.c.count + 1}
    ),
)
_BOXES = (
    select(envelopes.c.credential, envelopes.c.box)
    .where(envelopes.c.round_id == bindparam("round"))
    .order_by(envelopes.c.credential)
)
_TURNOUT = (
    select(turnout.c.area, turnout.c.day, turnout.c.count)
    .where(turnout.c.round_id == bindparam("round"))
    .order_by(turnout.c.area, turnout.c.day)
)
_USED_BY = Either(
    passes_used,
    lambda insert: insert.values(count=1).on_conflict_do_update(
        index_elements=["round_id", "person_id"], set_={"count": passes_used.c.count + 1}
    ),
)
_MANY = (
    select(func.count())
    .select_from(passes_used)
    .where(passes_used.c.round_id == bindparam("round"), passes_used.c.count >= bindparam("least"))
)
# An update or a delete would leave the old rows where they are until the server cleans up.
_MIX = (
    text("LOCK TABLE envelopes IN ACCESS EXCLUSIVE MODE"),
    text("CREATE TEMPORARY TABLE mixing ON COMMIT DROP AS TABLE envelopes"),
    text("TRUNCATE envelopes"),
    insert(envelopes).from_select(
        ["round_id", "credential", "box"],
        text("SELECT round_id, credential, box FROM mixing ORDER BY round_id, credential").columns(
            envelopes.c.round_id, envelopes.c.credential, envelopes.c.box
        ),
    ),
)
_TOUCH = (
    update(turnout).where(turnout.c.round_id == bindparam("round")).values(count=turnout.c.count)
)
_WRITERS = select(func.count(func.distinct(cast(text("envelopes.xmin"), Text)))).where(
    envelopes.c.round_id == bindparam("round")
)
