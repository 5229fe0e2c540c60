"""A process to be killed: runs a campaign. Ends when everything is sent and settled.

campaign_worker.py URL FILE, where FILE gets a line for each message that was taken.
"""

import asyncio
import os
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import text

from runtime.campaigns import Campaigns
from runtime.deliveries import Deliveries
from runtime.jobs import EmbeddedJobs
from runtime.lease import Lease, every
from runtime.sender import Patience, Sender
from runtime.sweep import Ages, Callbacks, Sweep
from storage.db import Database
from tests.runtime.campaigning import Clock, stored
from tests.runtime.embedded_world import PACE
from tests.runtime.jobs_contract import until

AGES = Ages(queued=0.2, sending=1.5, campaign=1.5)


class FilePort:
    """Takes a message by one write at the end of a file, and answers a little later."""

    def __init__(self, path):
        self._path = Path(path)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def send(self, address, message, sound):
        await asyncio.sleep(random.random() / 100)
        os.write(self._file, f"{address}\n".encode())
        await asyncio.sleep(random.random() / 100)
        return f"id-{address}"

    async def settle(self, address, message, since, known=()):
        return f"id-{address}" if address in self._path.read_text().split() else None


async def nothing(*what):
    pass


def is_over(db):
    query = "SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending', 'unknown')"
    open_rows = db.read(lambda conn: conn.scalar(text(query)))
    return stored(db).state == "done" and open_rows == 0


async def main(url, path):
    db, scheduler, clock = Database.open(url), AsyncIOScheduler(), Clock()
    scheduler.start()
    jobs, lease = EmbeddedJobs(db, scheduler, PACE), Lease(db, scheduler, "calendar", 1.0)
    ports = {"telegram": FilePort(path)}
    sender = Sender(db, jobs, ports, {}, nothing, patience=Patience(answer=1.0), clock=clock.ms)
    sender.register()
    campaigns = Campaigns(db, jobs, sender, clock, chunk=50)
    campaigns.register()
    sweep = Sweep(db, sender, Callbacks(nothing, nothing, nothing), AGES)
    deliveries = Deliveries(db, sender, ports, look_after=0.2)
    await lease.start()
    await jobs.start()
    every(scheduler, 0.2, lease, "sweep", sweep.once)
    every(scheduler, 0.2, lease, "settle", deliveries.settle)
    every(scheduler, 0.2, lease, "campaigns", campaigns.tick)
    await until(lambda: is_over(db))
    await jobs.stop()
    await lease.stop()
    scheduler.shutdown(wait=False)
    db.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
