"""How often somebody may try a code, kept where restarts and other processes see it too.

A row says that a person had a code checked, when, and whether it was wrong; nothing of the code.
Right ones are written as well, so that both take as long, and go again soon.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, literal, select

from storage import leases
from storage.retention_tables import forgotten_checks
from storage.tables import sessions
from storage.vote_tables import code_checks

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
SPAN_MS, MOST = 15 * MINUTE_MS, 5  # wrong codes of one person, then they wait
DAY_MS, MOST_IN_DAY = 24 * HOUR_MS, 10  # then a person must help
MOST_IN_ROUND = 300  # wrong codes of everybody in an hour, then all answers slow down


@dataclass(frozen=True, slots=True)
class Limits:
    """What somebody may still try.

    tries_left: wrong codes before they must wait; until_ms: no check before then, None when they
    need not wait. needs_help: too many in a day. storm: too many in the whole round; right codes
    still work, but every answer is slowed down.
    """

    tries_left: int
    until_ms: int | None
    needs_help: bool
    storm: bool


def state(conn: Connection, round_id: int, person_id: int, now_ms: int, who: str = "") -> Limits:
    """What this person may try now. Their other checks wait for the end of this transaction.

    `who` is the keyed hash of their address (see `storage.forgetting`): what was tried from there
    before somebody was forgotten counts too.
    """
    conn.execute(_LOCK, {"person": person_id})
    mine = {"round": round_id, "person": person_id, "since": now_ms - DAY_MS, "who": who}
    wrong = conn.scalars(_WRONG, mine).all()
    return _limits(wrong, wrong_lately(conn, round_id, now_ms) > MOST_IN_ROUND, now_ms)


def wrong_lately(conn: Connection, round_id: int, now_ms: int) -> int:
    """How many wrong codes were tried in the last hour, up to one more than makes a storm."""
    since = {"round": round_id, "since": now_ms - HOUR_MS}
    return sum(int(conn.execute(each, since).scalar_one()) for each in (_IN_ROUND, _GONE_IN_ROUND))


def note(conn: Connection, round_id: int, person_id: int, wrong: bool, now_ms: int) -> None:
    """Writes down that a code was checked, right or wrong."""
    row = {"round_id": round_id, "person_id": person_id, "wrong": wrong, "at": now_ms}
    conn.execute(_NOTE, row)


def alarm(conn: Connection, round_id: int, now_ms: int) -> bool:
    """Whether a storm should be told now: True once an hour, to one of all processes."""
    name, holder = f"storm:{round_id}", secrets.token_hex(8)
    return leases.take(conn, name, holder, now_ms + HOUR_MS, now_ms)


def prune(conn: Connection, now_ms: int) -> None:
    """Removes right checks after a quarter of an hour, all after a day."""
    conn.execute(_PRUNE, {"right": now_ms - SPAN_MS, "all": now_ms - DAY_MS})
    conn.execute(_PRUNE_GONE, {"all": now_ms - DAY_MS})


def keep_wrong(conn: Connection, person_id: int, whos: Sequence[str]) -> None:
    """Keeps the wrong checks of somebody who is being forgotten, for each hash of an address."""
    for row in conn.execute(_WRONG_OF, {"person": person_id}).all():
        new = [{"round_id": row.round_id, "who": who, "at": row.at} for who in whos]
        if new:
            conn.execute(insert(forgotten_checks), new)


def _limits(wrong: Sequence[int], storm: bool, now_ms: int) -> Limits:
    """`wrong`: when the last ones were, the newest first, at most ten, of one day."""
    lately = [at for at in wrong if at > now_ms - SPAN_MS]
    left = max(0, min(MOST - len(lately), MOST_IN_DAY - len(wrong)))
    until = lately[MOST - 1] + SPAN_MS if len(lately) >= MOST else None
    return Limits(left, until, len(wrong) >= MOST_IN_DAY, storm)


# The same lock as one message of this person takes: see storage.hot.
_LOCK = (
    select(sessions.c.person_id)
    .where(sessions.c.person_id == bindparam("person"))
    .with_for_update()
)
_own = select(code_checks.c.at).where(
    code_checks.c.person_id == bindparam("person"),
    code_checks.c.at > bindparam("since"),
    code_checks.c.round_id == bindparam("round"),
    code_checks.c.wrong,
)
_gone = select(forgotten_checks.c.at).where(
    forgotten_checks.c.who == bindparam("who"),
    forgotten_checks.c.at > bindparam("since"),
    forgotten_checks.c.round_id == bindparam("round"),
)
_both = _own.union_all(_gone).subquery()
_WRONG = select(_both.c.at).order_by(_both.c.at.desc()).limit(MOST_IN_DAY)
_WRONG_OF = select(code_checks.c.round_id, code_checks.c.at).where(
    code_checks.c.person_id == bindparam("person"), code_checks.c.wrong
)
_some = (
    select(literal(1))
    .where(
        code_checks.c.round_id == bindparam("round"),
        code_checks.c.wrong == True,  # noqa: E712 - as the index has it
        code_checks.c.at > bindparam("since"),
    )
    .limit(MOST_IN_ROUND + 1)
    .subquery()
)
_IN_ROUND = select(func.count()).select_from(_some)
_GONE_IN_ROUND = (
    select(func.count())
    .select_from(forgotten_checks)
    .where(
        forgotten_checks.c.round_id == bindparam("round"),
        forgotten_checks.c.at > bindparam("since"),
    )
)
_PRUNE_GONE = delete(forgotten_checks).where(forgotten_checks.c.at <= bindparam("all"))
_NOTE = insert(code_checks)
_PRUNE = delete(code_checks).where(
    (code_checks.c.at <= bindparam("all"))
    | ((code_checks.c.wrong == False) & (code_checks.c.at <= bindparam("right")))  # noqa: E712
)
