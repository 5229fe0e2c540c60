"""Transactions through `Database`, on both databases."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from storage.db import Database, after_commit
from storage.tables import leases


def put(name: str, conn: Connection) -> str:
    conn.execute(insert(leases), {"name": name, "holder": "me", "until": 1})
    return name


def names(conn: Connection) -> list[str]:
    return sorted(conn.scalars(select(leases.c.name)))


def putting(name: str):
    return lambda conn: put(name, conn)


def test_all_ways_to_write_return_what_the_work_returns(db: Database) -> None:
    assert db.call(putting("call")) == "call"
    assert db.submit(putting("submit")).result(10) == "submit"
    assert asyncio.run(db.run(putting("run"))) == "run"
    assert db.read(names) == ["call", "run", "submit"]
    assert asyncio.run(db.aread(names)) == ["call", "run", "submit"]


def test_a_work_that_fails_leaves_nothing_and_says_why(db: Database) -> None:
    def half(conn: Connection) -> None:
        put("half", conn)
        raise LookupError("second half")

    with pytest.raises(LookupError, match="second half"):
        db.call(half)
    with pytest.raises(LookupError, match="second half"):
        asyncio.run(db.run(half))
    assert db.read(names) == []


def test_a_statement_that_fails_leaves_nothing(db: Database) -> None:
    db.call(putting("there"))

    def twice(conn: Connection) -> None:
        put("new", conn)
        put("there", conn)

    with pytest.raises(IntegrityError):
        db.call(twice)
    assert db.read(names) == ["there"]


def test_a_caught_error_is_rolled_back_by_a_savepoint(db: Database) -> None:
    db.call(putting("there"))

    def careful(conn: Connection) -> None:
        put("before", conn)
        with pytest.raises(IntegrityError), conn.begin_nested():
            put("there", conn)
        put("after", conn)

    db.call(careful)
    assert db.read(names) == ["after", "before", "there"]


def test_an_event_loop_gets_all_results_of_a_batch(db: Database) -> None:
    async def many() -> list[str]:
        return await asyncio.gather(*(db.run(putting(f"{n:03}")) for n in range(200)))

    assert asyncio.run(many()) == [f"{n:03}" for n in range(200)]
    assert len(db.read(names)) == 200


def test_callbacks_come_after_the_commit_and_only_then(db: Database) -> None:
    seen: list[tuple[str, list[str]]] = []

    def fine(conn: Connection) -> None:
        put("fine", conn)
        after_commit(conn, lambda: seen.append(("fine", db.read(names))))

    def fails(conn: Connection) -> None:
        after_commit(conn, lambda: seen.append(("fails", [])))
        raise ValueError

    db.call(fine)
    with pytest.raises(ValueError):
        db.call(fails)
    assert seen == [("fine", ["fine"])]


def test_a_callback_that_fails_is_logged_without_its_words(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    called: list[str] = []

    def boom() -> None:
        raise RuntimeError("+31612345678")

    def work(conn: Connection) -> None:
        after_commit(conn, boom)
        after_commit(conn, lambda: called.append("next"))

    with caplog.at_level(logging.ERROR):
        db.call(work)
    assert called == ["next"]
    assert "RuntimeError" in caplog.text
    assert "+316" not in caplog.text


def test_errors_do_not_tell_what_people_wrote(db: Database) -> None:
    db.call(putting("+31612345678"))
    with pytest.raises(DBAPIError) as caught:
        db.call(lambda conn: conn.execute(text("SELECT :secret FROM nowhere"), {"secret": "0612"}))
    assert "0612" not in str(caught.value)


def test_reading_cannot_write(db: Database) -> None:
    with pytest.raises(DBAPIError):
        db.read(putting("sneaky"))
    with pytest.raises(RuntimeError, match="writes"):
        db.read(lambda conn: after_commit(conn, lambda: None))
    assert db.call(putting("fine")) == "fine"


def test_a_reader_sees_one_moment(db: Database) -> None:
    def look_twice(conn: Connection) -> tuple[list[str], list[str]]:
        first = names(conn)
        db.call(putting("between"))
        return first, names(conn)

    assert db.read(look_twice) == ([], [])
    assert db.read(names) == ["between"]


def test_closed_is_closed(database_url: str) -> None:
    db = Database.open(database_url)
    db.close()
    with pytest.raises(RuntimeError, match="closed"):
        db.call(names)
    db.close()


def test_many_threads_at_once(db: Database) -> None:
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda n: db.call(putting(f"{n:03}")), range(200)))
    assert len(db.read(names)) == 200


@pytest.mark.parametrize("url", ["mysql://localhost/x", "sqlite://", "nonsense", ""])
def test_other_urls_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(ValueError, match="database URL"):
        Database.open(url)
