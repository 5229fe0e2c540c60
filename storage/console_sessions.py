"""Who is signed in to the console, and how often somebody tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from storage import leases
from storage.console_tables import console_attempts, console_sessions, console_users
from storage.console_users import User

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that signed in. `complete` is False while a second factor is still asked."""

    id: int
    user_id: int
    complete: bool
    browser: str
    created_at: int
    seen_at: int


def start(
    conn: Connection, user_id: int, hash_: str, browser: str, now_ms: int, *, complete: bool
) -> None:
    """Stores a session under the hash of its token."""
    row = {"user_id": user_id, "hash": hash_, "browser": browser, "complete": complete}
    conn.execute(insert(console_sessions), {**row, "created_at": now_ms, "seen_at": now_ms})


def find(
    conn: Connection, hash_: str, seen_after_ms: int, created_after_ms: int
) -> tuple[Session, User] | None:
    """A session that is not too old nor idle too long, with whose it is; only if they may."""
    where = {"token": hash_, "seen": seen_after_ms, "created": created_after_ms}
    row = conn.execute(_FIND, where).one_or_none()
    if row is None:
        return None
    width = len(Session.__slots__)
    return Session(*row[:width]), User(*row[width:])


def seen(conn: Connection, session_id: int, now_ms: int) -> None:
    """Notes that it is in use."""
    conn.execute(_SEEN, {"session": session_id, "now": now_ms})


def of_user(conn: Connection, user_id: int, seen_after_ms: int) -> list[Session]:
    """The user's sessions that still hold, the latest used first."""
    where = {"user": user_id, "seen": seen_after_ms}
    return [Session(*row) for row in conn.execute(_OF_USER, where)]


def end(conn: Connection, hash_: str) -> None:
    """Ends one session."""
    conn.execute(_END, {"token": hash_})


def end_of_user(conn: Connection, user_id: int, but: str = "") -> None:
    """Ends the user's sessions, except the one of the hash `but`."""
    conn.execute(_END_OF_USER, {"user": user_id, "but": but})


def forget_old(conn: Connection, sessions_before_ms: int, attempts_before_ms: int) -> None:
    """Removes what no longer counts."""
    conn.execute(_OLD_SESSIONS, {"before": sessions_before_ms})
    conn.execute(_OLD_ATTEMPTS, {"before": attempts_before_ms})


def attempt(conn: Connection, limits: Mapping[str, int], since_ms: int, now_ms: int) -> bool:
    """Counts an attempt for each key of `limits`; False when one had its number since then.

    Processes that do so at the same moment see each other's attempts. One that is refused does
    not count, or somebody who goes on trying would never get in again.
    """
    leases.one_at_a_time(conn)
    where = {"keys": list(limits), "since": since_ms}
    counts = {row.key: row.n for row in conn.execute(_ATTEMPTS, where)}
    if any(counts.get(key, 0) >= most for key, most in limits.items()):
        return False
    conn.execute(insert(console_attempts), [{"key": key, "at": now_ms} for key in limits])
    return True


def succeeded(conn: Connection, keys: list[str]) -> None:
    """Somebody got in: what was tried for these keys no longer counts."""
    conn.execute(_SUCCEEDED, {"keys": keys})


_columns = [console_sessions.c[name] for name in Session.__slots__]
_FIND = (
    select(*_columns, *(console_users.c[name] for name in User.__slots__))
    .join(console_users, console_users.c.id == console_sessions.c.user_id)
    .where(
        console_sessions.c.hash == bindparam("token"),
        console_sessions.c.seen_at > bindparam("seen"),
        console_sessions.c.created_at > bindparam("created"),
        console_users.c.active,
    )
)
_SEEN = (
    update(console_sessions)
    .where(console_sessions.c.id == bindparam("session"))
    .values(seen_at=bindparam("now"))
)
_OF_USER = (
    select(*_columns)
    .where(
        console_sessions.c.user_id == bindparam("user"),
        console_sessions.c.seen_at > bindparam("seen"),
        console_sessions.c.complete,
    )
    .order_by(console_sessions.c.seen_at.desc())
)
_END = delete(console_sessions).where(console_sessions.c.hash == bindparam("token"))
_END_OF_USER = delete(console_sessions).where(
    console_sessions.c.user_id == bindparam("user"), console_sessions.c.hash != bindparam("but")
)
_OLD_SESSIONS = delete(console_sessions).where(console_sessions.c.created_at < bindparam("before"))
_OLD_ATTEMPTS = delete(console_attempts).where(console_attempts.c.at < bindparam("before"))
_ATTEMPTS = (
    select(console_attempts.c.key, func.count().label("n"))
    .where(
        console_attempts.c.key.in_(bindparam("keys", expanding=True)),
        console_attempts.c.at > bindparam("since"),
    )
    .group_by(console_attempts.c.key)
)
_SUCCEEDED = delete(console_attempts).where(
    console_attempts.c.key.in_(bindparam("keys", expanding=True))
)
