"""Messages a second, handled durably, with 16 residents, beside raw sqlite3 and two frameworks.

All do the same dialogue of seventeen messages (a whole plan), each message stored with
synchronous=FULL before it counts as handled:

- ours: inbox row, session, domain change, outbox rows and job in one transaction;
- raw: the same rows by the sqlite3 module in one thread, one transaction a message, no dialogue;
- python-telegram-bot: ConversationHandler with PicklePersistence, flushed after each update;
- aiogram: FSM with a storage in SQLite.

The frameworks run one update after another, as they do in one process; their sends go nowhere.
Prints one line a figure.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path

from bot.conversation import Conversation
from bot.i18n.languages import LANGUAGES
from bot.messages import Inbound
from runtime.fitting import fit
from runtime.round_file import load_round
from storage import jobs, rounds
from storage.db import Database
from storage.times import now_ms

RESIDENTS = 16
SECONDS = 6.0
REPO = Path(__file__).resolve().parent.parent
DIALOGUE = (
    "hoi", "Nederlands", "ja, dat mag", "1", "Ik wil een bank bij de speeltuin voor ouders",
    "klopt", "goed", "groen", "Lindebuurt", "500", "geen foto", "samen", "nee",
    "insturen", "mijn plannen", "menu", "help",
)  # fmt: skip


def say(name: str, value: str) -> None:
    print(f"{name}: {value}", flush=True)


def told(name: str, times: list[float], wall: float, cpu: float) -> float:
    rate = len(times) / wall
    p99 = statistics.quantiles(times, n=100)[98] * 1000
    say(f"{name}, messages/s", f"{rate:.0f}")
    say(f"{name}, p50 ms", f"{statistics.median(times) * 1000:.1f}")
    say(f"{name}, p99 ms", f"{p99:.1f}")
    say(f"{name}, CPU ms a message", f"{cpu / len(times) * 1000:.2f}")
    return rate


async def measure(
    name: str, handle: Callable[[int, str], Awaitable[None]], residents: int = RESIDENTS
) -> float:
    """`handle(resident, text)` over and over by that many residents at once; messages/s."""
    fresh = count()
    times: list[float] = []
    until = time.perf_counter() + SECONDS

    async def resident() -> None:
        while time.perf_counter() < until:
            who = next(fresh)
            for text in DIALOGUE:
                begun = time.perf_counter()
                await handle(who, text)
                times.append(time.perf_counter() - begun)

    begun, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(resident() for _ in range(residents)))
    return told(name, times, time.perf_counter() - begun, time.process_time() - cpu)


async def ours(folder: Path) -> float:
    db = Database.open(f"sqlite:///{folder}/ours.db")
    db.migrate()
    round_ = load_round(REPO / "examples" / "demo.toml")
    db.call(lambda conn: rounds.save_round(conn, round_, now_ms()))
    conversation = Conversation(
        render=fit,
        enqueue=lambda conn, task, ref, key: jobs.enqueue(conn, task, ref, key, now_ms()),
        languages={code: known.own_name for code, known in LANGUAGES.items()},
        erase=lambda names: None,
        pepper=b"only for this benchmark",
    )
    ids = count()

    async def handle(who: int, text: str) -> None:
        inbound = Inbound(f"m{next(ids)}", "simulator", f"telegram:r{who}", text=text)
        await db.run(lambda conn: conversation.take(conn, inbound))

    rate = await measure("ours, SQLite FULL", handle)
    with_plan = db.read(lambda conn: conn.exec_driver_sql("SELECT count(*) FROM plans").scalar())
    say("ours, plans filed", str(with_plan))
    db.close()
    return rate


RAW_SCHEMA = """
CREATE TABLE people(id INTEGER PRIMARY KEY, language TEXT, created_at INTEGER);
CREATE TABLE addresses(id INTEGER PRIMARY KEY, person_id INTEGER, address TEXT UNIQUE);
CREATE TABLE sessions(person_id INTEGER PRIMARY KEY, state TEXT, data TEXT, revision INTEGER);
CREATE TABLE inbox(id INTEGER PRIMARY KEY, person_id INTEGER, provider_id TEXT UNIQUE, body TEXT);
CREATE TABLE outbox(id INTEGER PRIMARY KEY, person_id INTEGER, address TEXT, body TEXT, state TEXT);
CREATE TABLE jobs(id INTEGER PRIMARY KEY, task TEXT, ref INTEGER, key TEXT, due_at INTEGER);
CREATE INDEX ix_inbox ON inbox(person_id);
CREATE INDEX ix_outbox ON outbox(person_id, id) WHERE state = 'queued';
CREATE INDEX ix_jobs ON jobs(due_at);
"""


async def raw(folder: Path) -> float:
    conn = sqlite3.connect(folder / "raw.db", isolation_level=None)
    conn.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + RAW_SCHEMA)
    body = '{"text":"' + "x" * 300 + '"}'
    ids = count()

    async def handle(who: int, text: str) -> None:
        address = f"r{who}"
        conn.execute("BEGIN IMMEDIATE")
        found = conn.execute(
            "SELECT a.person_id, s.data FROM addresses a JOIN sessions s USING (person_id) "
            "WHERE a.address = ?",
            (address,),
        ).fetchone()
        person = found[0] if found else _newcomer(conn, address)
        conn.execute(
            "INSERT INTO inbox(person_id, provider_id, body) VALUES (?, ?, ?)",
            (person, f"m{next(ids)}", body),
        )
        conn.execute(
            "UPDATE sessions SET state = ?, data = ?, revision = revision + 1 WHERE person_id = ?",
            ("submit_plan.idea", body, person),
        )
        conn.execute(
            "INSERT INTO outbox(person_id, address, body, state) VALUES (?, ?, ?, 'queued')",
            (person, address, body),
        )
        conn.execute(
            "INSERT INTO jobs(task, ref, key, due_at) VALUES ('deliver', ?, ?, 0)",
            (person, address),
        )
        conn.execute("COMMIT")
        await asyncio.sleep(0)

    rate = await measure("raw sqlite3, one writer", handle)
    conn.close()
    return rate


def _newcomer(conn: sqlite3.Connection, address: str) -> int:
    person = conn.execute("INSERT INTO people(language, created_at) VALUES ('', 0)").lastrowid
    assert person is not None
    conn.execute("INSERT INTO addresses(person_id, address) VALUES (?, ?)", (person, address))
    conn.execute("INSERT INTO sessions VALUES (?, '', '', 0)", (person,))
    return person


async def main() -> None:
    with tempfile.TemporaryDirectory(dir=REPO) as name:
        folder = Path(name)
        raw_rate = await raw(folder)
        our_rate = await ours(folder)
        say("ours over raw", f"{our_rate / raw_rate:.0%}")
        try:
            from _frameworks import aiogram_fsm, ptb_pickle
        except ImportError as error:
            say("frameworks", f"left out: {error.name} is not installed (make bench installs it)")
            return
        for other in (ptb_pickle, aiogram_fsm):
            rate = await other(folder, measure)
            say(f"ours over {other.__name__}", f"{our_rate / rate:.1f} times")


if __name__ == "__main__":
    asyncio.run(main())
