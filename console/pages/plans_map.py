"""The plans on a map of the round's areas, with the list of what is on it."""

from __future__ import annotations

import math

from starlette.responses import Response

from civic.plans import Status
from console.forms import Filters, Paging
from console.mapping import Map, around
from console.pages.plans import COLUMNS
from console.roles import EVERYONE
from console.routes import View
from console.visit import Visit
from storage import plan_map
from storage.plan_map import Box, Point


class MapFilters(Filters):
    """What the address of the page may ask for; `box` is "south,west,north,east" in degrees."""

    status: Status | None = None
    area: str | None = None
    theme: str | None = None
    box: str = ""


async def show(visit: Visit) -> Response:
    active, filters = await visit.round(), visit.filters(MapFilters)
    asked = {"status": filters.status, "area": filters.area, "theme": filters.theme}
    found, placeless = await visit.read(
        lambda conn: (
            plan_map.points(conn, active.id, **asked),
            plan_map.placeless(conn, active.id, **asked),
        )
    )
    outlines = [area for area in active.round.areas if area.outline]
    corners = [corner for area in outlines for corner in area.outline or ()]
    whole = _whole(corners, found)
    box = _box(filters.box) or whole
    drawn = Map(box) if box else None
    inside = [point for point in found if box and box.holds(point.lat, point.lng)]
    paging = Paging(filters.page, len(inside))
    return visit.page(
        "plans_map.html",
        filters=filters,
        round=active.round,
        columns=COLUMNS,
        map=drawn,
        areas=outlines,
        spots=drawn.spots(inside) if drawn else [],
        plans=inside[Paging.offset(filters.page) :][: paging.size],
        paging=paging,
        placeless=placeless,
        outside=len(found) - len(inside),
        zoomed=box != whole,
    )


def _whole(corners: list[tuple[float, float]], found: list[Point]) -> Box | None:
    """All areas; in a round without outlines all plans. What lies elsewhere is only counted."""
    places = corners or [(point.lat, point.lng) for point in found]
    return around(places) if places else None


def _box(asked: str) -> Box | None:
    """A box as the address has it; None for anything else."""
    try:
        south, west, north, east = map(float, asked.split(","))
    except ValueError:
        return None
    sane = -90 <= south < north <= 90 and -180 <= west < east <= 180
    shape = (north - south) / (east - west) if sane else math.nan
    return Box(south, west, north, east) if 0.05 < shape < 20 else None


ROUTES = [View("plans.map", "/plans/map", show, EVERYONE)]
