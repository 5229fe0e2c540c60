"""News of plans with its jobs and a sender, at a clock that the test moves."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import text

from runtime.jobs import EmbeddedJobs
from runtime.plan_news import PlanNews
from runtime.sender import Sender
from storage.times import from_ms, to_ms
from tests.storage.living import NOON, Living

from .embedded_world import PACE
from .sending import PATIENCE, Provider, sound_of


class Clock:
    def __init__(self, now=from_ms(NOON)):  # noqa: B008, a constant
        self.now = now

    def __call__(self):
        return self.now

    def ms(self):
        return to_ms(self.now)


@asynccontextmanager
async def telling(db, ports, clock, chunk=10, patience=PATIENCE):
    scheduler = AsyncIOScheduler()
    scheduler.start()
    jobs = EmbeddedJobs(db, scheduler, PACE)
    ports = ports if isinstance(ports, dict) else {"telegram": ports}
    sender = Sender(db, jobs, ports, {}, sound_of, patience=patience, clock=clock.ms)
    sender.register()
    news = PlanNews(db, jobs, sender, clock=clock, chunk=chunk)
    news.register()
    await jobs.start()
    yield news
    await jobs.stop()
    scheduler.shutdown(wait=False)


def busy(conn):
    jobs = "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')"
    return conn.scalar(text(jobs))


async def until_idle(db):
    async with asyncio.timeout(60):
        while await db.aread(busy):
            await asyncio.sleep(0.02)


def tell(db, ports, clock=None, ticks=4, **more):
    """Ticks until everything is told and sent."""

    async def scene():
        async with telling(db, ports, clock or Clock(), **more) as news:
            for _ in range(ticks):
                await news.tick()
                await until_idle(db)

    asyncio.run(scene())


__all__ = ["UTC", "Clock", "Living", "Provider", "datetime", "tell", "telling", "until_idle"]
