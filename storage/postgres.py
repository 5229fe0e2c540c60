"""PostgreSQL: a pool of connections, a thread and a transaction for each work."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor

from sqlalchemy import URL, Connection, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError

from storage.db import Callback, Database, T, Work, call_all, collect
from storage.migrate import upgrade

# Serialization failure and deadlock: the server undid it all, so it may be tried again.
_UNDONE = ("40001", "40P01")
# Seconds between attempts; together enough for a restart of the server.
_PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0)


class PostgreSQL(Database):
    """See `Database`."""

    def __init__(self, url: URL, pool: int) -> None:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=pool,
            max_overflow=pool,  # room for readers on threads of their own
            isolation_level="READ COMMITTED",
            hide_parameters=True,  # an error may be logged; what people wrote may not
            connect_args={"connect_timeout": 10, "application_name": "buurtstem"},
        )
        reader = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        super().__init__(reader, pool)
        self._engine = engine
        self._threads = ThreadPoolExecutor(pool, thread_name_prefix="db-write")

    def submit(self, work: Work[T]) -> Future[T]:
        try:
            return self._threads.submit(self._transact, work)
        except RuntimeError:
            raise RuntimeError("the database is closed") from None

    def migrate(self) -> None:
        self.call(upgrade)

    def _transact(self, work: Work[T]) -> T:
        for pause in _PAUSES:
            try:
                return self._once(work)
            except _Again:
                time.sleep(pause)
        try:
            return self._once(work)
        except _Again as again:
            raise again.error from None

    def _once(self, work: Work[T]) -> T:
        """One attempt. Raises `_Again` when certainly nothing of it was stored."""
        try:
            conn = self._engine.connect()
        except OperationalError as error:
            raise _Again(error) from error
        with conn:
            result, callbacks = self._work(conn, work)
            _end(conn)
        call_all(callbacks)
        return result

    def _work(self, conn: Connection, work: Work[T]) -> tuple[T, list[Callback]]:
        try:
            return collect(conn, work)
        except DBAPIError as error:
            if error.connection_invalidated or _is_undone(error):
                raise _Again(error) from error
            raise

    def _drain(self) -> None:
        self._threads.shutdown()


class _Again(Exception):
    def __init__(self, error: DBAPIError) -> None:
        self.error = error


def _end(conn: Connection) -> None:
    """Commits. A connection lost here is not tried again: it may have been stored."""
    try:
        conn.commit()
    except DBAPIError as error:
        if _is_undone(error):
            raise _Again(error) from error
        raise


def _is_undone(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in _UNDONE
