"""Brings a database to the newest revision with Alembic, without an ini file."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

# Any number that nothing else in this database uses.
_LOCK = text("SELECT pg_advisory_xact_lock(8207141)")


def upgrade(conn: Connection) -> None:
    """Upgrades within the transaction of `conn`, which only one process can hold at a time.

    On SQLite the transaction itself is that lock (BEGIN IMMEDIATE).
    """
    if conn.dialect.name == "postgresql":
        conn.execute(_LOCK)
    config = _config()
    config.attributes["connection"] = conn
    command.upgrade(config, "head")


def revisions(conn: Connection) -> tuple[str, str]:
    """The revision that the database has ("" for none), and the newest that we know."""
    head = ScriptDirectory.from_config(_config()).get_current_head() or ""
    return MigrationContext.configure(conn).get_current_revision() or "", head


def is_at_head(conn: Connection) -> bool:
    """Whether the database has all that we need; one of a newer version has that too."""
    known = [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]
    has, newest = revisions(conn)
    return has == newest or (has != "" and has not in known)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    return config


def is_empty(conn: Connection) -> bool:
    """Whether there is no table at all: a database with any may be somebody's."""
    return not inspect(conn).get_table_names()
