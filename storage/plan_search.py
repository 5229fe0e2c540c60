"""Plans as a list: found by what they are and by words in them, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from storage.money import to_euros
from storage.tables import plans


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What plans to find; None is all. `words` are looked for in number, title, text, address."""

    status: str | None = None
    area: str | None = None
    theme: str | None = None
    language: str | None = None
    channel: str | None = None
    by_voice: bool | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A plan as one line of a list; `cost` in euros, times in milliseconds."""

    id: int
    number: int
    title: str
    language: str
    status: str
    area: str | None
    theme: str | None
    channel: str
    by_voice: bool
    cost: Decimal | None
    created_at: int
    updated_at: int


def find(
    conn: Connection, round_id: int, wanted: Wanted, offset: int, limit: int
) -> tuple[list[Line], int]:
    """The plans, the newest first, and how many there are in all."""
    where = _where(round_id, wanted)
    total = conn.scalar(select(func.count()).select_from(plans).where(*where)) or 0
    page = _LINES.where(*where).order_by(plans.c.number.desc()).limit(limit).offset(offset)
    return _lines(conn, page), total


def counts(conn: Connection, round_id: int, wanted: Wanted) -> dict[str, int]:
    """How many of the plans are in each status."""
    query = select(plans.c.status, func.count()).where(*_where(round_id, wanted))
    return {row[0]: row[1] for row in conn.execute(query.group_by(plans.c.status))}


def board(conn: Connection, round_id: int, wanted: Wanted, each: int) -> dict[str, list[Line]]:
    """For each status the plans that have waited longest in it, at most `each`."""
    place = func.row_number().over(partition_by=plans.c.status, order_by=plans.c.updated_at)
    inner = select(plans.c.id, place.label("place")).where(*_where(round_id, wanted)).subquery()
    query = _LINES.join(inner, inner.c.id == plans.c.id).where(inner.c.place <= each)
    found: dict[str, list[Line]] = {}
    for line in _lines(conn, query.order_by(plans.c.updated_at, plans.c.id)):
        found.setdefault(line.status, []).append(line)
    return found


def used(conn: Connection, round_id: int) -> dict[str, list[str]]:
    """Which languages and channels the plans of a round came in."""
    mine = plans.c.round_id == round_id
    return {
        name: [value for value in conn.scalars(_distinct(name, mine)) if value]
        for name in ("language", "channel")
    }


def _distinct(name: str, mine: ColumnElement[bool]) -> Select[Any]:
    return select(plans.c[name]).where(mine).distinct().order_by(plans.c[name])


def _lines(conn: Connection, query: Select[Any]) -> list[Line]:
    return [Line(**{**row._mapping, "cost": to_euros(row.cost)}) for row in conn.execute(query)]


def _where(round_id: int, wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [plans.c.round_id == round_id]
    for name in ("status", "area", "theme", "language", "channel", "by_voice"):
        if (value := getattr(wanted, name)) is not None:
            found.append(plans.c[name] == value)
    return [*found, *(_has(word) for word in wanted.words.split()[:10])]


def _has(word: str) -> ColumnElement[bool]:
    """The word in a text, or the number of the plan."""
    if word.lstrip("#").isdecimal() and len(word) < 10:
        return plans.c.number == int(word.lstrip("#"))
    # SQLite itself folds the case of plain letters only
    forms = {word, word.lower(), word.upper(), word.capitalize()}
    texts = (plans.c.title, plans.c.text, plans.c.address)
    return or_(*(text.icontains(form, autoescape=True) for text in texts for form in forms))


_LINES = select(*(plans.c[field.name] for field in fields(Line)))
