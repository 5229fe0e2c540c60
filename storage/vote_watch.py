"""What coordinators may watch of a vote while it goes on: never a choice, a code, or who voted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from civic.figures import suppressed
from storage import attempts, chain, elections, envelopes, stempassen
from storage.chain import Link
from storage.elections import Election
from storage.stempassen import Batch

MANY = 5  # passes used from one phone: help at a kitchen table, or something to look into


@dataclass(frozen=True, slots=True)
class Turnout:
    """How many passes were used for the first time, by day; None where too few to show."""

    days: Mapping[str, int | None]
    total: int | None


@dataclass(frozen=True, slots=True)
class Watched:
    """`broken` is the number of the first link that is not as it was appended, None when all are.

    `wrong_codes`: in the last hour, counted to one more than the breaker takes.
    """

    election: Election | None
    batches: list[Batch]
    turnout: Mapping[str, Turnout]
    used: int | None
    links: list[Link]
    broken: int | None
    many_from_one: int
    wrong_codes: int

    @property
    def storm(self) -> bool:
        """Whether the breaker slows every answer down."""
        return self.wrong_codes > attempts.MOST_IN_ROUND


def watch(conn: Connection, round_id: int, before_day: str | None, now_ms: int) -> Watched:
    """All of it. Turnout is of the days before `before_day` (2026-11-22), or of all."""
    daily = {
        (area, day): count
        for (area, day), count in envelopes.daily_turnout(conn, round_id).items()
        if before_day is None or day < before_day
    }
    links = chain.links(conn, round_id)
    turnout, used = by_area(daily)
    return Watched(
        elections.of_round(conn, round_id),
        stempassen.batches(conn, round_id),
        turnout,
        used,
        links,
        chain.verify(links),
        envelopes.many_from_one_phone(conn, round_id, MANY),
        attempts.wrong_lately(conn, round_id, now_ms),
    )


def by_area(daily: Mapping[tuple[str, str], int]) -> tuple[dict[str, Turnout], int | None]:
    """The turnout of each area, and of all; what would tell of somebody is left out.

    The days of an area can be added up to its total, and areas to all: no figure that is left
    out comes back that way. There are no totals of a day.
    """
    totals: dict[str, int] = defaultdict(int)
    for (area, _), count in daily.items():
        totals[area] += count
    shown = suppressed(totals)
    everything = suppressed({"all": sum(totals.values())})["all"] if totals else 0
    days = sorted({day for _, day in daily})
    found: dict[str, Turnout] = {}
    for area, total in shown.items():
        cells = suppressed({day: daily.get((area, day), 0) for day in days})
        hidden: dict[str, int | None] = dict.fromkeys(days)
        found[area] = Turnout(hidden if total is None else cells, total)
    return found, everything
