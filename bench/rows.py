"""Messages a second through the tables, against the same rows written with sqlite3 by hand.

One message is what `bot.conversation` does: arrive, save the session, put one reply. Everything
is durable (WAL, synchronous=FULL) when it counts. Run it as `python -m bench.rows [messages]`;
the database is made in TMPDIR, so have that on the disk that matters.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from storage import hot, outbox
from storage.db import Database

CALLERS = 16
PEOPLE = 500
NOW = 1_790_000_000_000
BODY = json.dumps({"id": "SM" + "0" * 32, "text": "Meer bankjes in het Rembrandtpark, graag. " * 4})
SESSION = json.dumps({"state": "submit_plan.theme", "answers": {"text": "Meer bankjes " * 16}})
REPLY = json.dumps({"text": "Waar gaat uw plan over? Kies een onderwerp. " * 6, "buttons": []})


@dataclass(frozen=True)
class Figures:
    """Of one way to write: seconds in all, seconds of CPU, and the wait of each message."""

    wall: float
    cpu: float
    waits: list[float]

    def show(self, name: str) -> None:
        many = len(self.waits)
        p50, p99 = (statistics.quantiles(self.waits, n=100)[n] * 1e3 for n in (49, 98))
        print(f"{name}: {many / self.wall:.0f} messages/s")
        print(f"{name}: p50 {p50:.2f} ms, p99 {p99:.2f} ms")
        print(f"{name}: {self.cpu / many * 1e6:.0f} us CPU a message")


def message(conn: Connection, n: int) -> int:
    """One message through the rows, as the conversation does it."""
    person = f"whatsapp:+3160000{n % PEOPLE:04}"
    now = NOW + n
    arrival = hot.arrive(
        conn,
        channel="whatsapp",
        provider_id=f"SM{n:032}",
        address=person,
        hint="nl",
        kind="text",
        body_json=BODY,
        now_ms=now,
    )
    assert arrival
    revision = arrival.revision + 1
    person_id = arrival.person_id
    hot.save(
        conn, person_id, "submit_plan.theme", SESSION, revision, "nudge", now + 72_000_000, now
    )
    outbox.put(conn, person_id, "whatsapp", person, [REPLY], "reply", now)
    return arrival.inbox_id


def by_event_loop(db: Database, first: int, many: int) -> list[float]:
    """Callers on one event loop, as in the web application."""
    waits: list[float] = []
    numbers = iter(range(first, first + many))

    async def caller() -> None:
        for n in numbers:
            began = time.perf_counter()
            await db.run(lambda conn, n=n: message(conn, n))
            waits.append(time.perf_counter() - began)

    async def all_callers() -> None:
        await asyncio.gather(*(caller() for _ in range(CALLERS)))

    asyncio.run(all_callers())
    return waits


def by_threads(db: Database, first: int, many: int) -> list[float]:
    """Callers on threads of their own."""

    def caller(numbers: range) -> list[float]:
        waits = []
        for n in numbers:
            began = time.perf_counter()
            db.call(lambda conn, n=n: message(conn, n))
            waits.append(time.perf_counter() - began)
        return waits

    with ThreadPoolExecutor(CALLERS) as pool:
        parts = [range(first + k, first + many, CALLERS) for k in range(CALLERS)]
        return [wait for waits in pool.map(caller, parts) for wait in waits]


def by_hand(raw: sqlite3.Connection, first: int, many: int, together: int) -> list[float]:
    """The baseline: the same statements by sqlite3 alone, so many messages in one transaction."""
    waits: list[float] = []
    for numbers in _chunks(range(first, first + many), together):
        began = time.perf_counter()
        raw.execute("BEGIN IMMEDIATE")
        for n in numbers:
            _by_hand(raw, n)
        raw.execute("COMMIT")
        waits += [time.perf_counter() - began] * len(numbers)
    return waits


def _by_hand(raw: sqlite3.Connection, n: int) -> None:
    address, now = f"whatsapp:+3160000{n % PEOPLE:04}", NOW + n
    person, revision = raw.execute(_KNOWN, ("whatsapp", address)).fetchone()[:2]
    taken = raw.execute(_TAKE_IN, ("whatsapp", f"SM{n:032}", person, BODY, now, now)).fetchone()
    assert taken
    raw.execute(_SAVE, (SESSION, revision + 1, now + 72_000_000, now, person))
    raw.execute(_PUT, (person, "whatsapp", address, REPLY, now, now))


def _chunks(numbers: range, size: int) -> Iterator[range]:
    return (numbers[i : i + size] for i in range(0, len(numbers), size))


def timed(work: Callable[[], list[float]]) -> Figures:
    cpu, wall = time.process_time(), time.perf_counter()
    waits = work()
    return Figures(time.perf_counter() - wall, time.process_time() - cpu, waits)


@contextmanager
def fresh() -> Iterator[tuple[Database, sqlite3.Connection]]:
    """A new database in which every person has written once, opened both ways."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.db"
        db = Database.open(f"sqlite:///{path}")
        db.migrate()
        db.call(lambda conn: [message(conn, n) for n in range(PEOPLE)])
        raw = sqlite3.connect(path, isolation_level=None)
        for pragma in ("synchronous = FULL", "secure_delete = ON", "foreign_keys = ON"):
            raw.execute(f"PRAGMA {pragma}")
        yield db, raw
        raw.close()
        db.close()


def main(many: int) -> None:
    with fresh() as (db, raw):
        timed(lambda: by_hand(raw, PEOPLE, many, 1)).show("sqlite3, one a transaction")
    with fresh() as (db, raw):
        timed(lambda: by_hand(raw, PEOPLE, many, CALLERS)).show(f"sqlite3, {CALLERS} together")
    with fresh() as (db, raw):
        timed(lambda: by_event_loop(db, PEOPLE, many)).show(f"storage, {CALLERS} on a loop")
    with fresh() as (db, raw):
        timed(lambda: by_threads(db, PEOPLE, many)).show(f"storage, {CALLERS} threads")


_KNOWN = """SELECT s.person_id, s.revision, s.data, p.state, a.id, a.last_in_at, s.address_id
    FROM addresses a JOIN sessions s ON s.person_id = a.person_id
    JOIN people p ON p.id = a.person_id WHERE a.channel = ? AND a.address = ?"""
_TAKE_IN = """INSERT INTO inbox (channel, provider_id, person_id, kind, body, state, revision,
    attempts, due_at, received_at) VALUES (?, ?, ?, 'text', ?, 'done', 0, 0, ?, ?)
    ON CONFLICT (channel, provider_id) DO NOTHING RETURNING id, EXISTS (SELECT 1 FROM inbox o
    WHERE o.person_id = inbox.person_id AND o.state != 'done')"""
_SAVE = """UPDATE sessions SET state = 'submit_plan.theme', data = ?, revision = ?,
    timer = 'nudge', timer_at = ?, updated_at = ? WHERE person_id = ?"""
_PUT = """INSERT INTO outbox (person_id, channel, address, body, kind, secret, state, reason,
    status, attempts, due_at, created_at)
    VALUES (?, ?, ?, ?, 'reply', 0, 'queued', '', '', 0, ?, ?)"""


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
