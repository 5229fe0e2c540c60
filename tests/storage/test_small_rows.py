"""Help requests, leases, and how times and money are kept."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from storage import help as help_requests
from storage import hot, leases
from storage.db import Database
from storage.money import to_cents, to_euros
from storage.times import from_ms, now_ms, to_ms

Write = Callable[..., hot.Arrival]


def test_the_most_urgent_request_for_help_comes_first(db: Database, write: Write) -> None:
    anna = write().person_id

    def ask(kind: str, answer_by: int) -> int:
        return db.call(
            lambda conn: help_requests.ask(
                conn, anna, kind, "+31612345678", "Bel mij", None, answer_by, 5
            )
        )

    late, soon = ask("message", 900), ask("call", 100)
    waiting = db.read(lambda conn: help_requests.open_requests(conn, 9))
    assert [request.id for request in waiting] == [soon, late]
    assert waiting[0] == help_requests.HelpRequest(
        soon, anna, "call", "+31612345678", "Bel mij", None, 5, 100, "open"
    )
    assert db.call(lambda conn: help_requests.done(conn, soon))
    assert not db.call(lambda conn: help_requests.done(conn, soon))
    waiting = db.read(lambda conn: help_requests.open_requests(conn, 9))
    assert [request.id for request in waiting] == [late]


def test_a_lease_has_one_holder_until_it_ends(db: Database) -> None:
    def take(holder: str, until: int, now: int) -> bool:
        return db.call(lambda conn: leases.take(conn, "calendar", holder, until, now))

    assert take("a", 100, 0)
    assert not take("b", 150, 50)
    assert take("a", 160, 60)
    assert not take("b", 250, 159)
    assert take("b", 260, 160)
    assert not take("a", 300, 200)
    db.call(lambda conn: leases.release(conn, "calendar", "a"))
    assert not take("a", 300, 200)
    db.call(lambda conn: leases.release(conn, "calendar", "b"))
    assert take("a", 300, 200)
    assert db.call(lambda conn: leases.take(conn, "export", "b", 300, 200))


def test_of_many_who_want_a_lease_one_gets_it(db: Database) -> None:
    def take(n: int) -> bool:
        return db.call(lambda conn: leases.take(conn, "calendar", f"h{n}", 100, 0))

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(take, range(24))).count(True) == 1


@pytest.mark.parametrize(
    ("euros", "cents"),
    [("0", 0), ("0.01", 1), ("12.345", 1235), ("125000.50", 12_500_050), ("1E+3", 100_000)],
)
def test_money_is_kept_in_cents(euros: str, cents: int) -> None:
    assert to_cents(Decimal(euros)) == cents
    assert to_euros(cents) == Decimal(cents) / 100


def test_no_money_is_not_zero() -> None:
    assert to_cents(None) is None
    assert to_euros(None) is None
    assert str(to_euros(5)) == "0.05"


def test_times_are_milliseconds_in_utc() -> None:
    summer = datetime(2027, 7, 1, 14, 30, 0, 123_999, tzinfo=timezone(timedelta(hours=2)))
    assert to_ms(summer) == 1_814_445_000_123
    assert from_ms(1_814_445_000_123) == datetime(2027, 7, 1, 12, 30, 0, 123_000, tzinfo=UTC)
    assert to_ms(from_ms(now_ms())) <= now_ms()
    with pytest.raises(ValueError, match="time zone"):
        to_ms(datetime(2027, 7, 1))
