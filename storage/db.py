"""The database: one door for every transaction, the same for SQLite and PostgreSQL.

What is to be done in one transaction is a function of a connection. It is synchronous, touches
nothing but the database, and may be run again after it failed, so it must not act on the outside:
that is what `after_commit` is for.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, OperationalError

log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[Connection], T]
Callback = Callable[[], Any]

# What opening a database raises when it is not there, or not ours.
UNREACHABLE = (OperationalError, OSError)

_AFTER = "buurtstem.after_commit"


class Database(ABC):
    """An open database; `Database.open` gives the right one for a URL."""

    def __init__(self, reader: Engine, readers: int) -> None:
        self._reader = reader
        self._read_threads = ThreadPoolExecutor(readers, thread_name_prefix="db-read")

    @staticmethod
    def open(url: str, *, pool: int = 8) -> Database:
        """Opens `sqlite:///path`, `postgresql://…` or `postgresql+psycopg://…`.

        `pool` is the number of connections to PostgreSQL. Raises ValueError for any other URL.
        """
        from storage.postgres import PostgreSQL
        from storage.sqlite import SQLite

        try:
            parsed = make_url(url)
        except ArgumentError:
            raise ValueError("the database URL cannot be read") from None
        if parsed.drivername == "sqlite" and parsed.database:
            return SQLite(parsed)
        if parsed.drivername in ("postgresql", "postgresql+psycopg"):
            return PostgreSQL(parsed, pool)
        raise ValueError("the database URL must begin with sqlite:/// or postgresql://")

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._reader.dialect.name

    @abstractmethod
    def submit(self, work: Work[T]) -> Future[T]:
        """Queues `work` for a transaction; the future is done when it is safely stored.

        It carries the exception of `work`, after which nothing of `work` remains, or that of
        the commit. Raises RuntimeError when the database is closed.
        """

    async def run(self, work: Work[T]) -> T:
        """Like `submit`, awaited on an event loop."""
        return await asyncio.wrap_future(self.submit(work))

    def call(self, work: Work[T]) -> T:
        """Like `submit`, waiting for it. Not for an event loop, nor from within a transaction."""
        return self.submit(work).result()

    def read(self, work: Work[T]) -> T:
        """Runs `work`, which only reads, on this thread; it sees one moment of the database."""
        with self._reader.connect() as conn:
            return work(conn)

    async def aread(self, work: Work[T]) -> T:
        """Like `read`, on a thread of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._read_threads, self.read, work)

    @abstractmethod
    def migrate(self) -> None:
        """Brings the tables to the newest revision; safe while others do the same."""

    def close(self) -> None:
        """Finishes what is queued and lets go of everything. May be called twice."""
        self._drain()
        self._read_threads.shutdown()
        self._reader.dispose()

    @abstractmethod
    def _drain(self) -> None: ...


def after_commit(conn: Connection, callback: Callback) -> None:
    """Has `callback()` called once this transaction is stored; never if it is rolled back.

    It is called on a database thread, so it should only wake somebody up.
    Raises RuntimeError in a transaction that only reads.
    """
    if _AFTER not in conn.info:
        raise RuntimeError("after_commit belongs in a transaction that writes")
    conn.info[_AFTER].append(callback)


def collect(conn: Connection, work: Work[T]) -> tuple[T, list[Callback]]:
    """Runs `work`; returns its result and what it wants called after the commit."""
    callbacks: list[Callback] = []
    info = conn.info  # of a connection that got lost it could not be had afterwards
    info[_AFTER] = callbacks
    try:
        return work(conn), callbacks
    finally:
        del info[_AFTER]


def call_all(callbacks: Sequence[Callback]) -> None:
    """Calls each; one that fails keeps nobody from the next."""
    for callback in callbacks:
        try:
            callback()
        except Exception as error:
            log.error("a callback after a commit failed: %s", type(error).__name__)
