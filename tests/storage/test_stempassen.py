"""Which passes there are, on both databases."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select, text

from civic.stempas import credential, new_codes
from storage import elections, stempassen
from storage.db import Database
from storage.envelopes import NotTakenError, put
from storage.stempassen import Batch, Pass, Taken
from storage.tables import rounds
from storage.vote_tables import envelopes, stempas_batches, turnout
from storage.vote_tables import stempassen as rows

Issue = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def round_id(db: Database) -> int:
    return new_round(db, "noord")


def new_round(db: Database, slug: str) -> int:
    row = {"slug": slug, "data": "{}", "active": False, "loaded_at": 0, "next_number": 1}
    add = insert(rounds).returning(rounds.c.id)
    number: int = db.call(lambda conn: conn.execute(add, row).scalar_one())
    return number


@pytest.fixture
def issue(db: Database, round_id: int, now: int) -> Issue:
    """Issues so many passes; the batch and their credentials, in the order of a file."""

    def _issue(count: int, **changes: Any) -> tuple[int, list[str]]:
        mine = [credential(b"p" * 32, "noord", code) for code in new_codes(count, 10)]
        facts = {"area": "zuid", "kind": "resident", "channel": "internet", "digits": 12}
        facts |= {"credentials": mine, "now_ms": now, "round_id": round_id, **changes}
        return db.call(lambda conn: stempassen.issue(conn, **facts)), facts["credentials"]

    return _issue


def find(db: Database, round_id: int, mine: str) -> Pass | None:
    return db.read(lambda conn: stempassen.find(conn, round_id, mine))


def void(db: Database, round_id: int, mine: str) -> bool:
    return db.call(lambda conn: stempassen.void(conn, round_id, mine))


def cast(db: Database, round_id: int, mine: str) -> None:
    row = {"round_id": round_id, "credential": mine, "box": b"box"}
    db.call(lambda conn: conn.execute(insert(envelopes), row))


def boxes(db: Database) -> set[str]:
    return set(db.read(lambda conn: conn.scalars(select(envelopes.c.credential)).all()))


def test_what_was_issued_is_found(db: Database, round_id: int, issue: Issue) -> None:
    first, residents = issue(3)
    second, shops = issue(2, area="oost", kind="entrepreneur", channel="paper")
    for mine in residents:
        found = Pass("zuid", "resident", "internet", voided=False, used=False, batch=first)
        assert find(db, round_id, mine) == found
    for mine in shops:
        found = Pass("oost", "entrepreneur", "paper", voided=False, used=False, batch=second)
        assert find(db, round_id, mine) == found
    assert db.read(lambda conn: stempassen.issued(conn, round_id)) == 5


def test_what_was_not_issued_is_not_found(db: Database, round_id: int, issue: Issue) -> None:
    assert find(db, round_id, "x") is None
    _, (mine,) = issue(1)
    other = new_round(db, "oost")
    assert find(db, round_id, mine.upper()) is None
    assert find(db, other, mine) is None
    assert find(db, other + 1, mine) is None
    assert db.read(lambda conn: stempassen.issued(conn, other)) == 0


def test_used_and_void(db: Database, round_id: int, issue: Issue) -> None:
    _, (used, both, neither) = issue(3)
    for mine in (used, both):
        cast(db, round_id, mine)
    day = {"round_id": round_id, "area": "zuid", "day": "2026-11-12", "count": 2}
    db.call(lambda conn: conn.execute(insert(turnout), day))
    assert void(db, round_id, both)
    seen = {mine: find(db, round_id, mine) for mine in (used, both, neither)}
    assert {mine: (found.used, found.voided) for mine, found in seen.items() if found} == {
        used: (True, False),
        both: (False, True),
        neither: (False, False),
    }
    assert boxes(db) == {used}
    assert db.read(lambda conn: conn.scalar(select(turnout.c.count))) == 2


def test_void_once_and_only_what_was_issued(db: Database, round_id: int, issue: Issue) -> None:
    _, (mine,) = issue(1)
    assert void(db, round_id, mine)
    assert not void(db, round_id, mine)
    assert not void(db, round_id, "x")
    assert not void(db, new_round(db, "oost"), mine)


def test_void_and_given_up_is_not_void(db: Database, round_id: int, issue: Issue) -> None:
    _, (mine,) = issue(1)
    cast(db, round_id, mine)

    def half(conn: Connection) -> None:
        assert stempassen.void(conn, round_id, mine)
        raise KeyError

    with pytest.raises(KeyError):
        db.call(half)
    found = find(db, round_id, mine)
    assert found
    assert (found.used, found.voided) == (True, False)


def test_batches_tell_what_is_void(db: Database, round_id: int, issue: Issue, now: int) -> None:
    first, some = issue(4)
    second, _ = issue(1, kind="replacement")
    for mine in some[:3]:
        void(db, round_id, mine)
    issue(2, round_id=new_round(db, "oost"))
    assert db.read(lambda conn: stempassen.batches(conn, round_id)) == [
        Batch(first, "zuid", "resident", "internet", 4, 12, now, 3),
        Batch(second, "zuid", "replacement", "internet", 1, 12, now, 0),
    ]


def test_issued_before(db: Database, round_id: int, issue: Issue) -> None:
    """Of one another, of the same issue, and in another round, where it is another pass."""
    _, mine = issue(3)
    more = [*mine[:2], "x", "y"]
    assert db.read(lambda conn: stempassen.known(conn, round_id, more)) == set(mine[:2])
    assert db.read(lambda conn: stempassen.known(conn, round_id, [])) == set()
    for again in (mine[:1], ["z", "z"]):
        with pytest.raises(Taken):
            issue(1, credentials=again)
    issue(1, credentials=mine, round_id=new_round(db, "oost"))
    assert db.read(lambda conn: stempassen.issued(conn, round_id)) == 3


def test_more_than_one_statement_holds(db: Database, round_id: int, issue: Issue) -> None:
    _, mine = issue(20_001)
    assert db.read(lambda conn: stempassen.issued(conn, round_id)) == 20_001
    assert db.read(lambda conn: stempassen.known(conn, round_id, mine)) == set(mine)


def test_a_reserved_number_is_nobody_elses(db: Database, round_id: int, issue: Issue) -> None:
    reserved = db.call(lambda conn: stempassen.reserve(conn, round_id))
    lost = db.call(lambda conn: stempassen.reserve(conn, round_id))
    other, _ = issue(1)
    assert issue(1, batch=reserved)[0] == reserved
    assert len({reserved, lost, other, issue(1)[0]}) == 4
    assert lost not in {b.id for b in db.read(lambda conn: stempassen.batches(conn, round_id))}


def test_the_rows_do_not_keep_the_order_of_the_file(
    db: Database, round_id: int, issue: Issue
) -> None:
    place = "ctid" if db.dialect == "postgresql" else "credential"
    _, mine = issue(500)
    stored = db.read(
        lambda conn: conn.scalars(select(rows.c.credential).order_by(text(place))).all()
    )
    assert list(stored) == sorted(mine) != mine


@contextmanager
def statements(db: Database) -> Iterator[list[tuple[str, Any]]]:
    """What is read from the database meanwhile."""
    asked: list[tuple[str, Any]] = []

    def listen(conn: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(db._reader, "before_cursor_execute", listen)
    yield asked
    event.remove(db._reader, "before_cursor_execute", listen)


def test_every_question_is_one_and_the_same_statement(
    db: Database, round_id: int, issue: Issue
) -> None:
    _, (used, voided, fresh) = issue(3)
    cast(db, round_id, used)
    void(db, round_id, voided)
    with statements(db) as asked:
        for mine in (used, voided, fresh, "x"):
            find(db, round_id, mine)
    assert len(asked) == 4
    assert len({statement for statement, _ in asked}) == 1


def test_nothing_is_read_from_end_to_end(sqlite_url: str) -> None:
    db = Database.open(sqlite_url)
    with statements(db) as asked:
        find(db, 1, "x")
    ((statement, parameters),) = asked
    plan = db.read(
        lambda conn: conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    )
    read = [row[3] for row in plan if row[3].startswith("SCAN")]
    assert all("stempas_batches" in line or "anon" in line for line in read), read
    assert sum("PRIMARY KEY (round_id=? AND credential=?)" in row[3] for row in plan) == 3
    db.close()


def test_an_envelope_taken_out_is_not_in_the_files(sqlite_url: str) -> None:
    db = Database.open(sqlite_url)
    round_id = new_round(db, "noord")
    mine = random.Random(1).randbytes(32).hex()
    box = b"a sealed ballot that nobody may find"
    facts = {"area": "z", "kind": "resident", "channel": "internet", "digits": 12, "now_ms": 1}
    db.call(lambda conn: stempassen.issue(conn, round_id, credentials=[mine], **facts))
    row = {"round_id": round_id, "credential": mine, "box": box}
    db.call(lambda conn: conn.execute(insert(envelopes), row))
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    files = (path, path.with_name(f"{path.name}-wal"))
    assert any(box in file.read_bytes() for file in files)
    void(db, round_id, mine)
    assert not any(box in file.read_bytes() for file in files)
    db.close()


def test_two_at_once_void_a_pass_once(db: Database, database_url: str, issue: Issue) -> None:
    other = Database.open(database_url)
    _, mine = issue(20)
    round_id = db.read(lambda conn: conn.scalar(select(stempas_batches.c.round_id)))
    work = [
        each.submit(lambda conn, one=one: stempassen.void(conn, round_id, one))
        for one in mine
        for each in (db, other)
    ]
    assert sum(future.result(20) for future in work) == len(mine)
    other.close()


def test_an_envelope_that_is_on_its_way_goes_too(
    db: Database, database_url: str, round_id: int, issue: Issue
) -> None:
    """Somebody casts, and before that is stored their pass becomes void."""
    db.call(lambda conn: elections.opened(conn, round_id, "ab" * 32, 3, 2, 1))
    _, (mine,) = issue(1)
    cast_, done = Event(), Event()

    def slowly(conn: Connection) -> None:
        put(conn, round_id, mine, b"box", "zuid", "2026-11-12")
        cast_.set()
        done.wait(0.5)  # as long as the other may take, if it does not wait for us

    casting = db.submit(slowly)
    assert cast_.wait(20)
    other = Database.open(database_url)
    assert void(other, round_id, mine)
    done.set()
    casting.result(20)
    other.close()
    assert boxes(db) == set()
    with pytest.raises(NotTakenError):
        db.call(lambda conn: put(conn, round_id, mine, b"box", "zuid", "2026-11-12"))
