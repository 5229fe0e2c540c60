"""Figures about people, so that no figure tells of somebody: small cells are left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

SMALLEST = 5  # a cell of fewer people could be somebody whom a neighbour recognises

Key = TypeVar("Key")


def suppressed(cells: Mapping[Key, int], smallest: int = SMALLEST) -> dict[Key, int | None]:
    """The same cells with None where fewer than `smallest` people are counted.

    Where the total is known, one missing cell could be calculated from the others: then the next
    smallest is left out as well. A cell of nobody stays 0, unless it has to be that next one.
    """
    small = {key for key, count in cells.items() if 0 < count < smallest}
    hidden = sum(cells[key] for key in small)
    if small and (len(small) == 1 or hidden < smallest):
        rest = [key for key in cells if key not in small]
        filled = [key for key in rest if cells[key]] or rest
        small |= set(sorted(filled, key=lambda key: cells[key])[:1])
    return {key: None if key in small else count for key, count in cells.items()}
