"""Who gets a campaign, and when: the clock on the wall, and the nights it is moved."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from civic.campaigns import (
    Audience,
    Campaign,
    Kind,
    Reader,
    day_of,
    instant,
    is_due,
    is_missed,
    news,
    skipped,
    vote_reminders,
)
from civic.rounds import Phase, PhaseDates
from runtime.round_file import load_round

ROUND = load_round(Path(__file__).parents[2] / "examples" / "slotermeer.toml")


def at(text: str) -> Campaign:
    begins = datetime.fromisoformat(text)
    return Campaign("c", Kind.NEWS, begins, datetime(2030, 1, 1, tzinfo=UTC))


def with_vote(start: date, end: date):
    phases = (PhaseDates(Phase.VOTE, start, end),)
    return vote_reminders(type(ROUND)(**{**_fields(ROUND), "phases": phases}))


def _fields(round_):
    return {name: getattr(round_, name) for name in round_.__slots__}


def test_reminders_come_at_the_opening_half_way_and_two_days_before_closing():
    found = [(c.kind, c.begins) for c in vote_reminders(ROUND)]
    assert found == [
        (Kind.VOTE_OPENING, datetime(2019, 10, 7, 10)),
        (Kind.VOTE_HALFWAY, datetime(2019, 10, 21, 10)),
        (Kind.VOTE_CLOSING, datetime(2019, 11, 2, 10)),
    ]
    assert {c.expires for c in vote_reminders(ROUND)} == {datetime(2019, 11, 4, 23, tzinfo=UTC)}
    assert all(c.audience == Audience() for c in vote_reminders(ROUND))


@pytest.mark.parametrize(
    ("days", "kinds"),
    [
        (1, ["vote_opening"]),
        (3, ["vote_opening"]),
        (5, ["vote_opening", "vote_closing"]),
        (9, ["vote_opening", "vote_halfway", "vote_closing"]),
    ],
)
def test_a_short_vote_has_fewer(days, kinds):
    start = date(2026, 11, 2)
    assert [c.kind for c in with_vote(start, start + timedelta(days - 1))] == kinds


def test_without_a_vote_there_are_none():
    assert vote_reminders(type(ROUND)(**{**_fields(ROUND), "phases": ()})) == ()


@pytest.mark.parametrize(
    ("wall", "utc"),
    [
        ("2026-10-25T01:59", datetime(2026, 10, 24, 23, 59, tzinfo=UTC)),
        ("2026-10-25T02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # the first of the two
        ("2026-10-25T03:00", datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),
        ("2027-03-28T01:59", datetime(2027, 3, 28, 0, 59, tzinfo=UTC)),
        ("2027-03-28T02:30", datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),  # there is none: 03:30
        ("2027-03-28T03:30", datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
    ],
)
def test_the_nights_in_which_the_clock_is_moved(wall, utc):
    assert instant(at(wall).begins) == utc
    assert not is_due(at(wall), utc - timedelta(seconds=1))
    assert is_due(at(wall), utc)
    assert day_of(at(wall)) == date.fromisoformat(wall[:10])


def test_what_is_long_past_does_not_begin():
    campaign = at("2026-11-22T10:00")
    moment = instant(campaign.begins)
    assert not is_missed(campaign, moment + timedelta(hours=12))
    assert is_missed(campaign, moment + timedelta(hours=12, seconds=1))
    short = Campaign("c", Kind.NEWS, campaign.begins, moment + timedelta(hours=1))
    assert is_missed(short, moment + timedelta(hours=1))


def test_news_is_news_for_a_week():
    found = news("n", {"nl": "hallo"}, datetime(2026, 11, 22, 10))
    assert found.expires == datetime(2026, 11, 29, 9, tzinfo=UTC)
    assert found.words.get("nl") == "hallo"


@pytest.mark.parametrize(
    ("reader", "why"),
    [
        (Reader(True, True, True, "whatsapp"), ""),
        (Reader(False, True, True, "sms"), "inactive"),
        (Reader(True, False, True, "sms"), "no_consent"),
        (Reader(True, True, False, "sms"), "stopped"),
        (Reader(True, True, True, ""), "no_channel"),
        (Reader(True, True, True, "phone"), "no_channel"),
    ],
)
def test_only_those_who_want_it_and_can_be_reached(reader, why):
    assert skipped(reader) == why
