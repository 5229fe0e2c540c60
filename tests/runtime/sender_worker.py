"""A process to be killed: sends what the outbox holds, and sweeps. Ends when nothing is left.

sender_worker.py URL FILE PORT, where FILE gets a line for each message that was taken.
"""

import asyncio
import os
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import text

from runtime.jobs import EmbeddedJobs
from runtime.lease import Lease, every
from runtime.sender import Patience, Sender
from runtime.sweep import Ages, Callbacks, Sweep
from storage.db import Database
from tests.runtime.embedded_world import PACE
from tests.runtime.jobs_contract import until

AGES = Ages(queued=0.2, repeatable=1.0, sending=1.5)


class FilePort:
    """Takes a message by one write at the end of a file, and answers a little later."""

    def __init__(self, path):
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def send(self, address, message, sound):
        await asyncio.sleep(random.random() / 100)
        os.write(self._file, f"{message.text}\n".encode())
        await asyncio.sleep(random.random() / 100)
        return "taken"


class RepeatablePort(FilePort):
    idempotent = True


async def nothing(*what):
    pass


def left(conn):
    query = "SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')"
    return conn.scalar(text(query))


async def main(url, path, port):
    db, scheduler = Database.open(url), AsyncIOScheduler()
    scheduler.start()
    jobs, lease = EmbeddedJobs(db, scheduler, PACE), Lease(db, scheduler, "calendar", 1.0)
    patience = Patience(answer=1.0)
    sender = Sender(db, jobs, {"telegram": port(path)}, {}, nothing, patience=patience)
    sender.register(at_once=8)
    sweep = Sweep(db, sender, Callbacks(nothing, nothing, nothing), AGES)
    await lease.start()
    await jobs.start()
    every(scheduler, 0.1, lease, "sweep", sweep.once)
    await until(lambda: db.read(left) == 0)
    await jobs.stop()
    await lease.stop()
    scheduler.shutdown(wait=False)
    db.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], globals()[sys.argv[3]]))
