"""Deliveries a second through the embedded jobs, beside a plain loop over the same rows.

Each delivery is a row of the outbox and its job in one durable transaction (WAL,
synchronous=FULL), sent through a port that answers at once, and stored as sent. The
baseline does the same with neither jobs nor order: put, claim, send, store. Run it as
`python -m bench.jobs [deliveries]`; the database is made in TMPDIR, so have that on the
disk that matters. Prints one line a figure.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection

from bot.messages import Media, Outbound, Sound
from runtime.jobs import EmbeddedJobs
from runtime.sender import Sender
from storage import hot, outbox
from storage.db import Database
from storage.times import now_ms

CALLERS = 16
PEOPLE = 500
BODY = json.dumps(Outbound("Waar gaat uw plan over? Kies een onderwerp. " * 6).to_json())
CHANNEL = "telegram"

Times = list[tuple[str, float]]
Way = Callable[[Database, "Instant", int, int, list[int]], Coroutine[Any, Any, Times]]


class Instant:
    """A port that answers at once, and remembers whom and when."""

    def __init__(self) -> None:
        self.times: list[tuple[str, float]] = []

    async def send(self, address: str, message: Outbound, sound: bytes | None) -> str:
        self.times.append((address, time.perf_counter()))
        return "taken"

    async def fetch(self, media: Media, limit: int) -> bytes:
        raise NotImplementedError


class Repeatable(Instant):
    idempotent = True


async def no_sound(sound: Sound) -> bytes:
    return b""


def put(conn: Connection, person: int) -> None:
    outbox.put(conn, person, CHANNEL, f"to{person}", [BODY], "reply", now_ms())


def people(conn: Connection) -> list[int]:
    found = []
    for n in range(PEOPLE):
        arrival = hot.arrive(
            conn,
            channel=CHANNEL,
            provider_id=str(n),
            address=f"to{n}",
            hint="",
            kind="text",
            body_json="{}",
            now_ms=now_ms(),
        )
        assert arrival
        found.append(arrival.person_id)
    return found


async def callers(
    at_once: int, many: int, persons: list[int], one: Callable[[int], Awaitable[None]]
) -> Times:
    """`many` times `one(person)`, so many at once; whom and when each was for."""
    asked: Times = []
    numbers = iter(range(many))

    async def caller() -> None:
        for n in numbers:
            asked.append((f"to{persons[n % PEOPLE]}", time.perf_counter()))
            await one(persons[n % PEOPLE])

    await asyncio.gather(*(caller() for _ in range(at_once)))
    return asked


async def plain(db: Database, port: Instant, at_once: int, many: int, persons: list[int]) -> Times:
    """The baseline: whoever puts a row sends it."""

    async def one(person: int) -> None:
        await db.run(partial(put, person=person))
        row = await db.run(lambda conn: outbox.claim(conn, person, now_ms()))
        assert row
        taken = await port.send(row.address, Outbound.from_json(json.loads(row.body)), None)
        await db.run(lambda conn: outbox.sent(conn, row.id, taken, now_ms()))

    return await callers(at_once, many, persons, one)


@asynccontextmanager
async def running(db: Database) -> AsyncIterator[EmbeddedJobs]:
    scheduler = AsyncIOScheduler()
    scheduler.start()
    yield (jobs := EmbeddedJobs(db, scheduler))
    await jobs.stop()
    scheduler.shutdown(wait=False)


async def by_jobs(
    db: Database, port: Instant, at_once: int, many: int, persons: list[int]
) -> Times:
    async with running(db) as jobs:
        sender = Sender(db, jobs, {CHANNEL: port}, {}, no_sound)
        sender.register()
        await jobs.start()

        def put_and_enqueue(conn: Connection, person: int) -> None:
            put(conn, person)
            sender.enqueue(conn, person)

        async def one(person: int) -> None:
            await db.run(partial(put_and_enqueue, person=person))

        asked = await callers(at_once, many, persons, one)
        await until(lambda: len(port.times) == many)
    return asked


async def empty_jobs(
    db: Database, port: Instant, at_once: int, many: int, persons: list[int]
) -> Times:
    """Jobs that do nothing."""

    async def nothing(ref: int) -> None:
        port.times.append((f"to{ref}", time.perf_counter()))

    async with running(db) as jobs:
        jobs.register("nothing", nothing, 32)
        await jobs.start()

        def enqueue(conn: Connection, person: int) -> None:
            jobs.enqueue(conn, "nothing", person, f"nothing:{person}")

        async def one(person: int) -> None:
            await db.run(partial(enqueue, person=person))

        asked = await callers(at_once, many, persons, one)
        await until(lambda: len(port.times) == many)
    return asked


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110, what is waited for tells nobody
        await asyncio.sleep(0.005)


def measure(name: str, port: Instant, way: Way, at_once: int, many: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        db = Database.open(f"sqlite:///{Path(folder) / 'jobs.db'}")
        db.migrate()
        persons = db.call(people)
        cpu, begun = time.process_time(), time.perf_counter()
        asked = asyncio.run(way(db, port, at_once, many, persons))
        wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
        db.close()
    waits = [b - a for (_, a), (_, b) in zip(sorted(asked), sorted(port.times), strict=True)]
    p50, p99 = (statistics.quantiles(waits, n=100)[n] * 1e3 for n in (49, 98))
    print(f"{name}: {many / wall:.0f} a second")
    print(f"{name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms from asked to sent")
    print(f"{name}: {cpu / many * 1e6:.0f} us CPU each")


def main(many: int) -> None:
    measure("plain loop without jobs", Instant(), plain, CALLERS, many)
    measure("jobs that do nothing", Instant(), empty_jobs, CALLERS, many)
    measure("deliveries by jobs, repeatable port", Repeatable(), by_jobs, CALLERS, many)
    measure("deliveries by jobs, any other port", Instant(), by_jobs, CALLERS, many)
    measure("plain loop without jobs, one caller", Instant(), plain, 1, many // 10)
    measure("deliveries by jobs, one caller", Repeatable(), by_jobs, 1, many // 10)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
