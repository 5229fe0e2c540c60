"""Where plans are: the points on the map, and the list beside it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, select

from civic.plans import Status
from storage.tables import plans


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the map, in degrees."""

    south: float
    west: float
    north: float
    east: float

    def holds(self, lat: float, lng: float) -> bool:
        return self.south <= lat <= self.north and self.west <= lng <= self.east


@dataclass(frozen=True, slots=True)
class Point:
    """A plan on the map; degrees."""

    number: int
    title: str
    language: str
    status: str
    lat: float
    lng: float


def points(
    conn: Connection, round_id: int, *, status: str | None, area: str | None, theme: str | None
) -> list[Point]:
    """Every plan that told where it is, by number; those that were withdrawn are not shown."""
    where = [*_where(round_id, status, area, theme), plans.c.lat.is_not(None)]
    return [Point(*row) for row in conn.execute(_POINTS.where(*where))]


def placeless(
    conn: Connection, round_id: int, *, status: str | None, area: str | None, theme: str | None
) -> int:
    """How many plans told no point."""
    where = [*_where(round_id, status, area, theme), plans.c.lat.is_(None)]
    return conn.scalar(select(func.count()).select_from(plans).where(*where)) or 0


def _where(
    round_id: int, status: str | None, area: str | None, theme: str | None
) -> list[ColumnElement[bool]]:
    gone = plans.c.status == Status.WITHDRAWN.value
    found = [plans.c.round_id == round_id, plans.c.status == status if status else ~gone]
    found += [plans.c.area == area] if area else []
    return found + ([plans.c.theme == theme] if theme else [])


_POINTS = select(*(plans.c[name] for name in Point.__slots__)).order_by(plans.c.number)
