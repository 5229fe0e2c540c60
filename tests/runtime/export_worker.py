"""A process to be killed: makes the exports of the weeks that have come. Ends when all are made.

export_worker.py URL FOLDER
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import text

from admin_export.weekly import Calendar
from runtime.export import Maker
from runtime.jobs import EmbeddedJobs
from runtime.lease import Lease, every
from runtime.weekly_export import Exports
from storage.db import Database
from tests.runtime.embedded_world import PACE
from tests.runtime.exporting import MONDAY, WEEK
from tests.runtime.jobs_contract import until

DONE = text("SELECT count(*) FROM exports_made WHERE state = 'done'")
WEEKS = 3


async def main(url, folder):
    db, scheduler, folder = Database.open(url), AsyncIOScheduler(), Path(folder)
    scheduler.start()
    jobs, lease = EmbeddedJobs(db, scheduler, PACE), Lease(db, scheduler, "calendar", 1.0)
    maker = Maker(db, b"key", lambda kind, row: f"https://x.nl/{kind}/{row}", folder / "work")
    now = MONDAY + (WEEKS - 1) * WEEK
    exports = Exports(maker, jobs, str(folder / "out"), Calendar(), clock=lambda: now)
    exports.register()
    await lease.start()
    await jobs.start()
    every(scheduler, 0.1, lease, "exports", exports.tick)
    await until(lambda: db.read(lambda conn: conn.scalar(DONE)) == WEEKS)
    await jobs.stop()
    await lease.stop()
    scheduler.shutdown(wait=False)
    db.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
