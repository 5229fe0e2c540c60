"""What is particular to PostgreSQL: works that have to be tried again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import OperationalError

from storage.db import Database
from storage.tables import leases


def put(name: str, conn: Connection) -> str:
    conn.execute(insert(leases), {"name": name, "holder": "me", "until": 1})
    return name


def names(conn: Connection) -> list[str]:
    return sorted(conn.scalars(select(leases.c.name)))


def putting(name: str):
    return lambda conn: put(name, conn)


@pytest.fixture
def postgresql(postgres_url: str) -> Iterator[Database]:
    database = Database.open(postgres_url)
    yield database
    database.close()


def test_a_deadlock_is_tried_again(postgresql: Database) -> None:
    postgresql.call(putting("a"))
    postgresql.call(putting("b"))
    both_have_one = threading.Barrier(2)
    attempts: list[str] = []

    def both(conn: Connection, first: str, second: str) -> None:
        attempts.append(first)
        for name in (first, second):
            conn.execute(
                text("UPDATE leases SET until = until + 1 WHERE name = :name"), {"name": name}
            )
            if name == first and attempts.count(first) == 1:
                both_have_one.wait(10)

    futures = [
        postgresql.submit(lambda conn: both(conn, "a", "b")),
        postgresql.submit(lambda conn: both(conn, "b", "a")),
    ]
    for future in futures:
        future.result(30)
    assert len(attempts) > 2
    assert postgresql.read(lambda conn: list(conn.scalars(select(leases.c.until)))) == [3, 3]


def test_a_connection_lost_before_the_commit_is_tried_again(postgresql: Database) -> None:
    attempts: list[int] = []

    def cut_off(conn: Connection) -> str:
        attempts.append(1)
        put("once", conn)
        if len(attempts) == 1:
            conn.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
        return "done"

    assert postgresql.call(cut_off) == "done"
    assert len(attempts) == 2
    assert postgresql.read(names) == ["once"]


def test_an_unreachable_server_is_an_error_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.postgres._PAUSES", (0.0, 0.0))
    db = Database.open(f"postgresql://nobody:geheim@/none?host={tmp_path}")
    with pytest.raises(OperationalError) as caught:
        db.call(names)
    assert "geheim" not in str(caught.value)
    db.close()
