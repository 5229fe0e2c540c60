"""SQLite: one thread writes, and what waits together is committed together.

A commit costs a flush to the disk. While one runs, others queue up; the next transaction takes
them all, each within a savepoint of its own, so that one flush serves many and a failure stays
with the one that failed.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from storage.db import Callback, Database, T, Work, after_commit, call_all, collect
from storage.migrate import upgrade

MOST_AT_ONCE = 64  # works in one commit: bounds how long the first one waits
READERS = 4
BUSY_MS = 10_000  # how long to wait for another process that writes
PATIENCE_MS = 200  # how long to wait for those who read, with everybody else waiting for us


class SQLite(Database):
    """See `Database`. The file and its folder are made when absent."""

    def __init__(self, url: URL) -> None:
        assert url.database
        Path(url.database).absolute().parent.mkdir(parents=True, exist_ok=True)
        self._url = url
        super().__init__(_engine(url, READERS, "BEGIN", _READING), READERS)
        self._writer = _engine(url, 1, "BEGIN IMMEDIATE", _WRITING)
        with self._writer.connect():
            pass  # a file that cannot be opened is told here, not in the thread
        self._queue: SimpleQueue[_Task | None] = SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._write, name="db-write", daemon=True)
        self._thread.start()

    def submit(self, work: Work[T]) -> Future[T]:
        future: Future[T] = Future()
        self._put(_Task(work, future, None))
        return future

    async def run(self, work: Work[T]) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._put(_Task(work, future, loop))
        return await future

    def call(self, work: Work[T]) -> T:
        if threading.current_thread() is self._thread:
            raise RuntimeError("a transaction cannot wait for another one")
        return super().call(work)

    def migrate(self) -> None:
        engine = _engine(self._url, 1, "BEGIN IMMEDIATE", _CHANGING)
        with engine.begin() as conn:
            upgrade(conn)
        engine.dispose()

    def _put(self, task: _Task) -> None:
        with self._gate:
            if self._closed:
                raise RuntimeError("the database is closed")
            self._queue.put(task)

    def _drain(self) -> None:
        with self._gate:
            if not self._closed:
                self._queue.put(None)
            self._closed = True
        self._thread.join()
        self._writer.dispose()

    def _write(self) -> None:
        with self._writer.connect() as conn:
            more = True
            while more:
                tasks, more = self._take()
                if tasks:
                    _settle(tasks, _commit(conn, tasks))

    def _take(self) -> tuple[list[_Task], bool]:
        """What is queued, waiting for the first; False when it was the last."""
        task = self._queue.get()
        tasks: list[_Task] = []
        while task is not None:
            if task.starts():
                tasks.append(task)
            if len(tasks) == MOST_AT_ONCE:
                return tasks, True
            try:
                task = self._queue.get_nowait()
            except Empty:
                return tasks, True
        return tasks, False


class _Task:
    """A work with whom to tell: a concurrent future, or one of an event loop."""

    __slots__ = ("error", "future", "loop", "result", "work")

    def __init__(self, work: Work[Any], future: Any, loop: Any) -> None:
        self.work = work
        self.future = future
        self.loop = loop
        self.result: Any = None
        self.error: BaseException | None = None

    def starts(self) -> bool:
        """False for one that was cancelled; a concurrent future can't be cancelled from here on."""
        if self.loop is None:
            return bool(self.future.set_running_or_notify_cancel())
        return not self.future.cancelled()

    def tell(self) -> None:
        if self.future.cancelled():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


def _commit(conn: Connection, tasks: list[_Task]) -> list[Callback]:
    """One transaction for all tasks; each then has its result or its error."""
    callbacks: list[Callback] = []
    try:
        with conn.begin():
            for task in tasks:
                callbacks += _attempt(conn, task)
    except BaseException as error:  # this thread must go on
        conn.invalidate()  # throws away whatever that transaction still held, and reconnects
        for task in tasks:
            task.error = task.error or error
        return []
    return callbacks


def _attempt(conn: Connection, task: _Task) -> list[Callback]:
    """Runs one task; rolls back only that one when it fails."""
    raw: Any = conn.connection.dbapi_connection
    raw.execute("SAVEPOINT work")
    try:
        task.result, callbacks = collect(conn, task.work)
    except BaseException as error:
        task.error = error
        if not raw.in_transaction:
            raise  # SQLite gave up on the whole transaction: a full disk, an unreadable file
        raw.execute("ROLLBACK TO work")
        callbacks = []
    raw.execute("RELEASE work")
    return callbacks


def _settle(tasks: list[_Task], callbacks: list[Callback]) -> None:
    call_all(callbacks)
    for loop in {task.loop for task in tasks}:
        _tell(loop, [task for task in tasks if task.loop is loop])


def _tell(loop: asyncio.AbstractEventLoop | None, tasks: list[_Task]) -> None:
    if loop is None:
        return _tell_all(tasks)
    try:
        loop.call_soon_threadsafe(_tell_all, tasks)
    except RuntimeError:
        return None  # the loop is closed: nobody waits any more


def _tell_all(tasks: Iterable[_Task]) -> None:
    for task in tasks:
        task.tell()


def truncate_log(conn: Connection) -> None:
    """What this transaction deletes or blanks vanishes from the log as well, once it is stored.

    SQLite keeps old pages in its write-ahead log until they happen to be overwritten. Somebody
    who reads just then keeps it a little longer. On PostgreSQL this does nothing.
    """
    raw: Any = conn.connection.dbapi_connection
    if conn.dialect.name == "sqlite":
        after_commit(conn, lambda: _truncate(raw))


def _truncate(raw: Any) -> None:
    raw.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
    try:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        raw.execute(f"PRAGMA busy_timeout = {BUSY_MS}")


_COMMON = ("foreign_keys = ON", "cache_size = -32000")
_READING = (*_COMMON, "query_only = ON")
_WRITING = ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", *_COMMON)
# SQLite changes a table by copying it and dropping the old one, to which others still point.
_CHANGING = ("journal_mode = WAL", "foreign_keys = OFF")


def _engine(url: URL, size: int, begin: str, pragmas: tuple[str, ...]) -> Engine:
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        connect_args={"timeout": BUSY_MS / 1000, "check_same_thread": False},
        hide_parameters=True,  # an error may be logged; what people wrote may not
    )

    @event.listens_for(engine, "connect")
    def _prepare(raw: Any, _: Any) -> None:
        raw.isolation_level = None  # we begin by ourselves, below
        for pragma in pragmas:
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        conn.exec_driver_sql(begin)

    return engine
