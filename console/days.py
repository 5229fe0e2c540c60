"""Days and hours as people in Amsterdam type them, and the instants they are."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from civic.rounds import AMSTERDAM
from storage.times import from_ms, to_ms


def end_of(day: date) -> int:
    """The last second of a day, in milliseconds."""
    return to_ms(datetime.combine(day, time(23, 59, 59), AMSTERDAM))


def at(wall: datetime) -> int:
    """The instant at which clocks show this, in milliseconds."""
    return to_ms(wall.replace(tzinfo=AMSTERDAM))


def day_of(milliseconds: int) -> date:
    return from_ms(milliseconds).astimezone(AMSTERDAM).date()


def in_days(now_ms: int, days: int) -> date:
    """The day that comes so many days after this moment."""
    return day_of(now_ms) + timedelta(days=days)
