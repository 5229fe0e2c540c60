"""Work for after a transaction, and the runner that does it within this process.

Tables are the truth, jobs are hints: a job names a row, the row's state decides what is to be
done. So a job that is lost or comes twice changes nothing, as long as its handler looks first.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Protocol
from uuid import uuid4

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection

from storage import jobs as rows
from storage.db import Database, after_commit
from storage.jobs import Dead, Job
from storage.times import from_ms, now_ms, to_ms

log = logging.getLogger(__name__)

Handler = Callable[[int], Awaitable[None]]

_SERVED = 64  # keys: whoever asks for much has one turn in so many while others wait


class Jobs(Protocol):
    """What every adapter does; tests/runtime/jobs_contract.py holds it to this.

    Jobs of one key run one at a time, in the order in which they were enqueued. One
    that waits, for its time or for another attempt, holds up those behind it: give a
    job for much later a key of its own. A job may run twice after a crash.
    """

    def enqueue(
        self,
        conn: Connection,
        task: str,
        ref: int,
        key: str,
        at: datetime | int | None = None,
        *,
        once: bool = False,
    ) -> None:
        """Adds a job within the transaction of `conn`, for now or for `at`.

        `ref` is the id of the row it is about. An `at` that is a number is UTC
        milliseconds since 1970. With `once` nothing is added while a job of this key
        waits already.
        """

    def register(self, task: str, handler: Handler, at_once: int = 8) -> None:
        """Has `handler(ref)` called for jobs of `task`, at most `at_once` at a time.

        Before `start`. A task that this process does not take is left to others. A
        handler that raises is called again later, with growing pauses, and put aside
        after too many attempts.
        """

    def dead(self, conn: Connection, most: int) -> list[Dead]:
        """The jobs that were put aside, the latest first, at most so many."""

    def revive(self, conn: Connection, id: int) -> bool:
        """Has a job that was put aside run again, before all of its key that wait.

        It is due now and its attempts count from the beginning. False when there is
        no such job (any more).
        """

    def bury(self, conn: Connection, id: int) -> bool:
        """Removes a job that was put aside. False when there is no such job (any more)."""

    @property
    def alive(self) -> bool:
        """Whether jobs are being run here: from `start` until `stop`, unless its runner died."""

    async def start(self) -> None:
        """Begins to run jobs on this event loop."""

    async def stop(self) -> None:
        """Takes no more jobs, lets the running ones finish, gives back what did not."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient a runner is, in seconds.

    `lease` is how long the jobs of a killed process wait; it is prolonged three times
    within its length. A process that stands still for longer may have its jobs run by
    another one, too. `poll` bounds how late we notice what another process enqueued.
    """

    lease: float = 6.0
    poll: float = 1.0
    first_pause: float = 1.0
    longest_pause: float = 300.0
    attempts: int = 10
    timeout: float = 600.0
    grace: float = 10.0

    def pause(self, attempt: int) -> float:
        """Seconds before the next attempt: doubling, then by chance up to a half less."""
        longest = min(self.longest_pause, self.first_pause * 2.0 ** (attempt - 1))
        return longest * (0.5 + random.random() / 2)  # noqa: S311, not for security


async def attempt(pace: Pace, handler: Handler, task: str, ref: int, number: int) -> str:
    """Runs a handler; the class of what it raised, "" when all went well."""
    try:
        async with asyncio.timeout(pace.timeout):
            await handler(ref)
    except Exception as error:
        reason = type(error).__name__
        log.warning("job %s failed, attempt %d: %s", task, number, reason)
        return reason
    return ""


def given_up(task: str, attempts: int, reason: str) -> None:
    """Says so in the log."""
    log.error("job %s is given up after %d attempts: %s", task, attempts, reason)


@dataclass(slots=True)
class Task:
    """A task's handler. `served` are keys that had their turn while others waited."""

    handler: Handler
    at_once: int
    running: int = 0
    served: deque[str] = field(default_factory=lambda: deque(maxlen=_SERVED))

    @property
    def room(self) -> int:
        return self.at_once - self.running


@dataclass(frozen=True, slots=True)
class _Ended:
    """A job that ran; `reason` is the class of what it raised, "" when all went well."""

    job: Job
    reason: str


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one transaction of the runner settles, and what it may take."""

    ended: list[_Ended]
    running: Collection[int]
    room: dict[str, int]
    keep: bool


class EmbeddedJobs:
    """The `Jobs` of one process, their rows in its own database.

    Wakes at once when this process enqueues, by APScheduler for what is due later, and
    every `pace.poll` seconds for what other processes enqueue. One transaction settles
    all jobs that ended meanwhile and takes the next ones. `scheduler` is started and
    stopped by its owner. `takes` tells whether this process runs a task.
    """

    def __init__(
        self,
        db: Database,
        scheduler: AsyncIOScheduler,
        pace: Pace | None = None,
        takes: Callable[[str], bool] = lambda task: True,
    ) -> None:
        self._db = db
        self._scheduler = scheduler
        self._pace = pace or Pace()
        self._takes = takes
        self._worker = uuid4().hex
        self._tasks: dict[str, Task] = {}
        self._running: dict[int, asyncio.Task[None]] = {}
        self._ended: list[_Ended] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bell = asyncio.Event()
        self._rung = False
        self._keep = True
        self._alarm: int | None = None
        self._stopping = False
        self._pump: asyncio.Task[None] | None = None

    def enqueue(
        self,
        conn: Connection,
        task: str,
        ref: int,
        key: str,
        at: datetime | int | None = None,
        *,
        once: bool = False,
    ) -> None:
        add = rows.enqueue_once if once else rows.enqueue
        add(conn, task, ref, key, to_ms(at) if isinstance(at, datetime) else at or now_ms())
        after_commit(conn, self._ring)

    def register(self, task: str, handler: Handler, at_once: int = 8) -> None:
        if self._takes(task):
            self._tasks[task] = Task(handler, at_once)

    def dead(self, conn: Connection, most: int) -> list[Dead]:
        return rows.put_aside(conn, most)

    def revive(self, conn: Connection, id: int) -> bool:
        after_commit(conn, self._ring)
        return rows.revive(conn, id)

    def bury(self, conn: Connection, id: int) -> bool:
        return rows.bury(conn, id)

    @property
    def alive(self) -> bool:
        return self._pump is not None and not self._pump.done()

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._every(self._pace.poll, self._look, "poll")
        self._every(self._pace.lease / 3, self._keep_leases, "leases")
        self._pump = asyncio.create_task(self._run(), name="jobs")
        self._ring()

    async def stop(self) -> None:
        if self._pump is None:
            return
        self._stopping = True
        self._bell.set()
        await self._pump
        for name in ("poll", "leases", "alarm"):
            with suppress(JobLookupError):
                self._scheduler.remove_job(self._id(name))
        await self._finish_running()
        await self._leave()

    def _every(self, seconds: float, call: Callable[[], Awaitable[None]], name: str) -> None:
        self._scheduler.add_job(
            call, "interval", seconds=seconds, id=self._id(name), misfire_grace_time=None
        )

    def _id(self, name: str) -> str:
        return f"jobs-{name}-{self._worker}"

    def _ring(self) -> None:
        """Wakes the runner, from any thread; many calls in a row wake it once."""
        if self._loop and not self._rung:
            self._rung = True
            with suppress(RuntimeError):  # the loop is closed: there is nobody to wake
                self._loop.call_soon_threadsafe(self._bell.set)

    # Coroutines, because APScheduler runs everything else on a thread.

    async def _look(self) -> None:
        self._bell.set()

    async def _keep_leases(self) -> None:
        self._keep = True
        self._bell.set()

    async def _run(self) -> None:
        while not self._stopping:
            await self._bell.wait()
            self._bell.clear()
            self._rung = False
            await self._take_turn()

    async def _take_turn(self) -> None:
        turn = self._turn()
        try:
            claimed, due = await self._db.run(partial(self._exchange, turn))
        except Exception as error:
            log.error("the jobs cannot reach the database: %s", type(error).__name__)
            self._ended = turn.ended + self._ended
            self._keep = True  # what was taken, though we never heard, is given back
            await asyncio.sleep(self._pace.first_pause)
            self._bell.set()
            return
        for job in claimed:
            self._launch(job)
        self._set_alarm(due)

    def _turn(self) -> _Turn:
        ended, self._ended = self._ended, []
        keep, self._keep = self._keep, False
        room = {name: task.room for name, task in self._tasks.items() if task.room}
        return _Turn(ended, list(self._running), room, keep)

    def _exchange(self, turn: _Turn, conn: Connection) -> tuple[list[Job], int | None]:
        """The transaction of a turn: the jobs to run now, and when the next one is due."""
        for ended in turn.ended:
            self._settle(conn, ended)
        if turn.keep:
            self._look_after_leases(conn, turn)
        claimed: list[Job] = []
        for task, room in turn.room.items():
            claimed += self._claim(conn, task, room)
        return claimed, rows.next_due(conn, list(turn.room))

    def _settle(self, conn: Connection, ended: _Ended) -> None:
        job = ended.job
        if not ended.reason:
            rows.done(conn, job.id, self._worker)
        elif job.attempts >= self._pace.attempts:
            self._put_aside(conn, job, ended.reason)
        else:
            again = now_ms() + round(self._pace.pause(job.attempts) * 1000)
            rows.retry(conn, job.id, self._worker, again, ended.reason)

    def _put_aside(self, conn: Connection, job: Job, reason: str) -> None:
        if rows.dead(conn, job.id, self._worker, reason):
            given_up(job.task, job.attempts, reason)

    def _look_after_leases(self, conn: Connection, turn: _Turn) -> None:
        now = now_ms()
        rows.give_back(conn, self._worker, turn.running, now)
        rows.renew(conn, self._worker, now + self._lease_ms)
        rows.requeue_expired(conn, now)

    def _claim(self, conn: Connection, name: str, room: int) -> list[Job]:
        """Fills the room of a task, keys that had no turn yet first."""
        served = self._tasks[name].served
        claim = partial(rows.claim, conn, self._worker, now_ms(), self._lease_ms, [name])
        jobs = claim(room, list(served))
        if served and len(jobs) < room:
            served.clear()
            jobs += claim(room - len(jobs))
        if len(jobs) == room:
            served.extend(job.key for job in jobs)
        return [job for job in jobs if self._may_run(conn, job)]

    def _may_run(self, conn: Connection, job: Job) -> bool:
        if job.attempts <= self._pace.attempts:
            return True
        self._put_aside(conn, job, "crashed")  # its process died each time
        return False

    @property
    def _lease_ms(self) -> int:
        return round(self._pace.lease * 1000)

    def _launch(self, job: Job) -> None:
        self._tasks[job.task].running += 1
        self._running[job.id] = asyncio.create_task(self._work(job), name=f"job {job.task}")

    async def _work(self, job: Job) -> None:
        """Runs a job. One that is cancelled has not ended: it is given back."""
        task = self._tasks[job.task]
        try:
            reason = await attempt(self._pace, task.handler, job.task, job.ref, job.attempts)
            self._ended.append(_Ended(job, reason))
        finally:
            task.running -= 1
            del self._running[job.id]
            self._bell.set()

    def _set_alarm(self, due: int | None) -> None:
        if due is None or due == self._alarm:
            return
        self._alarm = due
        self._scheduler.add_job(
            self._look,
            "date",
            run_date=from_ms(due),
            id=self._id("alarm"),
            replace_existing=True,
            misfire_grace_time=None,
        )

    async def _finish_running(self) -> None:
        tasks = list(self._running.values())
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=self._pace.grace)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _leave(self) -> None:
        turn = _Turn(self._ended, [], {}, keep=True)
        try:
            await self._db.run(partial(self._exchange, turn))
        except Exception as error:
            log.error("the jobs could not be given back: %s", type(error).__name__)
