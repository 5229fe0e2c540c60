"""A process to be killed: adds rows with jobs until there are enough, and runs jobs.

jobs_worker.py WORLD URL NUMBER AT_ONCE, where WORLD is module:class of a world.
"""

import asyncio
import importlib
import os
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.runtime.jobs_contract import add, effect, until_done

KEYS = 12


async def produce(db, jobs, number):
    while (ref := db.read(highest) + 1) <= number:
        try:
            await db.run(lambda conn, ref=ref: add(conn, jobs, ref, f"key{random.randrange(KEYS)}"))
        except IntegrityError:
            await asyncio.sleep(0.001)  # the other process was first


def highest(conn):
    return conn.scalar(text("SELECT coalesce(max(ref), 0) FROM work"))


async def main(world, number, at_once):
    db = world.open()

    def register(jobs):
        jobs.register("work", effect(db, os.getpid()), at_once)

    print("ready", flush=True)
    sys.stdin.readline()
    async with world.running(db, register) as jobs:
        await produce(db, jobs, number)
        await until_done(db, number)
    db.close()


module, name = sys.argv[1].split(":")
world = getattr(importlib.import_module(module), name)(sys.argv[2])
asyncio.run(main(world, int(sys.argv[3]), int(sys.argv[4])))
