"""How many plans a round has by area and theme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from civic.plans import Status
from storage.tables import plans


@dataclass(frozen=True, slots=True)
class Counts:
    """Plans that were sent in and not withdrawn; those without area or theme are under None."""

    total: int
    areas: Mapping[str | None, int]
    themes: Mapping[str | None, int]


def counts(conn: Connection, round_id: int) -> Counts:
    """What there is now."""
    areas: dict[str | None, int] = {}
    themes: dict[str | None, int] = {}
    for area, theme, many in conn.execute(_COUNT, {"round": round_id}):
        areas[area] = areas.get(area, 0) + many
        themes[theme] = themes.get(theme, 0) + many
    return Counts(sum(areas.values()), areas, themes)


_COUNT = (
    select(plans.c.area, plans.c.theme, func.count())
    .where(
        plans.c.round_id == bindparam("round"),
        plans.c.status.not_in([Status.DRAFT.value, Status.WITHDRAWN.value]),
    )
    .group_by(plans.c.area, plans.c.theme)
)
