"""Working days and waking hours in Amsterdam."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civic.rounds import AMSTERDAM
from civic.worktime import QUIET_FROM, QUIET_UNTIL, answer_by, waking_hour

MONDAY = date(2019, 6, 10)


@pytest.mark.parametrize(
    ("day", "working_days", "answered"),
    [
        (MONDAY, 0, MONDAY),
        (MONDAY, 2, date(2019, 6, 12)),
        (date(2019, 6, 13), 2, date(2019, 6, 17)),  # Thursday: Friday and Monday
        (date(2019, 6, 14), 1, date(2019, 6, 17)),
        (date(2019, 6, 15), 1, date(2019, 6, 17)),  # Saturday
        (date(2019, 6, 16), 5, date(2019, 6, 21)),
        (date(2019, 12, 31), 1, date(2020, 1, 1)),  # public holidays count as working days
    ],
)
def test_an_answer_comes_on_a_working_day(day: date, working_days: int, answered: date) -> None:
    assert answer_by(day, working_days) == answered


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 30))
def test_so_many_working_days_lie_between(day: date, working_days: int) -> None:
    answered = answer_by(day, working_days)
    between = [day + timedelta(n + 1) for n in range((answered - day).days)]
    assert sum(each.weekday() < 5 for each in between) == working_days
    assert answered.weekday() < 5


@pytest.mark.parametrize(
    ("moment", "awake"),
    [
        ("2019-06-12 08:59:59", "2019-06-12 09:00"),
        ("2019-06-12 09:00:00", "2019-06-12 09:00"),
        ("2019-06-12 20:59:59", "2019-06-12 20:59:59"),
        ("2019-06-12 21:00:00", "2019-06-13 09:00"),
        ("2019-06-12 00:00:00", "2019-06-12 09:00"),
        ("2019-03-30 23:30:00", "2019-03-31 09:00"),  # the night in which summer time begins
        ("2019-10-26 23:30:00", "2019-10-27 09:00"),  # and ends
        ("2019-12-31 22:00:00", "2020-01-01 09:00"),
    ],
)
def test_nobody_is_woken(moment: str, awake: str) -> None:
    local = datetime.fromisoformat(moment).replace(tzinfo=AMSTERDAM)
    wanted = datetime.fromisoformat(awake).replace(tzinfo=AMSTERDAM)
    assert waking_hour(local) == wanted
    assert waking_hour(local.astimezone(UTC)) == wanted


moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(moments)
def test_it_is_day_and_soon(moment: datetime) -> None:
    awake = waking_hour(moment)
    assert QUIET_UNTIL <= awake.astimezone(AMSTERDAM).time() < QUIET_FROM
    assert timedelta(0) <= awake - moment <= timedelta(hours=13)
    assert waking_hour(awake) == awake
