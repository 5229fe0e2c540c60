"""How large plots are, for the pages too, which leave room for them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """How wide a plot is, in points of its own text of 11; how many weeks are named."""

    width: int
    names: int


WIDE, NARROW = Shape(420, 7), Shape(236, 3)
ROW, HEAD, COLUMN = 56, 34, 230  # points: a group of bars, the legend, columns in all


def height(bars: int, *, columns: bool) -> int:
    """How high a plot of so many bars is, in the unit of `Shape.width`."""
    return HEAD + (COLUMN if columns else ROW * max(bars, 1))
