"""What Procrastinate's worker asks of its database, patiently and a few jobs at a time.

Procrastinate's own manager raises when the server restarts, which ends the worker; lets a job wait
for the next poll when the one before it of its key has ended; and knows one limit for all tasks.
This one waits for the server, wakes at once, and keeps each task's room.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from procrastinate import exceptions
from procrastinate.connector import BaseConnector
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager, NotificationCallback

from runtime.jobs import Pace, Task, given_up
from storage import distributed_jobs as sql
from storage.times import from_ms, now_ms

log = logging.getLogger(__name__)

Row = dict[str, Any]


class Manager(JobManager):
    """For one worker. `tasks` are those that it takes; `ring` it when there may be a job."""

    def __init__(self, connector: BaseConnector, pace: Pace, tasks: dict[str, Task]) -> None:
        super().__init__(connector)
        self.reasons: dict[int, str] = {}  # of the jobs that failed and are not settled yet
        self._pace = pace
        self._tasks = tasks
        self._worker = 0
        self._taken: deque[Job] = deque()
        self._held: set[int] = set()
        self._done: set[int] = set()
        self._settling = asyncio.Lock()
        self._bell = asyncio.Event()
        self._unsure = False
        self.stopping = False

    @property
    def worker(self) -> int:
        """The worker's number, 0 while it has none."""
        return self._worker

    def ring(self) -> None:
        """Has it look for jobs. On its own event loop."""
        self._bell.set()

    def stop(self) -> None:
        """No more jobs, and no more patience with a server that is gone."""
        self.stopping = True
        self._bell.set()

    # The worker

    async def prune_stalled_workers(self, seconds_since_heartbeat: float) -> list[int]:
        """Takes care of what dead workers left behind."""
        await self._patiently(sql.FORGET, after=seconds_since_heartbeat)
        return []

    async def register_worker(self) -> int:
        while True:
            try:
                self._worker = await super().register_worker()
                return self._worker
            except exceptions.ConnectorException as error:
                await self._pause(error)

    async def update_heartbeat(self, worker_id: int) -> None:
        """Tells that we live, and gives back what was taken by those who do not."""
        try:
            await self._do(sql.BEAT, worker=worker_id)
            await self.rescue()
        except exceptions.ConnectorException as error:
            self._say(error)

    async def unregister_worker(self, worker_id: int) -> None:
        for job in self._taken:
            self._tasks[job.task_name].running -= 1
        self._taken.clear()
        self._held.clear()
        await self._patiently(sql.GIVE_BACK, worker=worker_id, kept=[])
        try:
            await super().unregister_worker(worker_id)
        except exceptions.ConnectorException as error:
            self._say(error)

    async def rescue(self) -> None:
        """Gives back the jobs of workers that gave no sign for `pace.lease`."""
        after, most = self._pace.lease, self._pace.attempts
        for row in await self._all(sql.RESCUE, after=after, most=most, reason="crashed"):
            if row["given_up"]:
                given_up(row["task_name"], row["attempts"], "crashed")
            self._bell.set()
        await self._do(sql.FORGET, after=after)

    # Jobs

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """Waits for a job; None when we are to stop."""
        while not self.stopping:
            if self._taken:
                return self._taken.popleft()
            self._bell.clear()
            await self._look(worker_id)
        return None

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        reason = self._ended(job)
        if status is Status.SUCCEEDED:
            await self._remove(job)
        else:
            await self._patiently(sql.ASIDE, job=job.id, worker=self._worker, reason=reason)
            given_up(job.task_name, job.attempts + 1, reason)
        self._settled(job)

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """One that did not fail was interrupted: that is no attempt."""
        counts = 1 if self._ended(job) else 0
        at = retry_at or from_ms(now_ms())
        await self._patiently(sql.AGAIN, job=job.id, worker=self._worker, counts=counts, at=at)
        self._settled(job)

    async def listen_for_jobs(
        self, *, on_notification: NotificationCallback, queues: Iterable[str] | None = None
    ) -> None:
        """Hears what other processes enqueue."""

        async def heard(*, channel: str, notification: Any) -> None:
            if notification["job_id"] != self._worker:
                self._bell.set()

        while True:
            try:
                await super().listen_for_jobs(on_notification=heard, queues=queues)
            except exceptions.ConnectorException as error:
                await self._pause(error)

    async def tell(self, queues: Collection[str]) -> None:
        """Wakes the other processes that take jobs of these queues. Does not raise."""
        try:
            await self._do(sql.TELL, queues=list(queues), by=self._worker)
        except exceptions.ConnectorException as error:
            self._say(error)

    async def _look(self, worker_id: int) -> None:
        """Takes what there is, or waits until there may be something."""
        rooms = {name: task.room for name, task in self._tasks.items() if task.room > 0}
        try:
            wait = await self._claim(worker_id, rooms) if rooms else None
        except exceptions.UniqueViolation:  # of one key, by another worker, at the same moment
            return
        except exceptions.ConnectorException as error:
            self._unsure = True
            await self._pause(error)
            return
        if not self._taken:
            await self._sleep(self._pace.poll if wait is None else min(wait, self._pace.poll))

    async def _claim(self, worker: int, rooms: dict[str, int]) -> float | None:
        """Fills the rooms, keys that had no turn yet first; seconds until the next is due."""
        if self._unsure:  # something may have been taken though we never heard
            await self._do(sql.GIVE_BACK, worker=worker, kept=list(self._held))
            self._unsure = False
        wait = await self._take(worker, rooms)
        rooms = {name: self._tasks[name].room for name in rooms}
        again = {name: room for name, room in rooms.items() if room and self._tasks[name].served}
        for name in again:
            self._tasks[name].served.clear()
        return await self._take(worker, again) if again else wait

    async def _take(self, worker: int, rooms: dict[str, int]) -> float | None:
        skip = [f"{name} {key}" for name in rooms for key in self._tasks[name].served]
        values = {"tasks": list(rooms), "rooms": list(rooms.values()), "skip": skip}
        *rows, last = await self._all(sql.CLAIM, worker=worker, **values)
        for row in sorted(rows, key=lambda row: int(row["id"])):
            self._hold(row)
        for name in rooms:
            task = self._tasks[name]
            if not task.room:
                task.served.extend(row["lock"] for row in rows if row["task_name"] == name)
        wait: float | None = last["wait"]
        return wait

    def _hold(self, row: Row) -> None:
        job = Job(
            id=row["id"],
            status="doing",
            queue=row["queue_name"],
            lock=row["lock"],
            queueing_lock=None,
            task_name=row["task_name"],
            task_kwargs={"ref": row["args"]["ref"]},
            attempts=row["attempts"],
        )
        self._tasks[job.task_name].running += 1
        self._held.add(row["id"])
        self._taken.append(job)

    def _ended(self, job: Job) -> str:
        """Its room is free; the reason why it failed."""
        self._tasks[job.task_name].running -= 1
        self._bell.set()
        return self.reasons.pop(job.id or 0, "")

    def _settled(self, job: Job) -> None:
        self._held.discard(job.id or 0)
        self._bell.set()

    async def _remove(self, job: Job) -> None:
        """Those that end while others are being removed go together, in one statement."""
        self._done.add(job.id or 0)
        async with self._settling:
            if job.id in self._done:
                done, self._done = self._done, set()
                await self._patiently(sql.DONE, jobs=list(done), worker=self._worker)

    # The server

    async def _all(self, query: str, **values: Any) -> list[Row]:
        return await self.connector.execute_query_all_async(query, **values)

    async def _do(self, query: str, **values: Any) -> None:
        await self.connector.execute_query_async(query, **values)

    async def _patiently(self, query: str, **values: Any) -> None:
        """Until it is done, or we are to stop: then others do it for us, in a while."""
        while True:
            try:
                await self._do(query, **values)
                return
            except exceptions.ConnectorException as error:
                if self.stopping:
                    log.error("the jobs could not be given back: %s", _name(error))
                    return
                await self._pause(error)

    async def _pause(self, error: Exception) -> None:
        self._say(error)
        await asyncio.sleep(self._pace.first_pause)

    def _say(self, error: Exception) -> None:
        log.error("the jobs cannot reach the database: %s", _name(error))

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            pass


def _name(error: Exception) -> str:
    return type(error.__cause__ or error).__name__
