"""What is particular to SQLite: one writer, and many works in one commit."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from storage.db import Database, after_commit
from storage.tables import addresses, leases


def put(name: str, conn: Connection) -> str:
    conn.execute(insert(leases), {"name": name, "holder": "me", "until": 1})
    return name


def names(conn: Connection) -> list[str]:
    return sorted(conn.scalars(select(leases.c.name)))


def putting(name: str):
    return lambda conn: put(name, conn)


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Database]:
    database = Database.open(sqlite_url)
    yield database
    database.close()


class Gate:
    """A work that keeps the writer busy, so that what follows is queued together."""

    def __init__(self, db: Database) -> None:
        self._open = threading.Event()
        entered = threading.Event()

        def wait(_: Connection) -> None:
            entered.set()
            assert self._open.wait(10)

        self.done = db.submit(wait)
        assert entered.wait(10)

    def open(self) -> None:
        self._open.set()


def test_what_waits_together_is_committed_together(sqlite: Database) -> None:
    gate = Gate(sqlite)
    seen: list[str] = []

    def work(conn: Connection, name: str) -> None:
        put(name, conn)
        seen.append("worked")
        after_commit(conn, lambda: seen.append("committed"))

    futures = [sqlite.submit(lambda conn, n=n: work(conn, f"w{n:02}")) for n in range(20)]
    gate.open()
    for future in futures:
        future.result(10)
    assert seen == ["worked"] * 20 + ["committed"] * 20


def test_one_that_raises_does_not_take_the_others_along(sqlite: Database) -> None:
    gate = Gate(sqlite)

    def fail(conn: Connection) -> None:
        put("bad", conn)
        raise ZeroDivisionError

    good = [sqlite.submit(putting(f"a{n}")) for n in range(3)]
    bad = sqlite.submit(fail)
    more = [sqlite.submit(putting(f"b{n}")) for n in range(3)]
    gate.open()
    assert isinstance(bad.exception(10), ZeroDivisionError)
    assert [f.result(10) for f in good + more] == ["a0", "a1", "a2", "b0", "b1", "b2"]
    assert sqlite.read(names) == ["a0", "a1", "a2", "b0", "b1", "b2"]


def test_a_failed_commit_reaches_everybody_in_it(sqlite: Database) -> None:
    gate = Gate(sqlite)

    def break_the_commit(conn: Connection) -> None:
        conn.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        conn.execute(
            insert(addresses),
            {
                "person_id": 404,
                "channel": "sms",
                "address": "+31600000000",
                "hint": "",
                "created_at": 1,
                "last_in_at": 1,
            },
        )

    called: list[str] = []

    def good(conn: Connection) -> None:
        put("good", conn)
        after_commit(conn, lambda: called.append("never"))

    futures: list[Future[None]] = [sqlite.submit(good), sqlite.submit(break_the_commit)]
    gate.open()
    assert [type(f.exception(10)) for f in futures] == [IntegrityError, IntegrityError]
    assert called == []
    assert sqlite.call(putting("next")) == "next"
    assert sqlite.read(names) == ["next"]


def test_a_full_disk_reaches_the_one_who_filled_it_and_the_next_one_works(
    sqlite: Database,
) -> None:
    def fill(conn: Connection) -> None:
        conn.exec_driver_sql("PRAGMA max_page_count = 1")  # SQLite: no fewer than there are
        conn.execute(insert(leases), {"name": "x" * 500_000, "holder": "", "until": 1})

    with pytest.raises(OperationalError, match="full"):
        sqlite.call(fill)
    sqlite.call(lambda conn: conn.exec_driver_sql("PRAGMA max_page_count = 1000000"))
    assert sqlite.call(putting("next")) == "next"
    assert sqlite.read(names) == ["next"]


def test_a_lost_transaction_fails_all_that_were_in_it(sqlite: Database) -> None:
    """SQLite may roll back everything on its own, for example when the disk breaks."""
    gate = Gate(sqlite)

    def lose(conn: Connection) -> None:
        raw = conn.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.execute("ROLLBACK")
        raise OSError("the disk broke")

    futures: list[Future[object]] = [sqlite.submit(putting("good")), sqlite.submit(lose)]
    gate.open()
    assert [type(f.exception(10)) for f in futures] == [OSError, OSError]
    assert sqlite.call(putting("next")) == "next"
    assert sqlite.read(names) == ["next"]


def test_a_file_that_another_process_keeps_locked_is_an_error_for_as_long_as_it_does(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.sqlite.BUSY_MS", 20)
    db = Database.open(sqlite_url)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(2):
        with pytest.raises(OperationalError, match="locked"):
            db.call(putting("early"))
    other.execute("ROLLBACK")
    assert db.call(putting("late")) == "late"
    assert db.read(names) == ["late"]
    other.close()
    db.close()


def test_a_closed_loop_and_a_cancelled_caller_harm_nobody(sqlite: Database) -> None:
    gate = Gate(sqlite)

    async def leave() -> None:
        waiting = asyncio.create_task(sqlite.run(putting("left")))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)

    asyncio.run(leave())
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(sqlite.run(putting("closed")))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    cancelled = sqlite.submit(putting("cancelled"))
    assert cancelled.cancel()
    gate.open()
    assert sqlite.call(putting("here")) == "here"
    assert sqlite.read(names) == ["closed", "here"]
    assert not waiting.done()


def test_waiting_within_a_transaction_is_refused(sqlite: Database) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        sqlite.call(lambda conn: sqlite.call(names))


def test_close_finishes_what_is_queued(sqlite_url: str) -> None:
    db = Database.open(sqlite_url)
    gate = Gate(db)
    futures = [db.submit(putting(f"{n:03}")) for n in range(200)]
    closing = threading.Thread(target=db.close)
    closing.start()
    gate.open()
    closing.join(20)
    assert [f.result(0) for f in futures] == [f"{n:03}" for n in range(200)]
    with pytest.raises(RuntimeError, match="closed"):
        db.submit(names)
    db.close()


def test_sqlite_is_set_up_to_be_durable(sqlite: Database) -> None:
    def pragma(conn: Connection, name: str) -> object:
        return conn.exec_driver_sql(f"PRAGMA {name}").scalar()

    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    found = {name: sqlite.call(lambda conn, n=name: pragma(conn, n)) for name in wanted}
    assert found == wanted
    assert sqlite.call(lambda conn: pragma(conn, "busy_timeout")) == 10_000


def test_two_processes_may_write_the_same_file(sqlite_url: str) -> None:
    """Two `Database`s of one file are to each other as two processes are."""
    one, two = Database.open(sqlite_url), Database.open(sqlite_url)
    with ThreadPoolExecutor(8) as threads:
        both = [one, two]
        list(threads.map(lambda n: both[n % 2].call(putting(f"{n:03}")), range(100)))
    assert len(one.read(names)) == 100
    one.close()
    two.close()


def test_the_folder_of_a_new_file_is_made(tmp_path: Path) -> None:
    db = Database.open(f"sqlite:///{tmp_path / 'var' / 'new' / 'b.db'}")
    assert db.dialect == "sqlite"
    db.close()


def test_a_file_that_is_no_database_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    path.write_bytes(b"this is not a database at all, " * 100)
    with pytest.raises(DBAPIError):
        Database.open(f"sqlite:///{path}")
