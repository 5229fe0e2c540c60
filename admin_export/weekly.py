"""When weekly exports are: one instant a week, by the clock in Amsterdam.

A week is called by its ISO name, such as 2026-W25, and has one instant whatever the clocks do:
an hour that a spring night skips is taken an hour later, one that an autumn night has twice is
taken the first time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from civic.rounds import AMSTERDAM, Round

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Week:
    """`until`: the instant of which its export is, in UTC."""

    name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Calendar:
    """The day of the week, 0 for Monday, and the hour."""

    day: int = 0
    hour: int = 7

    def weeks(self, after: datetime, until: datetime) -> Iterator[Week]:
        """The weeks whose instant is after `after` and not after `until`, in order."""
        local = after.astimezone(AMSTERDAM).date()
        monday = local - timedelta(days=local.weekday())
        while (week := self._week(monday)).until <= until:
            if week.until > after:
                yield week
            monday += _WEEK

    def _week(self, monday: date) -> Week:
        year, number, _ = monday.isocalendar()
        local = datetime.combine(monday + timedelta(days=self.day), time(self.hour), AMSTERDAM)
        return Week(f"{year}-W{number:02}", local.astimezone(UTC))


def ends_at(round_: Round) -> datetime:
    """When the round's last phase is over, in UTC."""
    return max(phase.closes_at for phase in round_.phases)
