"""PostgreSQL: a pool of connections, a thread and a transaction for each work."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from storage import quick
from storage.db import Callback, Database, T, Work, call_all, collect
from storage.migrate import upgrade

# Serialization failure and deadlock: the server undid it all, so it may be tried again.
_UNDONE = ("40001", "40P01")
# Seconds between attempts; together enough for a restart of the server.
_PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0)

# Seconds after which a machine that was cut off in a transaction holds no lock any more. Ours take
# milliseconds; TCP alone would notice after two hours, and everybody would wait that long.
IDLE = 30


class PostgreSQL(Database):
    """See `Database`."""

    def __init__(self, url: URL, pool: int) -> None:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=pool,
            max_overflow=pool,  # room for readers on threads of their own
            isolation_level="READ COMMITTED",
            hide_parameters=True,  # an error may be logged; what people wrote may not
            connect_args=patience(url, "buurtstem"),
        )
        reader = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        event.listen(engine, "before_cursor_execute", _flush)
        super().__init__(reader, pool)
        self._engine = engine
        self._threads = ThreadPoolExecutor(pool, thread_name_prefix="db-write")
        self._mine = threading.local()  # each thread keeps its connection while all goes well
        self._kept: set[Connection] = set()

    def submit(self, work: Work[T]) -> Future[T]:
        try:
            return self._threads.submit(self._transact, work)
        except RuntimeError:
            raise RuntimeError("the database is closed") from None

    async def run(self, work: Work[T]) -> T:
        loop = asyncio.get_running_loop()
        told: asyncio.Future[T] = loop.create_future()

        def tell(done: Future[T]) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_tell, told, done)

        under_way = self.submit(work)
        under_way.add_done_callback(tell)
        try:
            return await told
        except asyncio.CancelledError:
            under_way.cancel()  # if it has not begun
            raise

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
        conn = self._connection()
        try:
            result, callbacks = self._work(conn, work)
            _end(conn)
        except BaseException:
            self._mine.conn = None
            self._kept.discard(conn)
            conn.close()  # which undoes what it had begun
            raise
        call_all(callbacks)
        return result

    def _connection(self) -> Connection:
        """This thread's own: to have one from the pool each time costs as much as a statement."""
        conn: Connection | None = getattr(self._mine, "conn", None)
        if conn is None:
            try:
                conn = self._engine.connect()
            except OperationalError as error:
                raise _Again(error) from error
            self._mine.conn = conn
            self._kept.add(conn)
        return conn

    def _work(self, conn: Connection, work: Work[T]) -> tuple[T, list[Callback]]:
        try:
            with quick.gathering(conn):
                return collect(conn, work)
        except DBAPIError as error:
            if error.connection_invalidated or _is_undone(error):
                raise _Again(error) from error
            raise

    def _drain(self) -> None:
        self._threads.shutdown()
        while self._kept:
            self._kept.pop().close()


def _tell(told: asyncio.Future[T], done: Future[T]) -> None:
    """On the loop: what became of it, unless nobody waits any more."""
    if told.cancelled():
        return
    error = done.exception()
    if error is None:
        told.set_result(done.result())
    else:
        told.set_exception(error)


def patience(url: URL | str, name: str) -> dict[str, Any]:
    """What a connection is opened with: how soon each end notices that the other one is gone,
    after what the URL's options say. `name` is the application's, in the server's own lists."""
    theirs = make_url(url).query.get("options", "")
    idle = f"-c idle_in_transaction_session_timeout={IDLE * 1000}"
    return {
        "connect_timeout": 10,
        "application_name": name,
        "options": f"{theirs} {idle}" if isinstance(theirs, str) else idle,
        "tcp_user_timeout": IDLE * 1000,
        "keepalives_idle": 5,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }


def _flush(conn: Connection, *_: Any) -> None:
    quick.flush(conn)


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
