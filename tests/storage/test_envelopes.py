"""The box: one envelope a pass, counted once, and nothing that tells when it was put in."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from runtime.round_file import load_round
from storage import cast, elections, envelopes, rounds, stempassen
from storage.db import Database
from storage.envelopes import NotTakenError
from tests.dialogue import REPO

NOW = 1_790_000_000_000
DAY = "2026-11-22"
MANY = 60


def credential(n: int) -> str:
    return random.Random(n).randbytes(32).hex()


@pytest.fixture
def round_id(db: Database) -> int:
    """A round whose vote is open, with passes 0 to 59."""
    round_ = load_round(REPO / "examples" / "slotermeer.toml")

    def make(conn):
        id_ = rounds.save_round(conn, round_, NOW)
        elections.opened(conn, id_, "ab" * 32, 5, 3, NOW)
        stempassen.issue(
            conn,
            id_,
            area="west",
            kind="resident",
            channel="internet",
            credentials=[credential(n) for n in range(MANY)],
            digits=12,
            now_ms=NOW,
        )
        return id_

    return db.call(make)


def put(db, round_id, n, box=b"box", area="west", day=DAY):
    return db.call(lambda conn: envelopes.put(conn, round_id, credential(n), box, area, day))


def boxes(db, round_id):
    return dict(db.read(lambda conn: envelopes.boxes(conn, round_id)))


def turnout(db, round_id):
    return db.read(lambda conn: envelopes.daily_turnout(conn, round_id))


def test_a_second_vote_replaces_the_first_and_counts_once(db: Database, round_id: int) -> None:
    assert put(db, round_id, 1, b"one")
    assert not put(db, round_id, 1, b"two", day="2026-11-23")
    assert put(db, round_id, 2, b"three")
    assert boxes(db, round_id) == {credential(1): b"two", credential(2): b"three"}
    assert turnout(db, round_id) == {("west", DAY): 2}
    assert [each.box for each in db.read(lambda c: cast.in_the_box(c, round_id))]


def test_a_vote_is_on_the_disk_also_where_the_server_does_not_wait_for_it(
    db: Database, round_id: int
) -> None:
    if db.dialect != "postgresql":
        pytest.skip("SQLite always waits: synchronous = FULL")

    def waits(conn):
        return conn.exec_driver_sql("SHOW synchronous_commit").scalar()

    def casting(conn):
        before = waits(conn)
        envelopes.put(conn, round_id, credential(1), b"box", "west", DAY)
        return before, waits(conn)

    assert db.call(casting) == ("off", "on")
    assert db.call(waits) == "off"  # only for this transaction


def test_fifty_at_once_are_one_envelope(db: Database, round_id: int) -> None:
    ready = threading.Barrier(8)

    def at_once(n: int) -> bool:
        if n < 8:
            ready.wait(10)
        return put(db, round_id, 7, f"box {n}".encode())

    with ThreadPoolExecutor(8) as pool:
        new = list(pool.map(at_once, range(50)))
    assert new.count(True) == 1
    assert list(boxes(db, round_id)) == [credential(7)]
    assert turnout(db, round_id) == {("west", DAY): 1}


def test_a_void_pass_and_one_that_was_never_issued_get_nothing_in(
    db: Database, round_id: int
) -> None:
    put(db, round_id, 1)
    assert db.call(lambda conn: stempassen.void(conn, round_id, credential(1)))
    for n in (1, MANY + 1):
        with pytest.raises(NotTakenError):
            put(db, round_id, n)
    assert boxes(db, round_id) == {}
    assert turnout(db, round_id) == {("west", DAY): 1}, "turnout stays as it was counted"


def test_after_closing_nothing_gets_in(db: Database, round_id: int) -> None:
    put(db, round_id, 1, b"one")
    db.call(lambda conn: elections.close(conn, round_id))
    for n in (1, 2):
        with pytest.raises(NotTakenError):
            put(db, round_id, n, b"late")
    assert boxes(db, round_id) == {credential(1): b"one"}
    assert db.read(envelopes.taking) == []


def test_the_box_has_no_column_that_could_tell_who_or_when(db: Database) -> None:
    def columns(conn):
        return {c["name"] for c in inspect(conn).get_columns("envelopes")}

    assert db.read(columns) == {"round_id", "credential", "box"}


def test_many_passes_from_one_phone_are_counted_and_no_more(db: Database, round_id: int) -> None:
    def person(conn, n):
        values = {"id": n, "at": NOW}
        conn.execute(
            text(
                "INSERT INTO people (id, language, sound, notify, created_at, state)"
                " VALUES (:id, 'nl', false, true, :at, 'active')"
            ),
            values,
        )

    db.call(lambda conn: [person(conn, n) for n in (1, 2)])
    for who, times in ((1, 5), (2, 1)):
        for _ in range(times):
            db.call(lambda conn, who=who: envelopes.used_by(conn, round_id, who))

    def many(at_least):
        return db.read(lambda conn: envelopes.many_from_one_phone(conn, round_id, at_least))

    assert [many(n) for n in (1, 2, 5, 6)] == [2, 1, 1, 0]


def test_mixing_keeps_every_envelope(db: Database, round_id: int) -> None:
    for n in random.Random(1).sample(range(MANY), 40):
        put(db, round_id, n, f"box {n}".encode())
    put(db, round_id, 3, b"another")
    before = boxes(db, round_id)
    for _ in range(2):
        db.call(lambda conn: envelopes.mix(conn, round_id))
        assert boxes(db, round_id) == before
        mixed = db.read(lambda conn: envelopes.fingerprint(conn, round_id))
        assert db.read(partial(envelopes.is_mixed, round_id=round_id, before=mixed))
    assert not put(db, round_id, 3, b"yet another")
    assert turnout(db, round_id) == {("west", DAY): len(before)}


def test_after_mixing_neither_place_nor_transaction_tells_the_order(
    postgres_url: str,
) -> None:
    db = Database.open(postgres_url)
    try:
        round_id = open_vote(db)
        order = random.Random(2).sample(range(MANY), MANY)
        for n in order:
            put(db, round_id, n)
        places = traces(db)
        assert len({writer for _, _, writer in places}) == MANY
        assert not db.read(lambda conn: envelopes.is_mixed(conn, round_id))
        db.call(lambda conn: envelopes.mix(conn, round_id))
        assert db.read(lambda conn: envelopes.is_mixed(conn, round_id))
        after = traces(db)
        assert len({writer for _, _, writer in after}) == 1
        in_place = [name for _, name, _ in sorted(after)]
        assert in_place == sorted(map(credential, order)), "by credential, which is nobody's order"
        one = db.read(lambda conn: conn.scalar(text("SELECT xmin::text FROM turnout")))
        assert one == after[0][2]
    finally:
        db.close()


def open_vote(db: Database) -> int:
    def make(conn):
        round_ = load_round(REPO / "examples" / "slotermeer.toml")
        id_ = rounds.save_round(conn, round_, NOW)
        elections.opened(conn, id_, "ab" * 32, 5, 3, NOW)
        common = {"area": "west", "kind": "resident", "channel": "internet"}
        codes = [credential(n) for n in range(MANY)]
        stempassen.issue(conn, id_, **common, credentials=codes, digits=12, now_ms=NOW)
        return id_

    return db.call(make)


def traces(db: Database) -> list[tuple[int, str, str]]:
    """Where each row lies in the table's file, its credential, and who wrote it."""
    query = text(
        "SELECT (ctid::text::point)[0]::int * 1000 + (ctid::text::point)[1]::int,"
        " credential, xmin::text FROM envelopes"
    )
    return [tuple(row) for row in db.read(lambda conn: conn.execute(query).all())]


def test_the_old_file_of_the_table_is_gone(postgres_url: str) -> None:
    """Dead rows would still lie in the order in which they came."""
    db = Database.open(postgres_url)
    try:
        round_id = open_vote(db)
        put(db, round_id, 1, b"\x07" * 500 + b"an old vote")
        put(db, round_id, 1, b"\x07" * 500 + b"a newer vote")
        db.call(lambda conn: envelopes.mix(conn, round_id))
        db.call(lambda conn: None)
        query = text("SELECT setting || '/' || pg_relation_filepath('envelopes') FROM pg_settings"
                     " WHERE name = 'data_directory'")  # fmt: skip
        path = db.read(lambda conn: conn.scalar(query))
        db.call(lambda conn: conn.exec_driver_sql("SELECT 1"))
        with db._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql("CHECKPOINT")
        data = Path(path).read_bytes()
        assert b"a newer vote" in data
        assert b"an old vote" not in data
    finally:
        db.close()
