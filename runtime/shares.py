"""The rate of a sender, shared by all processes that send: each holds a part of it, on lease.

One row for each process, written every second, tells how many there are; each takes that
part of every rate. So a message costs no write, and one process alone has the whole rate.
Buckets in the database would be exact too, at the price of a write for every message.

The sum never exceeds the whole: who joins waits until everybody else has certainly noticed,
who cannot reach the database stops when its lease ends, and who leaves is counted for a
while. The clocks of the machines may differ by less than `GRACE` minus one second.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from uuid import uuid4

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection

from runtime.rates import Limiter
from storage import leases
from storage.db import Database
from storage.times import now_ms

log = logging.getLogger(__name__)

PREFIX = "rate:"
SHARE, HOLD = f"{PREFIX}share:", f"{PREFIX}hold:"
GRACE = 1.5  # seconds: what one sent in its last second still counts


class Shares:
    """Keeps this process's parts, between `start` and `stop`; `limiters` by channel."""

    def __init__(
        self,
        db: Database,
        scheduler: AsyncIOScheduler,
        limiters: Mapping[str, Limiter],
        seconds: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db = db
        self._scheduler = scheduler
        self._limiters = limiters
        self._seconds = seconds
        self._clock = clock
        self._worker = uuid4().hex
        self._joined_at: float | None = None

    async def start(self) -> None:
        """Before anything is sent."""
        self._give(1, 0.0)
        await self.renew()
        self._scheduler.add_job(
            self.renew,
            "interval",
            seconds=self._seconds / 3,
            id=self._worker,
            misfire_grace_time=None,
        )

    async def stop(self) -> None:
        """After everything is sent: the others may have our part, once `GRACE` has passed."""
        with suppress(JobLookupError):
            self._scheduler.remove_job(self._worker)
        self._give(1, 0.0)
        await self._try(partial(self._take, seconds=GRACE))

    async def renew(self) -> None:
        """Prolongs our part, and learns how large it is. Does not raise."""
        asked = self._clock()  # before: the answer may come late
        found = await self._try(partial(self._take, seconds=self._seconds + GRACE))
        if found is None:
            return
        parts = sum(name.startswith(SHARE) for name in found)
        if self._joined_at is None:
            self._joined_at = asked if parts > 1 else asked - self._settling
        if asked - self._joined_at >= self._settling:
            self._give(parts, asked + self._seconds - self._clock())
        self._hold(found)

    @property
    def _settling(self) -> float:
        """Seconds after which everybody has noticed us or lost their own part."""
        return self._seconds + GRACE

    def _give(self, parts: int, seconds: float) -> None:
        for limiter in self._limiters.values():
            limiter.share(parts, seconds)

    def _hold(self, found: Mapping[str, int]) -> None:
        """What the provider told another process counts for us as well."""
        for channel, limiter in self._limiters.items():
            until = found.get(HOLD + channel)
            if until is not None:
                limiter.hold((until - now_ms()) / 1000)

    def _take(self, conn: Connection, seconds: float) -> dict[str, int]:
        now = now_ms()
        until = now + round(seconds * 1000)
        leases.one_at_a_time(conn)
        leases.take(conn, SHARE + self._worker, self._worker, until, now)
        leases.forget_old(conn, PREFIX, now)
        return leases.held(conn, PREFIX, now)

    async def _try(self, work: Callable[[Connection], dict[str, int]]) -> dict[str, int] | None:
        try:
            return await self._db.run(work)
        except Exception as error:
            log.error("the shares of the rate cannot be reached: %s", type(error).__name__)
            return None


def tell_hold(conn: Connection, channel: str, until_ms: int) -> None:
    """Tells all processes that the provider wants nothing on this channel until then."""
    leases.prolong(conn, HOLD + channel, until_ms)
