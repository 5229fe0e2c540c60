"""How often somebody may try a code: across restarts, processes and parallel tries."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from sqlalchemy import Connection, func, insert, select

from storage import attempts
from storage.attempts import DAY_MS, HOUR_MS, MINUTE_MS, Limits
from storage.db import Database
from storage.tables import rounds
from storage.vote_tables import code_checks

Write = Callable[..., object]

FREE = Limits(tries_left=5, until_ms=None, needs_help=False, storm=False)


@pytest.fixture
def round_id(db: Database) -> int:
    row = {"slug": "noord", "data": "{}", "active": True, "loaded_at": 0, "next_number": 1}
    add = insert(rounds).returning(rounds.c.id)
    number: int = db.call(lambda conn: conn.execute(add, row).scalar_one())
    return number


@pytest.fixture
def anna(write: Callable[..., object]) -> int:
    return write("anna").person_id  # type: ignore[attr-defined, no-any-return]


def state(db: Database, round_id: int, person: int, at: int) -> Limits:
    return db.call(lambda conn: attempts.state(conn, round_id, person, at))


def try_(db: Database, round_id: int, person: int, at: int, *, wrong: bool = True) -> None:
    db.call(lambda conn: attempts.note(conn, round_id, person, wrong, at))


def test_five_wrong_ones_then_a_wait_until_the_first_is_old(
    db: Database, round_id: int, anna: int, now: int
) -> None:
    for n in range(5):
        assert state(db, round_id, anna, now + n).tries_left == 5 - n
        try_(db, round_id, anna, now + n * MINUTE_MS)
    later = now + 4 * MINUTE_MS
    until = now + 15 * MINUTE_MS
    assert state(db, round_id, anna, later) == Limits(0, until, needs_help=False, storm=False)
    assert state(db, round_id, anna, until - 1).until_ms == until
    assert state(db, round_id, anna, until) == Limits(1, None, needs_help=False, storm=False)
    try_(db, round_id, anna, until)
    assert state(db, round_id, anna, until).until_ms == now + 16 * MINUTE_MS


def test_ten_in_a_day_need_a_person(db: Database, round_id: int, anna: int, now: int) -> None:
    for n in range(10):
        before = state(db, round_id, anna, now + n * HOUR_MS)
        assert before == Limits(min(5, 10 - n), None, needs_help=False, storm=False)
        try_(db, round_id, anna, now + n * HOUR_MS)
    assert state(db, round_id, anna, now + 20 * HOUR_MS) == Limits(
        0, None, needs_help=True, storm=False
    )
    assert not state(db, round_id, anna, now + DAY_MS).needs_help


def test_right_ones_never_count(db: Database, round_id: int, anna: int, now: int) -> None:
    for n in range(400):
        try_(db, round_id, anna, now + n, wrong=False)
    assert state(db, round_id, anna, now + 400) == FREE


def test_people_and_rounds_are_apart(
    db: Database, round_id: int, anna: int, write: Write, now: int
) -> None:
    bob = write("bob").person_id  # type: ignore[attr-defined]
    row = {"slug": "oost", "data": "{}", "active": False, "loaded_at": 0, "next_number": 1}
    add = insert(rounds).returning(rounds.c.id)
    other = db.call(lambda conn: conn.execute(add, row).scalar_one())
    for _ in range(10):
        try_(db, round_id, anna, now)
    assert state(db, round_id, bob, now) == state(db, other, anna, now) == FREE


def test_a_storm_over_the_whole_round(
    db: Database, round_id: int, anna: int, write: Write, now: int
) -> None:
    """More than 300 in the last hour; whoever tried nothing may still try as often as ever."""
    bob = write("bob").person_id  # type: ignore[attr-defined]
    facts = {"round_id": round_id, "person_id": anna, "wrong": True}
    many = [facts | {"at": now + n} for n in range(300)]
    db.call(lambda conn: conn.execute(insert(code_checks), many))
    assert state(db, round_id, bob, now + 300) == FREE
    try_(db, round_id, anna, now + 300)
    assert state(db, round_id, bob, now + 300) == Limits(5, None, needs_help=False, storm=True)
    assert state(db, round_id, bob, now + HOUR_MS) == FREE


def test_the_alarm_is_told_once_an_hour(
    db: Database, database_url: str, round_id: int, now: int
) -> None:
    other = Database.open(database_url)
    work = [
        each.submit(lambda conn: attempts.alarm(conn, round_id, now))
        for _ in range(10)
        for each in (db, other)
    ]
    assert sum(future.result(20) for future in work) == 1
    later = now + HOUR_MS
    assert not db.call(lambda conn: attempts.alarm(conn, round_id, later - 1))
    assert other.call(lambda conn: attempts.alarm(conn, round_id, later))
    assert db.call(lambda conn: attempts.alarm(conn, round_id + 1, later))
    other.close()


def test_limits_hold_after_a_restart_and_in_another_process(
    database_url: str, db: Database, round_id: int, anna: int, now: int
) -> None:
    for _ in range(3):
        try_(db, round_id, anna, now)
    other = Database.open(database_url)
    assert state(other, round_id, anna, now).tries_left == 2
    for _ in range(2):
        try_(other, round_id, anna, now)
    other.close()
    assert state(db, round_id, anna, now).tries_left == 0
    db.close()
    again = Database.open(database_url)
    assert state(again, round_id, anna, now).until_ms == now + 15 * MINUTE_MS
    again.close()


def test_parallel_tries_get_no_more_than_five(
    database_url: str, db: Database, round_id: int, anna: int, now: int
) -> None:
    """Forty threads on two connections to the database, each allowed before it tries."""

    def guess(conn: Connection) -> bool:
        if attempts.state(conn, round_id, anna, now).tries_left == 0:
            return False
        attempts.note(conn, round_id, anna, True, now)
        return True

    other = Database.open(database_url)
    with ThreadPoolExecutor(40) as pool:
        done = [pool.submit(each.call, guess) for _ in range(20) for each in (db, other)]
        wait(done)
    assert sum(future.result() for future in done) == 5
    assert db.read(lambda conn: conn.scalar(select(func.count()).select_from(code_checks))) == 5
    other.close()


def test_right_ones_go_soon_and_all_after_a_day(
    db: Database, round_id: int, anna: int, now: int
) -> None:
    for wrong in (True, False):
        for ago in (0, 15 * MINUTE_MS - 1, 15 * MINUTE_MS, DAY_MS - 1, DAY_MS):
            try_(db, round_id, anna, now - ago, wrong=wrong)
    db.call(lambda conn: attempts.prune(conn, now))
    left = db.read(lambda conn: conn.execute(select(code_checks.c.wrong, code_checks.c.at)).all())
    wrong = [now - at for is_wrong, at in left if is_wrong]
    right = [now - at for is_wrong, at in left if not is_wrong]
    assert sorted(wrong) == [0, 15 * MINUTE_MS - 1, 15 * MINUTE_MS, DAY_MS - 1]
    assert sorted(right) == [0, 15 * MINUTE_MS - 1]


def test_what_is_pruned_did_not_count_any_more(
    db: Database, round_id: int, anna: int, now: int
) -> None:
    for ago in (DAY_MS, DAY_MS - 1, HOUR_MS, 15 * MINUTE_MS, 14 * MINUTE_MS, 0):
        try_(db, round_id, anna, now - ago)
    before = state(db, round_id, anna, now)
    db.call(lambda conn: attempts.prune(conn, now))
    assert state(db, round_id, anna, now) == before
    assert before.tries_left == 3
