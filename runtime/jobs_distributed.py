"""The `Jobs` of many processes on many machines: Procrastinate on PostgreSQL.

A job is enqueued in the caller's own transaction, by Procrastinate's own function. Each process
has one of Procrastinate's workers, on a small pool of connections of its own. See decision 0018.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from procrastinate import App, PsycopgConnector
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.worker import Worker
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import Connection

from runtime.jobs import Handler, Pace, Task, attempt
from runtime.jobs_manager import Manager
from storage import distributed_jobs as rows
from storage.db import after_commit
from storage.jobs import Dead
from storage.postgres import patience
from storage.times import from_ms, now_ms, to_ms

log = logging.getLogger(__name__)

CONNECTIONS = 3  # of the runner, besides the one on which it listens

# They log a job's arguments, and the server's address.
for _name in ("procrastinate", "psycopg.pool"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


class DistributedJobs:
    """The `Jobs` of one process, on the PostgreSQL at `url`.

    `queue_of` gives the queue of a task, `takes` whether this process runs it. Wakes at
    once when this process enqueues, by NOTIFY for what others enqueue, by the clock for
    what is due later, and every `pace.poll` seconds in case all that failed.
    """

    def __init__(
        self,
        url: str,
        queue_of: Callable[[str], str],
        takes: Callable[[str], bool] = lambda task: True,
        pace: Pace | None = None,
    ) -> None:
        self._url = rows.address(url)
        self._queue_of = queue_of
        self._takes = takes
        self._pace = pace or Pace()
        self._tasks: dict[str, Task] = {}
        connector = PsycopgConnector()
        self._manager = Manager(connector, self._pace, self._tasks)
        self._app = App(connector=connector)
        self._app.job_manager = self._manager
        self._worker: Worker | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pool: AsyncConnectionPool | None = None
        self._working: asyncio.Task[None] | None = None
        self._untold: set[str] = set()
        self._telling: asyncio.Task[None] | None = None

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
        queue = self._queue_of(task)
        add(conn, queue, task, ref, key, to_ms(at) if isinstance(at, datetime) else at or now_ms())
        after_commit(conn, partial(self._ring, queue))

    def register(self, task: str, handler: Handler, at_once: int = 8) -> None:
        self._queue_of(task)
        if not self._takes(task):
            return
        self._tasks[task] = Task(handler, at_once)

        async def run(context: JobContext, ref: int) -> None:
            await self._run(handler, context.job, ref)

        self._app.task(name=task, pass_context=True, retry=_Again(self._pace))(run)

    def dead(self, conn: Connection, most: int) -> list[Dead]:
        return rows.put_aside(conn, most)

    def revive(self, conn: Connection, id: int) -> bool:
        after_commit(conn, partial(self._ring, None))
        return rows.revive(conn, id)

    def bury(self, conn: Connection, id: int) -> bool:
        return rows.bury(conn, id)

    @property
    def alive(self) -> bool:
        if self._working is None:  # nothing to run here; a pool that is open tells others
            return self._pool is not None
        return self._pool is not None and not self._working.done()

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pool = AsyncConnectionPool(
            self._url,
            min_size=1,
            max_size=CONNECTIONS,
            timeout=5.0,
            kwargs=patience(self._url, "buurtstem jobs"),
            configure=_each_statement_for_itself,
            open=False,
        )
        await self._pool.open()
        await self._app.open_async(self._pool)
        if self._tasks:
            self._working = asyncio.create_task(self._work(), name="jobs")

    async def _work(self) -> None:
        """Keeps a worker at work: one that ends has given back what it held."""
        while not self._manager.stopping:
            self._worker = self._made()
            try:
                await self._worker.run()  # type: ignore[no-untyped-call]
            except Exception as error:
                log.error("the worker of the jobs failed: %s", type(error).__name__)
            if not self._manager.stopping:
                await asyncio.sleep(self._pace.first_pause)

    def _made(self) -> Worker:
        at_once = sum(task.at_once for task in self._tasks.values())
        return Worker(
            self._app,
            queues=sorted({self._queue_of(task) for task in self._tasks}),
            concurrency=2 * at_once,  # each task's own limit holds; these are still being settled
            shutdown_graceful_timeout=self._pace.grace,
            delete_jobs="successful",
            install_signal_handlers=False,
            update_heartbeat_interval=self._pace.lease / 3,
            stalled_worker_timeout=self._pace.lease,
        )

    async def stop(self) -> None:
        if self._pool is None:
            return
        self._manager.stop()
        if self._worker:
            self._worker.stop()  # type: ignore[no-untyped-call]
        if self._working:
            await self._working
        self._loop = None
        if self._telling:
            await self._telling
        await self._pool.close()
        self._pool = None

    async def _run(self, handler: Handler, job: Job, ref: int) -> None:
        if reason := await attempt(self._pace, handler, job.task_name, ref, job.attempts + 1):
            self._manager.reasons[job.id or 0] = reason
            raise _FailedError

    def _ring(self, queue: str | None) -> None:
        """Wakes this runner and those of other processes, from any thread."""
        if self._loop:
            with suppress(RuntimeError):  # the loop is closed: others poll
                self._loop.call_soon_threadsafe(self._wake, queue)

    def _wake(self, queue: str | None) -> None:
        self._manager.ring()
        if queue is None or self._loop is None:
            return
        self._untold.add(queue)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell(), name="jobs-tell")

    async def _tell(self) -> None:
        """One NOTIFY for all that was enqueued during the one before."""
        while self._untold:
            queues, self._untold = self._untold, set()
            await self._manager.tell(queues)


async def _each_statement_for_itself(conn: AsyncConnection) -> None:
    await conn.set_autocommit(True)


class _FailedError(Exception):
    """A handler raised; it was logged without its text."""


class _Again(BaseRetryStrategy):
    """Another attempt, later; at once for what was only interrupted."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        now = from_ms(now_ms())
        if not isinstance(exception, _FailedError):
            return RetryDecision(retry_at=now)
        number = job.attempts + 1
        if number >= self._pace.attempts:
            return None
        return RetryDecision(retry_at=now + timedelta(seconds=self._pace.pause(number)))
