"""Who takes part, as figures that tell of nobody: kept for a minute, drawn when asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Connection

from admin_export.figures import UNKNOWN, week
from civic.figures import suppressed
from civic.rounds import AMSTERDAM, today
from console.times import MINUTE
from storage import participation
from storage.db import Database
from storage.participation import Sum
from storage.times import from_ms, to_ms

T = TypeVar("T")
MOST_WEEKS = 53
WEEK, SUPPORTS = "week", "support"
ALL = (WEEK, *participation.BY, SUPPORTS)


@dataclass(frozen=True, slots=True)
class Bar:
    """One cell: `count` plans (or supports) of `people`; None where those are too few to tell."""

    value: str
    count: int | None
    people: int | None


@dataclass(frozen=True, slots=True)
class Participation:
    """All figures of a round: the totals, and the bars by each of `ALL`."""

    total: Bar
    bars: Mapping[str, Sequence[Bar]]


def of_round(conn: Connection, round_id: int, areas: Sequence[str], now_ms: int) -> Participation:
    """The figures as they are now; `areas` says in which order those come."""
    total = participation.plans_in_all(conn, round_id)
    weeks = _weeks(participation.first_ms(conn, round_id), now_ms)
    starts = list(weeks.values())
    found = {
        WEEK: dict(zip(weeks, participation.plans_by_week(conn, round_id, starts), strict=True)),
        **{by: _ordered(conn, round_id, by, areas) for by in participation.BY},
        SUPPORTS: dict(
            zip(weeks, participation.supports_by_week(conn, round_id, starts), strict=True)
        ),
    }
    return Participation(_told({"": total})[0], {by: _told(cells) for by, cells in found.items()})


def _told(cells: Mapping[str, Sum]) -> list[Bar]:
    people = suppressed({value: each.people for value, each in cells.items()})
    return [
        Bar(value, None if people[value] is None else each.count, people[value])
        for value, each in cells.items()
    ]


def _ordered(conn: Connection, round_id: int, by: str, areas: Sequence[str]) -> dict[str, Sum]:
    """Areas in the round's order, everything else by how many; what is not known comes last."""
    found = participation.plans_by(conn, round_id, by)
    if by == "area":
        found = {area: Sum() for area in areas} | found
    place = {area: n for n, area in enumerate(areas)} if by == "area" else {}
    ordered = sorted(found, key=lambda key: (not key, place.get(key, 99), -found[key].count, key))
    return {value or UNKNOWN: found[value] for value in ordered}


def _weeks(first_ms: int | None, now_ms: int) -> dict[str, int]:
    """The weeks of the round so far, the last `MOST_WEEKS` of them: 2026-W48, and its start."""
    last = _monday(today(from_ms(now_ms)))
    first = last if first_ms is None else min(_monday(today(from_ms(first_ms))), last)
    count = min((last - first).days // 7 + 1, MOST_WEEKS)
    mondays = [last - timedelta(weeks=n) for n in reversed(range(count))]
    starts = [datetime.combine(monday, time(), AMSTERDAM) for monday in mondays]
    return {week(start): to_ms(start) for start in starts}


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


_kept: WeakKeyDictionary[Database, dict[Any, tuple[int, Any]]] = WeakKeyDictionary()


async def for_a_minute(
    db: Database, key: object, now_ms: int, make: Callable[[], Awaitable[T]]
) -> T:
    """What `make` makes, or made less than a minute ago."""
    kept = _kept.setdefault(db, {})
    at, made = kept.get(key, (0, None))
    if not 0 <= now_ms - at < MINUTE:
        made = await make()
        kept[key] = (now_ms, made)
    return cast(T, made)
