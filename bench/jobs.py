"""Deliveries a second through the embedded jobs, beside a plain loop over the same rows.

Each delivery is a row of the outbox and its job in one durable transaction (WAL,
synchronous=FULL), sent through a port that answers at once, and stored as sent; a caller
then asks for the next one, as a resident would. The baseline does the same with neither
jobs nor order: put, claim, send, store. Run it as `python -m bench.jobs [deliveries]`; the
database is made in TMPDIR, so have that on the disk that matters. Prints one line a figure.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

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

Ask = Callable[[int], Awaitable[None]]
Way = Callable[[Database, "Instant"], AbstractAsyncContextManager[Ask]]


class Instant:
    """A port that answers at once, and tells who waits for it."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[asyncio.Event]] = defaultdict(deque)

    def expect(self, address: str) -> asyncio.Event:
        """Set when the next message to this address is sent."""
        self._waiting[address].append(asyncio.Event())
        return self._waiting[address][-1]

    def tell(self, address: str) -> None:
        self._waiting[address].popleft().set()

    async def send(self, address: str, message: Outbound, sound: bytes | None) -> str:
        self.tell(address)
        return "taken"

    async def fetch(self, media: Media, limit: int) -> bytes:
        raise NotImplementedError

    async def release(self, media: Media) -> None:
        raise NotImplementedError


class Repeatable(Instant):
    idempotent = True


async def no_sound(sound: Sound) -> bytes:
    return b""


def put(conn: Connection, person: int) -> None:
    outbox.put(conn, person, CHANNEL, f"to{person}", [BODY], "reply", now_ms())


def people(conn: Connection) -> list[int]:
    return [person(conn, n) for n in range(PEOPLE)]


def person(conn: Connection, n: int) -> int:
    arrival = hot.arrive(
        conn,
        channel=CHANNEL,
        provider_id=str(n),
        address=f"to{n + 1}",
        hint="",
        kind="text",
        body_json="{}",
        now_ms=now_ms(),
    )
    assert arrival
    return arrival.person_id


@asynccontextmanager
async def plain(db: Database, port: Instant) -> AsyncIterator[Ask]:
    """The baseline: whoever puts a row sends it."""

    async def ask(person: int) -> None:
        await db.run(partial(put, person=person))
        row = await db.run(lambda conn: outbox.claim(conn, person, now_ms()))
        assert row
        taken = await port.send(row.address, Outbound.from_json(json.loads(row.body)), None)
        await db.run(lambda conn: outbox.sent(conn, row.id, taken, now_ms()))

    yield ask


@asynccontextmanager
async def by_jobs(db: Database, port: Instant) -> AsyncIterator[Ask]:
    async with running(db) as jobs:
        sender = Sender(db, jobs, {CHANNEL: port}, {}, no_sound)
        sender.register()
        await jobs.start()

        def put_and_enqueue(conn: Connection, person: int) -> None:
            put(conn, person)
            sender.enqueue(conn, person)

        async def ask(person: int) -> None:
            await db.run(partial(put_and_enqueue, person=person))

        yield ask


@asynccontextmanager
async def empty_jobs(db: Database, port: Instant) -> AsyncIterator[Ask]:
    """Jobs that do nothing."""

    async def nothing(person: int) -> None:
        port.tell(f"to{person}")

    async with running(db) as jobs:
        jobs.register("nothing", nothing, 32)
        await jobs.start()

        def enqueue(conn: Connection, person: int) -> None:
            jobs.enqueue(conn, "nothing", person, f"nothing:{person}")

        async def ask(person: int) -> None:
            await db.run(partial(enqueue, person=person))

        yield ask


@asynccontextmanager
async def running(db: Database) -> AsyncIterator[EmbeddedJobs]:
    """Jobs without tasks; start them."""
    scheduler = AsyncIOScheduler()
    scheduler.start()
    yield (jobs := EmbeddedJobs(db, scheduler))
    await jobs.stop()
    scheduler.shutdown(wait=False)


async def callers(ask: Ask, port: Instant, at_once: int, many: int) -> list[float]:
    """So many callers, each waiting for its message before the next; the seconds each took."""
    waits: list[float] = []
    numbers = iter(range(many))

    async def caller() -> None:
        for n in numbers:
            begun = time.perf_counter()
            sent = port.expect(f"to{n % PEOPLE + 1}")
            await ask(n % PEOPLE + 1)
            await sent.wait()
            waits.append(time.perf_counter() - begun)

    await asyncio.gather(*(caller() for _ in range(at_once)))
    return waits


async def timed(db: Database, port: Instant, way: Way, at_once: int, many: int, name: str) -> None:
    async with way(db, port) as ask:
        cpu, begun = time.process_time(), time.perf_counter()
        waits = await callers(ask, port, at_once, many)
        wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    p50, p99 = (statistics.quantiles(waits, n=100)[n] * 1e3 for n in (49, 98))
    print(f"{name}: {many / wall:.0f} a second")
    print(f"{name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms from asked to sent")
    print(f"{name}: {cpu / many * 1e6:.0f} us CPU each")


def measure(name: str, port: Instant, way: Way, at_once: int, many: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        db = Database.open(f"sqlite:///{Path(folder) / 'jobs.db'}")
        db.migrate()
        assert db.call(people) == list(range(1, PEOPLE + 1))
        asyncio.run(timed(db, port, way, at_once, many, f"{name}, {at_once} at once"))
        db.close()


def main(many: int) -> None:
    for at_once, number in ((CALLERS, many), (1, many // 10)):
        measure("plain loop without jobs", Instant(), plain, at_once, number)
        measure("jobs that do nothing", Instant(), empty_jobs, at_once, number)
        measure("deliveries by jobs, repeatable port", Repeatable(), by_jobs, at_once, number)
        measure("deliveries by jobs, any other port", Instant(), by_jobs, at_once, number)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
