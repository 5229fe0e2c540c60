"""Runs the chat's work; where a vote is cast, its envelope goes into the box first.

Two transactions that follow each other, never one: nothing in the database joins an envelope to a
person (design, section 8). A crash between them leaves the message to come again, and its vote
then replaces itself.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Protocol, TypeVar
from weakref import WeakValueDictionary

from sqlalchemy import Connection

from bot.scope import Cast
from bot.voting import Uncast
from runtime.alone import Alone, lock_key
from storage.db import Database
from storage.envelopes import NotTakenError

MOST = 4  # envelopes for one turn: each that comes to nothing means that something changed

T = TypeVar("T", covariant=True)
Who = tuple[str, str]


class Work(Protocol[T]):
    """A turn of the chat, in one transaction; see `bot.voting`."""

    def __call__(self, conn: Connection, *, cast: Cast | None) -> T: ...


class Casting:
    """For one process. `who` is a channel and an address.

    While somebody's vote is being cast in this process, what they send waits for it: so the
    receipt that they see is that of the envelope which stays in the box. Among processes at
    one PostgreSQL, a vote of theirs waits for a vote of theirs, for the same reason.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._alone = Alone(db)
        self._under_way: WeakValueDictionary[Who, asyncio.Lock] = WeakValueDictionary()

    async def run(self, work: Work[T], who: Who | None = None) -> T:
        """The result of `work(conn, cast)` in a transaction that is stored.

        Raises what `work` raises, `Uncast` only when it cannot come to an end.
        """
        if who is not None and (lock := self._under_way.get(who)):
            async with lock:
                pass
        try:
            return await self._db.run(partial(work, cast=None))
        except Uncast as error:
            uncast = error
            lock = self._under_way.setdefault(uncast.who, asyncio.Lock())
        async with lock, self._alone.with_key(lock_key(*uncast.who)):
            return await self._cast(work)

    async def _cast(self, work: Work[T]) -> T:
        """From the beginning: another vote of theirs may have been cast while we waited."""
        cast: Cast | None = None
        for _ in range(MOST):
            try:
                return await self._db.run(partial(work, cast=cast))
            except Uncast as uncast:
                cast = await self._put(uncast)
        return await self._db.run(partial(work, cast=cast))

    async def _put(self, uncast: Uncast) -> Cast | None:
        try:
            return await self._db.run(uncast.put)
        except NotTakenError:
            return None  # the next attempt tells why
