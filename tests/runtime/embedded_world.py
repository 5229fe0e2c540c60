"""The embedded jobs as the contract sees them, on SQLite or PostgreSQL."""

from contextlib import asynccontextmanager
from dataclasses import replace

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection, text

from runtime.jobs import EmbeddedJobs, Pace
from storage.db import Database

PACE = Pace(lease=1.0, poll=0.1, first_pause=0.02, attempts=4, grace=5.0)


class EmbeddedWorld:
    attempts = PACE.attempts
    pace = PACE

    def __init__(self, url: str) -> None:
        self.url = url
        self.long = 1.4 * self.pace.lease
        self.worker = [f"{type(self).__module__}:{type(self).__name__}", url]

    def open(self) -> Database:
        return Database.open(self.url)

    @asynccontextmanager
    async def running(self, db, register):
        scheduler = AsyncIOScheduler()
        scheduler.start()
        jobs = EmbeddedJobs(db, scheduler, self.pace)
        register(jobs)
        await jobs.start()
        yield jobs
        await jobs.stop()
        scheduler.shutdown(wait=False)

    def jobs(self, db: Database) -> EmbeddedJobs:
        return EmbeddedJobs(db, AsyncIOScheduler(), self.pace)

    async def restart(self) -> None:
        """SQLite has no server: the file is all there is."""

    def calm(self) -> "CalmWorld":
        return CalmWorld(self.url)

    def put_aside(self, conn: Connection) -> int:
        return conn.scalar(text("SELECT count(*) FROM jobs WHERE state = 'dead'"))


class CalmWorld(EmbeddedWorld):
    pace = replace(PACE, lease=2.5)
