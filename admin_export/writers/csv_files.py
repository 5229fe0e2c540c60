"""Comma-separated values as a Dutch spreadsheet opens them.

That is: UTF-8 with a byte order mark, semicolons between cells, a comma in numbers, and no text
that would be taken for a formula. `plans.json` is the one for programs.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

from admin_export import privacy
from admin_export.cells import Cell, clean, defused
from admin_export.dataset import Dataset
from admin_export.writers import tables
from admin_export.writers.written import Written


def write(dataset: Dataset, folder: Path) -> Written:
    """plannen.csv, verloop.csv (every step of every plan) and deelname.csv."""
    plans = (tables.plan_row(dataset, plan) for plan in dataset.plans)
    steps = chain.from_iterable(map(tables.history_rows, dataset.plans))
    figures = (tables.figure_row(dataset, figure) for figure in dataset.figures)
    table(folder / "plannen.csv", tables.names(tables.PLANS), plans)
    table(folder / "verloop.csv", tables.names(tables.HISTORY), steps)
    table(folder / "deelname.csv", tables.names(tables.FIGURES), figures)
    return Written(("plannen.csv", "verloop.csv", "deelname.csv"), tuple(privacy.notes(dataset)))


def table(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """A file for people."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(header)
        writer.writerows([_shown(cell) for cell in row] for row in rows)


def _shown(cell: Cell) -> Cell:
    if isinstance(cell, float):
        return str(cell).replace(".", ",")
    return defused(clean(cell)) if isinstance(cell, str) else cell
