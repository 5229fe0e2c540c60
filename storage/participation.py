"""How many took part, counted in the database: only sums leave it, never who.

A plan whose initiator is forgotten, or was never known, is one person's; so is a line of support
on paper. Small numbers are not left out here: see `civic.figures`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, literal, select

from storage.conditions import is_paper
from storage.entered_tables import entered
from storage.life_tables import supports
from storage.tables import plans

BY = ("area", "language", "channel", "way")


@dataclass(frozen=True, slots=True)
class Sum:
    """So many plans (or supports), and the different people they are of."""

    count: int = 0
    people: int = 0

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.count + other.count, self.people + other.people)


def first_ms(conn: Connection, round_id: int) -> int | None:
    """When the round's first plan was sent in; None before there is one."""
    query = select(func.min(plans.c.created_at)).where(plans.c.round_id == round_id)
    first: int | None = conn.scalar(query)
    return first


def plans_in_all(conn: Connection, round_id: int) -> Sum:
    """All plans of the round."""
    return Sum(*conn.execute(_sums().where(plans.c.round_id == round_id)).one())


def plans_by(conn: Connection, round_id: int, by: str) -> dict[str, Sum]:
    """Plans by one of `BY`; "" for those that do not tell. A way is `voice` or `text`."""
    return _grouped(conn, _sums().where(plans.c.round_id == round_id), _VALUES[by])


def plans_by_week(conn: Connection, round_id: int, starts: Sequence[int]) -> list[Sum]:
    """Plans between each of `starts` (milliseconds, in order) and the next; the last is open."""
    query = _sums().where(plans.c.round_id == round_id, plans.c.created_at >= starts[0])
    return _in_weeks(_grouped(conn, query, _week(plans.c.created_at, starts)), starts)


def supports_by_week(conn: Connection, round_id: int, starts: Sequence[int]) -> list[Sum]:
    """Support of the round's plans, likewise; of paper each line that is nobody's yet."""
    given = (
        select(func.count(), func.count(supports.c.person_id.distinct()))
        .select_from(plans.join(supports, supports.c.plan_id == plans.c.id))
        .where(plans.c.round_id == round_id, supports.c.at >= starts[0])
    )
    paper = (
        select(func.count(), func.count())
        .select_from(plans.join(entered, entered.c.plan_id == plans.c.id))
        .where(plans.c.round_id == round_id, is_paper(entered), entered.c.created_at >= starts[0])
    )
    by_phone = _in_weeks(_grouped(conn, given, _week(supports.c.at, starts)), starts)
    on_paper = _in_weeks(_grouped(conn, paper, _week(entered.c.created_at, starts)), starts)
    return [one + other for one, other in zip(by_phone, on_paper, strict=True)]


_nobody = func.count() - func.count(plans.c.initiator)


def _sums() -> Any:
    return select(func.count(), func.count(plans.c.initiator.distinct()) + _nobody)


_VALUES: dict[str, ColumnElement[Any]] = {
    "area": func.coalesce(plans.c.area, ""),
    "language": plans.c.language,
    "channel": plans.c.channel,
    "way": case((plans.c.by_voice, "voice"), else_="text"),
}


def _week(at: ColumnElement[int], starts: Sequence[int]) -> ColumnElement[int]:
    """The place in `starts`, by its end: weeks of 167 hours come in spring."""
    ends = [(at < end, literal(n)) for n, end in enumerate(starts[1:])]
    last = literal(len(starts) - 1)
    return case(*ends, else_=last) if ends else last


def _grouped(conn: Connection, query: Any, value: ColumnElement[Any]) -> dict[Any, Sum]:
    labelled = value.label("value")
    rows = conn.execute(query.add_columns(labelled).group_by(labelled))
    return {row.value: Sum(row[0], row[1]) for row in rows}


def _in_weeks(found: dict[Any, Sum], starts: Sequence[int]) -> list[Sum]:
    return [found.get(n, Sum()) for n in range(len(starts))]
