"""One among several processes: whoever holds the lease fires the calendar and the sweeps."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from uuid import uuid4

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection

from storage import leases
from storage.db import Database
from storage.times import now_ms

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]

GRACE = 5.0  # seconds in which what is under way may come to its end


class Lease:
    """A lease by this name that we hold, or try to take, between `start` and `stop`.

    It is prolonged three times within its `seconds`; a process that was killed keeps
    the others waiting that long. The clocks of the machines may differ by less than a
    third of it. `scheduler` is started and stopped by its owner.
    """

    def __init__(
        self,
        db: Database,
        scheduler: AsyncIOScheduler,
        name: str,
        seconds: float = 6.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db = db
        self._scheduler = scheduler
        self._name = name
        self._seconds = seconds
        self._clock = clock
        self._holder = uuid4().hex
        self._ours_until = float("-inf")
        self._tried_at = clock()
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def alive(self) -> bool:
        """Whether we still try to hold it; whether we do is another matter."""
        return self._clock() - self._tried_at < 4 * self._seconds

    @property
    def held(self) -> bool:
        """Whether it is certainly ours at this moment."""
        return self._clock() < self._ours_until

    async def start(self) -> None:
        await self.renew()
        self._scheduler.add_job(
            self.renew,
            "interval",
            seconds=self._seconds / 3,
            id=self._id,
            misfire_grace_time=None,
        )

    async def stop(self) -> None:
        """Lets what is under way come to its end; then somebody else can take it at once."""
        with suppress(JobLookupError):
            self._scheduler.remove_job(self._id)
        self._ours_until = float("-inf")
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=GRACE)
        await self._try(partial(leases.release, name=self._name, holder=self._holder))

    @contextmanager
    def working(self) -> Iterator[None]:
        """Within, this task does what only the holder may do; `stop` waits for it."""
        task = asyncio.current_task()
        assert task
        self._under_way.add(task)
        try:
            yield
        finally:
            self._under_way.discard(task)

    async def renew(self) -> None:
        """Takes or prolongs it, if nobody else has it. Does not raise."""
        self._tried_at = asked = self._clock()  # before: the answer may come late
        if await self._try(self._take):
            self._ours_until = asked + self._seconds

    @property
    def _id(self) -> str:
        return f"lease-{self._name}-{self._holder}"

    def _take(self, conn: Connection) -> bool:
        now = now_ms()
        until = now + round(self._seconds * 1000)
        return leases.take(conn, self._name, self._holder, until, now)

    async def _try(self, work: Callable[[Connection], bool | None]) -> bool:
        try:
            return bool(await self._db.run(work))
        except Exception as error:
            log.error("the lease %s cannot be reached: %s", self._name, type(error).__name__)
            return False


def every(scheduler: AsyncIOScheduler, seconds: float, lease: Lease, name: str, work: Work) -> None:
    """Has `work()` done every so many seconds, by the one process that holds the lease.

    It never overlaps with itself. What it raises is logged without its text, which may
    hold what somebody wrote.
    """
    scheduler.add_job(
        under(lease, name, work),
        "interval",
        seconds=seconds,
        id=name,
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )


def under(lease: Lease, name: str, work: Work) -> Work:
    """`work` as the calendar may fire it anywhere: only the holder does it, and it never raises."""

    async def guarded() -> None:
        if not lease.held:
            return
        try:
            with lease.working():
                await work()
        except Exception as error:
            log.error("%s failed: %s", name, type(error).__name__)

    return guarded
