"""What `buurtstem doctor` asks of a database."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from storage.console_tables import console_users


@dataclass(frozen=True, slots=True)
class Users:
    """Accounts of the console that are active: how many there are, how many have no second factor
    (those who sign in with the municipality's account have theirs there), and of the demo."""

    active: int
    without_second: int
    demo: int


def users(conn: Connection) -> Users:
    """How well the console's accounts are guarded."""
    rows = console_users.c
    bare = rows.totp_salt.is_(None) & rows.subject.is_(None)
    found = conn.execute(
        select(
            func.count(),
            func.count().filter(bare),
            func.count().filter(rows.demo),
        ).where(rows.active)
    ).one()
    return Users(*found)


def server_time(conn: Connection) -> float:
    """Seconds since 1970 by the clock of the PostgreSQL server."""
    found: float = conn.execute(
        text("SELECT extract(epoch FROM clock_timestamp())::float8")
    ).scalar_one()
    return found


def synchronous_commit(conn: Connection) -> str:
    """PostgreSQL's setting for our connections: `on` unless somebody changed it."""
    found: str = conn.exec_driver_sql("SHOW synchronous_commit").scalar_one()
    return found
