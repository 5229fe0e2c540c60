"""What a plan costs against what there is: more than its area's budget can never be chosen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from civic.rounds import Round


class Bound(StrEnum):
    """What a cost goes over, or stays under."""

    AREA = "area"  # the budget of its area
    THEME = "theme"  # what its theme may get in that area
    MOST = "most"  # the round's own bound for a plan
    LEAST = "least"


@dataclass(frozen=True, slots=True)
class Over:
    """A bound that a cost does not keep; euros."""

    bound: Bound
    limit: Decimal


def out_of_bounds(
    round_: Round, area_id: str | None, theme_id: str | None, cost: Decimal | None
) -> list[Over]:
    """Each bound that this cost (euros) does not keep; none without a cost."""
    if cost is None:
        return []
    area = round_.area(area_id) if area_id else None
    theme = round_.theme(theme_id) if theme_id else None
    cap = theme.cap if theme else None
    if area and theme:
        cap = area.theme_caps.get(theme.id, theme.cap)
    limits = (
        (Bound.AREA, area.budget if area else None),
        (Bound.THEME, cap),
        (Bound.MOST, round_.rules.cost_max),
    )
    over = [Over(bound, limit) for bound, limit in limits if limit is not None and cost > limit]
    least = round_.rules.cost_min
    return over + ([Over(Bound.LEAST, least)] if 0 < cost < least else [])


def together(parts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of the estimates of all fields; None when nobody made one."""
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if known else None
