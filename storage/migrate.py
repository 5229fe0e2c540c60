"""Brings a database to the newest revision with Alembic, without an ini file."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect, text

# Any number that nothing else in this database uses.
_LOCK = text("SELECT pg_advisory_xact_lock(8207141)")


def upgrade(conn: Connection) -> None:
    """Upgrades within the transaction of `conn`, which only one process can hold at a time.

    On SQLite the transaction itself is that lock (BEGIN IMMEDIATE).
    """
    if conn.dialect.name == "postgresql":
        conn.execute(_LOCK)
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    config.attributes["connection"] = conn
    command.upgrade(config, "head")


def is_empty(conn: Connection) -> bool:
    """Whether there is no table at all: a database with any may be somebody's."""
    return not inspect(conn).get_table_names()
