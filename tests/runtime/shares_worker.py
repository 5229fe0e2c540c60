"""A process that sends as fast as it may: shares_worker.py URL FILE SECONDS.

FILE gets the moment (monotonic ns, the same clock for all processes) of each turn.
"""

import asyncio
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from runtime.rates import RATES, Limiter, Rate
from runtime.shares import Shares
from storage.db import Database

SENDER, LEASE = RATES["whatsapp"][0], 0.6


class Noting(Limiter):
    """Notes the moment of each request."""

    def __init__(self, file):
        super().__init__(SENDER, Rate(1000, 1000))
        self._file = file

    async def gate(self):
        await super().gate()
        self._file.write(f"{self._passed[-1]}\n")


async def main(url, file, seconds):
    db, scheduler = Database.open(url), AsyncIOScheduler()
    scheduler.start()
    limiter = Noting(file)
    shares = Shares(db, scheduler, {"whatsapp": limiter}, LEASE)
    await shares.start()
    until = time.monotonic() + seconds

    async def ask():
        while time.monotonic() < until:
            await limiter.turn(1)
            await limiter.gate()

    asking = [asyncio.create_task(ask()) for _ in range(8)]
    await asyncio.wait(asking, timeout=seconds + 1)
    await shares.stop()
    scheduler.shutdown(wait=False)
    db.close()


if __name__ == "__main__":
    with Path(sys.argv[2]).open("w", buffering=1) as notes:
        asyncio.run(main(sys.argv[1], notes, float(sys.argv[3])))
