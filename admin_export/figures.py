"""How many took part, by week, area, language, channel and way; small cells are left out.

`plans`: people who sent in a plan, and their plans. `support`: people who supported one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from admin_export.plan import ExportedPlan
from civic.figures import suppressed
from civic.rounds import today
from storage.times import from_ms

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell: None where so few people are in it that it is not told.

    what: plans | support. by: week | area | language | channel | way, with the cell's value.
    plans: how many these people sent in; None for support, and where `people` is None.
    """

    what: str
    by: str
    value: str
    people: int | None
    plans: int | None


def figures(plans: Sequence[ExportedPlan], supporters: Iterable[Any]) -> list[Figure]:
    """Every cell, in a fixed order. A plan whose resident is forgotten counts as one person.

    `supporters`: rows with person_id, area (of the plan), language (of the person), at.
    """
    sent_in = (_sent_in(plans, by, value_of) for by, value_of in _OF_PLAN.items())
    rows = list(supporters)
    supported = (_supported(rows, by, value_of) for by, value_of in _OF_SUPPORT.items())
    return [cell for cells in (*sent_in, *supported) for cell in cells]


def week(moment: datetime) -> str:
    """The ISO week of an instant, in Amsterdam: 2026-W48."""
    year, number, _ = today(moment).isocalendar()
    return f"{year}-W{number:02d}"


_OF_PLAN: dict[str, Callable[[ExportedPlan], str]] = {
    "week": lambda plan: week(plan.created_at),
    "area": lambda plan: plan.area,
    "language": lambda plan: plan.language,
    "channel": lambda plan: plan.channel,
    "way": lambda plan: "voice" if plan.by_voice else "text",
}
_OF_SUPPORT: dict[str, Callable[[Any], str | None]] = {
    "week": lambda row: week(from_ms(row.at)),
    "area": lambda row: row.area,
    "language": lambda row: row.language,
}


def _sent_in(
    plans: Iterable[ExportedPlan], by: str, value_of: Callable[[ExportedPlan], str]
) -> list[Figure]:
    people: dict[str, set[str]] = defaultdict(set)
    count: dict[str, int] = defaultdict(int)
    for plan in plans:
        value = value_of(plan) or UNKNOWN
        people[value].add(plan.initiator or f"forgotten {plan.number}")
        count[value] += 1
    return [
        Figure("plans", by, value, told, None if told is None else count[value])
        for value, told in _told(people)
    ]


def _supported(rows: Iterable[Any], by: str, value_of: Callable[[Any], str | None]) -> list[Figure]:
    people: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        people[value_of(row) or UNKNOWN].add(row.person_id)
    return [Figure("support", by, value, told, None) for value, told in _told(people)]


def _told(people: dict[str, set[Any]]) -> list[tuple[str, int | None]]:
    return list(suppressed({value: len(each) for value, each in sorted(people.items())}).items())
