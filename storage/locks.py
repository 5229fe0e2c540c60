"""Locks of PostgreSQL that belong to no row and leave no trace."""

from __future__ import annotations

from sqlalchemy import Connection, text


def take(conn: Connection, key: int) -> None:
    """Waits until no other transaction has this key; ours until this one ends."""
    conn.execute(_TAKE, {"key": key})


_TAKE = text("SELECT pg_advisory_xact_lock(CAST(:key AS bigint))")
