"""What only one process at a time may do with one key: a lock that leaves no trace.

An advisory lock of PostgreSQL, held by a transaction that reads and writes nothing; it ends with
the process, whatever happens to it.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from sqlalchemy import Connection

from storage import locks
from storage.db import Database

AT_ONCE = 3  # each holds a connection and a thread while it lasts, and needs another one


def lock_key(*words: str) -> int:
    """A number of 63 bits for these words."""
    made = hashlib.blake2b("\0".join(words).encode(), digest_size=8).digest()
    return int.from_bytes(made) >> 1


class Alone:
    """For one process. On SQLite it does nothing: there is one process that serves."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._room = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def with_key(self, key: int) -> AsyncIterator[None]:
        """Within, no other process is within with this key."""
        if self._db.dialect == "sqlite":
            yield
            return
        entered, leave = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def ring() -> None:
            loop.call_soon_threadsafe(entered.set)

        async with self._room:
            holding = asyncio.create_task(self._db.run(partial(_hold, key, ring, leave)))
            try:
                await _first(entered, holding)
                yield
            finally:
                leave.set()
                with suppress(Exception):  # the connection was lost, and with it the lock
                    await holding


def _hold(key: int, ring: Callable[[], None], leave: threading.Event, conn: Connection) -> None:
    locks.take(conn, key)
    ring()
    leave.wait()


async def _first(entered: asyncio.Event, holding: asyncio.Task[None]) -> None:
    """Waits until the lock is ours; raises what kept it from being so."""
    waiting: asyncio.Task[Any] = asyncio.create_task(entered.wait())
    await asyncio.wait({waiting, holding}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not entered.is_set():
        await holding
