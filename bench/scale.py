"""What a message, a sweep, a page and a campaign cost with 1,000 to 1,000,000 residents.

    python -m bench.scale [RESIDENTS]

Two databases on one PostgreSQL: one keeps its 1,000 residents, the other grows tenfold up to
RESIDENTS. What is measured in the large one is measured in the small one in the same moments, one
after the other, so that the load of the machine falls on both. The statements of the sweep and
the message are explained at each size: none may read a large table from end to end.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import count

import psycopg
from sqlalchemy import Connection, make_url

from bench._residents import fill, scanned
from bench.postgres import REPO, conversation, say, server
from bot.messages import Inbound
from civic.campaigns import Audience
from runtime.round_file import load_round
from storage import (
    alarms,
    campaigns,
    exports,
    hot,
    outbox,
    plan_counts,
    plan_news,
    reached,
    rounds,
    routing,
    today,
)
from storage.db import Database
from storage.times import now_ms

SMALL = 1000
MESSAGES, WRITERS, TIMES, CHUNK = 900, 300, 25, 200
TEXTS = ("menu", "help", "1", "menu", "mijn plannen", "terug")
Ask = Callable[[Connection], object]

SWEEP: dict[str, Ask] = {
    "requeue_lost": lambda conn: outbox.requeue_lost(conn, now_ms() - 5000, ["simulator"]),
    "blank_shown": lambda conn: outbox.blank_shown(conn, now_ms() - 15_000),
    "lost": lambda conn: outbox.lost(conn, now_ms() - 60_000),
    "persons_due": lambda conn: outbox.persons_due(conn, now_ms(), 500, now_ms()),
    "stale_taking": lambda conn: hot.stale_taking(conn, now_ms()),
    "stale_waiting": lambda conn: hot.stale_waiting(conn, now_ms()),
    "due_timers": lambda conn: hot.due_timers(conn, now_ms(), 500),
    "unknowns": lambda conn: routing.unknowns(conn, ["telegram"], now_ms(), 100),
    "stalled campaigns": lambda conn: campaigns.stalled(conn, now_ms()),
    "plan news": lambda conn: plan_news.plans_due(conn, now_ms(), now_ms()),
}
PAGE: dict[str, Ask] = {
    "today: asked for help": lambda conn: today.asked(conn, 10),
    "today: new plans": lambda conn: today.new_plans(conn, 1, 10),
    "today: failed": lambda conn: today.failed(conn, now_ms() - 86_400_000),
    "today: alarms": lambda conn: alarms.alarms(conn, 1, now_ms()),
    "today: not reached": lambda conn: reached.not_reached(conn, 1),
}
OTHER: dict[str, Ask] = {
    "export: counts of plans": lambda conn: plan_counts.counts(conn, 1),
    "export: supporters": lambda conn: exports.supporters(conn, 1, now_ms()),
    "campaign: who is next": lambda conn: campaigns.next_people(conn, 1, Audience(), 500, CHUNK),
}
numbers = count()


def one_message(db: Database, residents: int) -> None:
    """A message of one of `WRITERS`, who live all over the table."""
    take = conversation().take
    who = random.randrange(WRITERS) * (residents // WRITERS) // 3 * 3 + 1  # on Telegram
    n = next(numbers)
    inbound = Inbound(f"new{n}", "telegram", f"r{who}", text=TEXTS[n % len(TEXTS)])
    db.call(partial(take, inbound=inbound))


def opened(url: str) -> Database:
    db = Database.open(url, pool=2)
    db.migrate()
    round_ = load_round(REPO / "examples" / "demo.toml")
    db.call(lambda conn: rounds.save_round(conn, round_, now_ms()))
    return db


def grow(db: Database, url: str, first: int, last: int) -> None:
    began = time.perf_counter()
    for begin in range(first, last + 1, 100_000):
        db.call(lambda conn, b=begin: fill(conn, b, min(b + 99_999, last), now_ms()))
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("VACUUM (ANALYZE)")
    say(f"{last:,} residents", f"filled in {time.perf_counter() - began:.0f} s")


def messages(sides: dict[str, tuple[Database, int]]) -> None:
    """The cost of a message, on both sides by turns."""
    waits: dict[str, list[float]] = {name: [] for name in sides}
    cpus = dict.fromkeys(sides, 0.0)
    for n in range(MESSAGES + WRITERS):
        for name, (db, residents) in sides.items():
            cpu, began = time.process_time(), time.perf_counter()
            one_message(db, residents)
            if n >= WRITERS:
                waits[name].append((time.perf_counter() - began) * 1e3)
                cpus[name] += time.process_time() - cpu
    for name, some in waits.items():
        cuts = statistics.quantiles(some, n=20)
        cpu = cpus[name] / MESSAGES * 1e6
        say(f"{name}, a message", f"p50 {cuts[9]:.2f}, p95 {cuts[18]:.2f} ms, {cpu:.0f} us CPU")


def asked(sides: dict[str, tuple[Database, int]], what: dict[str, Ask]) -> None:
    for title, ask in what.items():
        took: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(TIMES):
            for name, (db, _n) in sides.items():
                began = time.perf_counter()
                db.call(ask)
                took[name].append((time.perf_counter() - began) * 1e3)
        each = (f"{name} {statistics.median(some):.2f} ms" for name, some in took.items())
        say(title, ", ".join(each))


def explained(db: Database, residents: int) -> None:
    """Every statement of a message and of the sweep, as PostgreSQL answers it."""
    found: dict[str, list[str]] = {}
    for title, ask in (SWEEP | PAGE | OTHER).items():
        if scans := db.call(partial(scanned, ask=ask)):
            found[title] = scans
    take = conversation().take
    inbound = Inbound(f"x{next(numbers)}", "telegram", "r4", text="help")
    if scans := db.call(partial(scanned, ask=partial(take, inbound=inbound))):
        found["a message"] = scans
    say("read from end to end", str(found or "no large table"))


def sizes(db: Database, residents: int) -> None:
    """What a resident takes on the disk."""
    query = """SELECT relname, pg_relation_size(oid), pg_indexes_size(oid) FROM pg_class
        WHERE relkind = 'r' AND relname IN
        ('people', 'addresses', 'sessions', 'inbox', 'outbox', 'plans', 'supports')"""
    rows = db.read(lambda conn: conn.exec_driver_sql(query).all())
    for table, data, index in rows:
        each = f"{data / residents:.0f} bytes of rows, {index / residents:.0f} of indexes"
        say(f"{table}, a resident", each)


def main(most: int) -> None:
    with server() as url:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("CREATE DATABASE small")
        other = make_url(url).set(database="small").render_as_string(hide_password=False)
        small, large = opened(other), opened(url)
        grow(small, other, 1, SMALL)
        first = 1
        for residents in (10**n for n in range(3, 10) if 10**n <= most):
            grow(large, url, first, residents)
            first = residents + 1
            sides = {f"{SMALL:,}": (small, SMALL), f"{residents:,} (large)": (large, residents)}
            messages(sides)
            for what in (SWEEP, PAGE, OTHER):
                asked(sides, what)
            explained(large, residents)
        sizes(large, first - 1)
        small.close()
        large.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
