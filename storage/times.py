"""Instants as the tables keep them: whole milliseconds since 1970, UTC."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def now_ms() -> int:
    """This moment."""
    return time.time_ns() // 1_000_000


def to_ms(moment: datetime) -> int:
    """The milliseconds of an instant. Raises ValueError without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return (moment - _EPOCH) // _MILLISECOND


def from_ms(milliseconds: int) -> datetime:
    """The instant in UTC."""
    return _EPOCH + milliseconds * _MILLISECOND
