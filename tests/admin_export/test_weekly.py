"""One instant a week, whatever the clocks do."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_export.weekly import Calendar, ends_at
from civic.rounds import AMSTERDAM
from tests.storage.living import ROUND


def at(*local):
    return datetime(*local, tzinfo=AMSTERDAM)


def weeks(calendar, after, until):
    return [(week.name, week.until) for week in calendar.weeks(after, until)]


def test_a_week_comes_at_seven_on_monday():
    found = weeks(Calendar(), at(2026, 6, 9), at(2026, 6, 22, 7))
    assert found == [
        ("2026-W25", datetime(2026, 6, 15, 5, tzinfo=UTC)),
        ("2026-W26", datetime(2026, 6, 22, 5, tzinfo=UTC)),
    ]
    assert weeks(Calendar(), at(2026, 6, 15, 7), at(2026, 6, 22, 6, 59)) == []
    assert [name for name, _ in weeks(Calendar(), at(2026, 6, 15, 6), at(2026, 6, 15, 7))] == [
        "2026-W25"
    ]


def test_the_clock_in_amsterdam_counts_on_both_sides_of_a_change():
    assert [until.hour for _, until in weeks(Calendar(), at(2026, 10, 18), at(2026, 11, 3))] == [
        5,
        6,
        6,
    ]


@pytest.mark.parametrize(
    ("night", "hour", "instant"),
    [
        (at(2026, 3, 29), 2, datetime(2026, 3, 29, 1, tzinfo=UTC)),  # there is no two o'clock
        (at(2026, 10, 25), 2, datetime(2026, 10, 25, 0, tzinfo=UTC)),  # there are two
    ],
)
def test_the_nights_in_which_the_clock_changes(night, hour, instant):
    sundays = Calendar(6, hour)
    assert [until for _, until in weeks(sundays, night, night + timedelta(days=1))] == [instant]


def test_the_last_week_of_a_year_has_its_iso_name():
    assert [name for name, _ in weeks(Calendar(), at(2026, 12, 27), at(2027, 1, 5))] == [
        "2026-W53",
        "2027-W01",
    ]


moments = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


@given(moments, st.integers(0, 400), st.integers(0, 6), st.integers(0, 23))
def test_however_often_one_looks_it_is_the_same_weeks(start, days, day, hour):
    calendar, end = Calendar(day, hour), start + timedelta(days=days)
    middle = start + (end - start) / 3
    at_once = weeks(calendar, start, end)
    assert at_once == weeks(calendar, start, middle) + weeks(calendar, middle, end)
    names, instants = [name for name, _ in at_once], [until for _, until in at_once]
    assert len(set(names)) == len(names)
    assert instants == sorted(instants)
    assert all(until.astimezone(AMSTERDAM).weekday() == day for until in instants)
    assert abs(len(instants) - days / 7) <= 1


def test_a_round_ends_with_its_last_day():
    assert ends_at(ROUND) == max(phase.closes_at for phase in ROUND.phases)
