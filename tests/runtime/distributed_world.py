"""The distributed jobs as the contract sees them: PostgreSQL only."""

from contextlib import asynccontextmanager

from sqlalchemy import Connection, text

from runtime.jobs_distributed import DistributedJobs
from storage.db import Database

from .embedded_world import PACE, CalmWorld, EmbeddedWorld


class DistributedWorld(EmbeddedWorld):
    pace = PACE

    def jobs(self, db: Database) -> DistributedJobs:
        return DistributedJobs(self.url, queue_of=lambda task: "replies", pace=self.pace)

    @asynccontextmanager
    async def running(self, db, register):
        jobs = self.jobs(db)
        register(jobs)
        await jobs.start()
        yield jobs
        await jobs.stop()

    def calm(self) -> "CalmDistributedWorld":
        return CalmDistributedWorld(self.url)

    def put_aside(self, conn: Connection) -> int:
        return conn.scalar(text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'"))


class CalmDistributedWorld(DistributedWorld):
    pace = CalmWorld.pace
