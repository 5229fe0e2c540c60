"""Which way a message may go, at the edges of the window and of the night."""

from datetime import UTC, datetime, timedelta

import pytest

from runtime.policy import Decision, Route, decide
from storage.times import to_ms

NOON = to_ms(datetime(2026, 11, 23, 11, tzinfo=UTC))  # noon in Amsterdam
DAY = 24 * 3600 * 1000


def route(kind="notice", channel="whatsapp", last=NOON, now=NOON, template=False, sms=False):
    return decide(kind, channel, last, now, template, sms).route


@pytest.mark.parametrize("kind", ["reply", "notice", "campaign"])
def test_within_the_window_it_is_free_text(kind):
    assert route(kind, last=NOON - DAY, template=True, sms=True) is Route.FREE


@pytest.mark.parametrize("last", [NOON - DAY - 1000, NOON - DAY - 1, None])
def test_closed_by_one_second_it_is_the_template_else_sms_else_it_waits(last):
    assert route(last=last, template=True, sms=True) is Route.TEMPLATE
    assert route(last=last, sms=True) is Route.SMS
    assert route(last=last) is Route.WAIT


@pytest.mark.parametrize("channel", ["telegram", "sms", "simulator"])
def test_other_channels_have_no_window(channel):
    assert route(channel=channel, last=None) is Route.FREE


@pytest.mark.parametrize(
    ("hour", "until"),
    [(20, None), (21, 33), (23, 33), (24 + 8, 33), (24 + 9, None)],
)
def test_campaigns_sleep_from_nine_to_nine(hour, until):
    midnight = NOON - 12 * 3600 * 1000
    now = midnight + hour * 3600 * 1000
    decision = decide("campaign", "telegram", now, now, False, False)
    if until is None:
        assert decision == Decision(Route.FREE)
    else:
        assert decision == Decision(Route.LATER, "quiet_hours", midnight + until * 3600 * 1000)
    assert route("reply", now=now, last=now) is Route.FREE


@pytest.mark.parametrize(
    ("day", "hours"),
    [(datetime(2026, 10, 24), 13), (datetime(2027, 3, 27), 11), (datetime(2027, 1, 5), 12)],
)
def test_the_night_is_an_hour_longer_or_shorter_when_the_clock_is_moved(day, hours):
    local_21 = day + timedelta(hours=20 if day.month == 1 or day.month == 3 else 19)
    now = to_ms(local_21.replace(tzinfo=UTC))
    assert decide("campaign", "sms", None, now, False, False).until == now + hours * 3600 * 1000
    assert decide("campaign", "sms", None, now - 1, False, False).route is Route.FREE


def test_each_way_says_why():
    old = NOON - 2 * DAY
    decisions = [decide("notice", "whatsapp", old, NOON, t, s) for t, s in ((1, 0), (0, 1), (0, 0))]
    assert [d.reason for d in decisions] == ["template", "window_sms", "window"]
