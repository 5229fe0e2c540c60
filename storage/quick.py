"""The few statements that run for every message, handed to the driver itself.

SQLAlchemy writes them, once for each database; running them through it would cost more than the
driver and the dialogue together (decision 21). What a transaction only writes, and asks nothing
of, can go to PostgreSQL `later`: together in one statement, so that one round trip does for all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from itertools import chain
from typing import Any

from psycopg import RawCursor
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DBAPIError

from storage.dialects import Either

Values = Mapping[str, Any]

_WAITING = "buurtstem.later"
_CURSOR = "buurtstem.cursor"
_VALUE = re.compile(r"\$(\d+)")
_DIALECTS = {
    "sqlite": SQLiteDialect_pysqlite(paramstyle="qmark"),
    "postgresql": PGDialect_psycopg(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]
}


class _Text:
    """A statement as a driver takes it: its words, and the names of its values in order."""

    def __init__(self, statement: Any, dialect: str, names: list[str]) -> None:
        compiled = statement.compile(dialect=_DIALECTS[dialect], column_keys=names)
        self.sql = str(compiled)
        self._order = tuple(compiled.positiontup or ())
        self._fixed = {n: v for n, v in compiled.params.items() if n not in names}

    def args(self, values: Values) -> tuple[Any, ...]:
        fixed = self._fixed
        return tuple([values[n] if n in values else fixed[n] for n in self._order])


class Quick:
    """A statement that always gets the same names of values. Rows are plain tuples: on SQLite
    what is true or false comes back as 1 or 0. `into`: the table that it changes, where
    SQLAlchemy does not know."""

    def __init__(self, statement: Any, into: str = "") -> None:
        self._statement = statement
        self._into = into or str(getattr(statement, "table", ""))
        self._texts: dict[str, _Text] = {}

    def first(self, conn: Connection, values: Values) -> Any:
        """The first row, None when there is none."""
        return self._run(conn, values).fetchone()

    def rows(self, conn: Connection, values: Values) -> list[Any]:
        """All rows."""
        rows: list[Any] = self._run(conn, values).fetchall()
        return rows

    def changed(self, conn: Connection, values: Values) -> int:
        """How many rows an update or delete changed."""
        return int(self._run(conn, values).rowcount)

    def later(self, conn: Connection, values: Values) -> None:
        """Runs it before anything else is asked of this connection, at the latest before the
        commit. Only for what gives no rows."""
        waiting = conn.info.get(_WAITING)
        if waiting is None:
            self._run(conn, values)
            return
        if self._into in waiting:  # in one statement, nobody could tell which comes first
            flush(conn)
        text = self._text(conn, values)
        waiting[self._into] = text.sql, text.args(values)

    def _run(self, conn: Connection, values: Values) -> Any:
        flush(conn)
        text = self._text(conn, values)
        return _execute(conn, text.sql, text.args(values))

    def _text(self, conn: Connection, values: Values) -> _Text:
        dialect = conn.dialect.name
        if dialect not in self._texts:
            one = self._statement
            statement = one.on(conn) if isinstance(one, Either) else one
            self._texts[dialect] = _Text(statement, dialect, list(values))
        return self._texts[dialect]


@contextmanager
def gathering(conn: Connection) -> Iterator[None]:
    """Within, what goes `later` is gathered; at the end it is sent, or dropped with an error."""
    info = conn.info  # of a connection that got lost it could not be had afterwards
    info[_WAITING] = {}
    try:
        yield
        flush(conn)
    finally:
        del info[_WAITING]


def flush(conn: Connection) -> None:
    """Sends what waits on this connection, as one statement."""
    waiting = conn.info.get(_WAITING)
    if not waiting:
        return
    parts = list(waiting.values())
    waiting.clear()
    args = tuple(chain.from_iterable(some for _, some in parts))
    _execute(conn, _joined(tuple((sql, len(some)) for sql, some in parts)), args)


@lru_cache(256)
def _joined(parts: tuple[tuple[str, int], ...]) -> str:
    """One statement of several, each with the number of its values."""
    numbered, before = [], 0
    for sql, many in parts:
        numbered.append(_VALUE.sub(partial(_moved, by=before), sql))
        before += many
    *first, last = numbered
    if not first:
        return last
    named = (f"part_{n} AS ({sql})" for n, sql in enumerate(first))
    return f"WITH {', '.join(named)} {last}"


def _moved(value: re.Match[str], by: int) -> str:
    return f"${int(value[1]) + by}"


def _execute(conn: Connection, sql: str, args: tuple[Any, ...]) -> Any:
    if not conn.in_transaction():
        conn.begin()
    raw: Any = conn.connection.dbapi_connection
    try:
        cursor = raw.cursor() if conn.dialect.name == "sqlite" else _cursor(conn, raw)
        return cursor.execute(sql, args)
    except Exception as error:
        raise _as_sqlalchemy(conn, raw, sql, error) from error


def _cursor(conn: Connection, raw: Any) -> RawCursor[Any]:
    """This connection's own: what it gives is read before it is asked again. Psycopg's raw cursor
    takes the server's own $1, which it need not look for."""
    info = conn.info
    cursor: RawCursor[Any] | None = info.get(_CURSOR)
    if cursor is None:
        cursor = info[_CURSOR] = RawCursor(raw)
    return cursor


def _as_sqlalchemy(conn: Connection, raw: Any, sql: str, error: Exception) -> Any:
    """The error as it would have come through SQLAlchemy, without what people wrote."""
    base: Any = conn.dialect.loaded_dbapi.Error
    if not isinstance(error, base):
        return error
    lost = bool(getattr(raw, "closed", False))
    if lost:
        conn.invalidate(error)
    return DBAPIError.instance(
        sql, None, error, base, hide_parameters=True, connection_invalidated=lost
    )
