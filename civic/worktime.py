"""When people work and when they sleep, in Amsterdam."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from civic.rounds import AMSTERDAM

QUIET_FROM, QUIET_UNTIL = time(21), time(9)  # nothing goes out on our own initiative


def answer_by(day: date, working_days: int) -> date:
    """The day that is so many working days (Monday to Friday) after `day`."""
    while working_days > 0:
        day += timedelta(days=1)
        working_days -= day.weekday() < 5
    return day


def waking_hour(moment: datetime) -> datetime:
    """The moment itself, or 9 in the morning when it falls in the quiet hours."""
    local = moment.astimezone(AMSTERDAM)
    if QUIET_UNTIL <= local.time() < QUIET_FROM:
        return moment
    day = local.date() + timedelta(days=local.time() >= QUIET_FROM)
    return datetime.combine(day, QUIET_UNTIL, AMSTERDAM).astimezone(moment.tzinfo)
