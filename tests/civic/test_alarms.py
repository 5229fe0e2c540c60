"""When something is an alarm."""

from __future__ import annotations

import pytest

from civic.alarms import WAITING, Alarm, Kind, is_over, ms, of_deadline, oldest_first

DAY = 86_400_000


@pytest.mark.parametrize(
    ("deadline", "kind"),
    [
        (0, Kind.DEADLINE_PAST),
        (-DAY, Kind.DEADLINE_PAST),
        (1, Kind.DEADLINE_NEAR),
        (3 * DAY, Kind.DEADLINE_NEAR),
        (3 * DAY + 1, None),
    ],
)
def test_a_deadline_is_near_or_past(deadline: int, kind: Kind | None) -> None:
    now = 1_790_000_000_000
    assert of_deadline(now + deadline, now) is kind


def test_two_days_is_not_yet_too_long() -> None:
    assert not is_over(0, WAITING, 2 * DAY)
    assert is_over(0, WAITING, 2 * DAY + 1)
    assert ms(WAITING) == 2 * DAY


def test_the_oldest_comes_first_whatever_it_is() -> None:
    young = Alarm(kind=Kind.DEADLINE_PAST, since=5, number=1)
    old = Alarm(kind=Kind.WAITING, since=3, help_request=2)
    same = Alarm(kind=Kind.WAITING, since=5, help_request=1)
    assert oldest_first([same, young, old]) == [old, young, same]
