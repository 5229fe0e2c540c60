"""A process to be killed: tells news of plans. Ends when everything is sent and settled.

plan_news_worker.py URL FILE, where FILE gets a line for each message that was taken.
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import text

from runtime import plan_news
from runtime.deliveries import Deliveries
from runtime.jobs import EmbeddedJobs
from runtime.lease import Lease, every
from runtime.plan_news import PlanNews
from runtime.sender import Patience, Sender
from runtime.sweep import Callbacks, Sweep
from storage.db import Database
from storage.times import now_ms
from tests.runtime.campaign_worker import AGES, FilePort, nothing
from tests.runtime.embedded_world import PACE
from tests.runtime.jobs_contract import until
from tests.runtime.telling import Clock

OPEN = (
    "SELECT (SELECT count(*) FROM plan_outcomes)"
    " + (SELECT count(*) FROM plan_news WHERE state = 'open')"
    " + (SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending', 'unknown'))"
)


def is_over(db):
    return db.read(lambda conn: conn.scalar(text(OPEN))) == 0


async def main(url, path):
    db, scheduler, clock = Database.open(url), AsyncIOScheduler(), Clock()
    scheduler.start()
    jobs, lease = EmbeddedJobs(db, scheduler, PACE), Lease(db, scheduler, "calendar", 1.0)
    ports = {"telegram": FilePort(path)}
    sender = Sender(db, jobs, ports, {}, nothing, patience=Patience(answer=1.0), clock=now_ms)
    sender.register()
    plan_news.STALLED = plan_news.timedelta()  # at once, since the clock stands still
    news = PlanNews(db, jobs, sender, clock=clock, chunk=20)
    news.register()
    sweep = Sweep(db, sender, Callbacks(nothing, nothing, nothing), AGES)
    deliveries = Deliveries(db, sender, ports, look_after=0.2)
    await lease.start()
    await jobs.start()
    every(scheduler, 0.2, lease, "sweep", sweep.once)
    every(scheduler, 0.2, lease, "settle", deliveries.settle)
    every(scheduler, 0.1, lease, "plan_news", news.tick)
    await until(lambda: is_over(db))
    await jobs.stop()
    await lease.stop()
    scheduler.shutdown(wait=False)
    db.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
