"""The few statements that SQLAlchemy writes differently for each database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Build = Callable[[Any], Any]


class Either:
    """A statement that begins with INSERT and needs ON CONFLICT, built once for each database.

    `build` gets the database's own insert of `table` and returns the statement.
    """

    def __init__(self, table: Table, build: Build) -> None:
        self._by_name = {
            "sqlite": build(sqlite.insert(table)),
            "postgresql": build(postgresql.insert(table)),
        }

    def on(self, conn: Connection) -> Any:
        """The statement for this connection."""
        return self._by_name[conn.dialect.name]
