"""Who may sign in to the console."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage.console_tables import console_recovery, console_sessions, console_users


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with an account; see `console_tables` for what each value is."""

    id: int
    name: str
    role: str
    password: str | None
    must_change: bool
    totp_salt: str | None
    totp_step: int | None
    subject: str | None
    language: str
    demo: bool
    active: bool
    created_at: int


def add(
    conn: Connection,
    name: str,
    role: str,
    now_ms: int,
    *,
    password: str | None = None,
    must_change: bool = False,
    subject: str | None = None,
    demo: bool = False,
) -> int:
    """Adds an account; its row id. Raises ValueError when the name (or subject) is taken."""
    row = {"name": name, "role": role, "created_at": now_ms, "password": password}
    row |= {"must_change": must_change, "subject": subject, "demo": demo}
    try:
        with conn.begin_nested():
            new: int = conn.execute(_ADD, row).scalar_one()
    except IntegrityError:
        raise ValueError("there is somebody of that name already") from None
    return new


def get(conn: Connection, user_id: int) -> User | None:
    """The account with this row id."""
    return _user(conn.execute(_BY_ID, {"user": user_id}).one_or_none())


def by_name(conn: Connection, name: str) -> User | None:
    """The account of this name."""
    return _user(conn.execute(_BY_NAME, {"who": name}).one_or_none())


def by_subject(conn: Connection, subject: str) -> User | None:
    """The account of somebody whom the municipality's sign-in knows."""
    return _user(conn.execute(_BY_SUBJECT, {"who": subject}).one_or_none())


def everybody(conn: Connection) -> list[User]:
    """All accounts, by name."""
    return [User(*row) for row in conn.execute(_ALL)]


def names(conn: Connection) -> dict[int, str]:
    """What everybody is called, by row id."""
    return {user.id: user.name for user in everybody(conn)}


def set_password(conn: Connection, user_id: int, password: str, *, must_change: bool) -> None:
    """Sets the hash of a password; `must_change` when somebody else made it."""
    _set(conn, user_id, password=password, must_change=must_change)


def set_totp(
    conn: Connection, user_id: int, salt: str | None, step: int | None, hashes: Collection[str]
) -> None:
    """Sets or (with None) removes the second factor, with the hashes of its recovery codes."""
    _set(conn, user_id, totp_salt=salt, totp_step=step)
    conn.execute(_NO_CODES, {"user": user_id})
    if hashes:
        rows = [{"user_id": user_id, "hash": each} for each in hashes]
        conn.execute(insert(console_recovery), rows)


def use_step(conn: Connection, user_id: int, step: int) -> bool:
    """Notes that the code of this step was used; False if it, or a later one, was before."""
    return conn.execute(_USE_STEP, {"user": user_id, "step": step}).rowcount == 1


def use_recovery(conn: Connection, user_id: int, hash_: str) -> bool:
    """Uses up a recovery code; False if there is none like it."""
    return conn.execute(_USE_CODE, {"user": user_id, "code": hash_}).rowcount == 1


def set_language(conn: Connection, user_id: int, language: str) -> None:
    """The language in which this user reads the console."""
    _set(conn, user_id, language=language)


def set_role(conn: Connection, user_id: int, role: str) -> None:
    """What this user may do from now on."""
    _set(conn, user_id, role=role)


def set_active(conn: Connection, user_id: int, active: bool) -> None:
    """Whether the user may sign in; who may not is signed out everywhere."""
    _set(conn, user_id, active=active)
    if not active:
        conn.execute(_SIGN_OUT, {"user": user_id})


def _set(conn: Connection, user_id: int, **values: Any) -> None:
    conn.execute(update(console_users).where(console_users.c.id == user_id).values(values))


def _user(row: Any) -> User | None:
    return User(*row) if row else None


_ADD = insert(console_users).values(active=True, language="").returning(console_users.c.id)
_all = select(*(console_users.c[name] for name in User.__slots__))
_ALL = _all.order_by(console_users.c.name)
_BY_ID = _all.where(console_users.c.id == bindparam("user"))
_BY_NAME = _all.where(console_users.c.name == bindparam("who"))
_BY_SUBJECT = _all.where(console_users.c.subject == bindparam("who"))
_NO_CODES = delete(console_recovery).where(console_recovery.c.user_id == bindparam("user"))
_USE_CODE = _NO_CODES.where(console_recovery.c.hash == bindparam("code"))
_USE_STEP = (
    update(console_users)
    .where(
        console_users.c.id == bindparam("user"),
        console_users.c.totp_step.is_(None) | (console_users.c.totp_step < bindparam("step")),
    )
    .values(totp_step=bindparam("step"))
)
_SIGN_OUT = delete(console_sessions).where(console_sessions.c.user_id == bindparam("user"))
