"""A map of outlines and points as figures for an SVG: no tiles, no script, nothing from outside.

A part of a city is small enough to be flat: a degree east is shorter than one north by the cosine
of the latitude. The map is `WIDTH` units wide; y goes down.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from civic.places import Outline
from storage.plan_map import Box, Point

WIDTH = 1000
CELLS = 28  # across: points that would touch are one spot
LEAST = 0.0005  # degrees: as near as the map comes, some 50 metres
NAME = 45  # units below the border
MARGIN = 0.06  # of the width, around what is shown


@dataclass(frozen=True, slots=True)
class Spot:
    """One or more plans at one place; `box` shows them apart, None where nothing can."""

    x: float
    y: float
    r: float
    plans: tuple[Point, ...]
    box: Box | None


class Map:
    """What lies in `box`."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self._scale = WIDTH / ((box.east - box.west) * _squeeze(box))
        self.height = max(1, round((box.north - box.south) * self._scale))

    def place(self, lat: float, lng: float) -> tuple[float, float]:
        x = (lng - self.box.west) * _squeeze(self.box) * self._scale
        return round(x, 1), round((self.box.north - lat) * self._scale, 1)

    def outline(self, outline: Outline) -> str:
        """For the `points` of a polygon."""
        return " ".join(f"{x},{y}" for x, y in (self.place(*corner) for corner in outline))

    def name_at(self, outline: Outline) -> tuple[float, float]:
        """Where a name stands: just below the top of the area, in the middle."""
        lats, lngs = zip(*outline, strict=True)
        x, y = self.place(max(lats), (max(lngs) + min(lngs)) / 2)
        return x, y + NAME

    def spots(self, points: Sequence[Point]) -> list[Spot]:
        """The points, those in one cell together; the largest spots first, so none is covered."""
        cells: dict[tuple[int, int], list[Point]] = {}
        for point in points:
            x, y = self.place(point.lat, point.lng)
            cells.setdefault((int(x * CELLS / WIDTH), int(y * CELLS / WIDTH)), []).append(point)
        found = [self._spot(cell, each) for cell, each in cells.items()]
        return sorted(found, key=lambda spot: -spot.r)

    def _spot(self, cell: tuple[int, int], points: list[Point]) -> Spot:
        places = [self.place(point.lat, point.lng) for point in points]
        x = round(sum(x for x, _ in places) / len(places), 1)
        y = round(sum(y for _, y in places) / len(places), 1)
        r = 13 if len(points) == 1 else min(34, 15 + 4 * math.log2(len(points)))
        near = around([(p.lat, p.lng) for p in points])
        apart = len({(p.lat, p.lng) for p in points}) > 1 and near != self.box
        return Spot(x, y, round(r, 1), tuple(points), near if apart else None)


def around(corners: Sequence[tuple[float, float]]) -> Box:
    """The box in which these places lie, with a margin, and not smaller than makes sense."""
    lats, lngs = [lat for lat, _ in corners], [lng for _, lng in corners]
    high = max(max(lats) - min(lats), LEAST) * (0.5 + MARGIN)
    wide = max(max(lngs) - min(lngs), LEAST) * (0.5 + MARGIN)
    high, wide = max(high, wide / 3), max(wide, high / 3)
    lat, lng = (max(lats) + min(lats)) / 2, (max(lngs) + min(lngs)) / 2
    return Box(*(round(each, 6) for each in (lat - high, lng - wide, lat + high, lng + wide)))


def _squeeze(box: Box) -> float:
    return math.cos(math.radians((box.north + box.south) / 2))
