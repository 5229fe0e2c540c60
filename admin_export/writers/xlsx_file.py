"""A spreadsheet: one sheet exactly as OpenStad imports it, the others for people.

OpenStad reads the first sheet; people see the second when they open the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import xlsxwriter

from admin_export import openstad, privacy
from admin_export.cells import MOST_IN_A_CELL, Cell, clean, too_long
from admin_export.dataset import Dataset
from admin_export.notes import Note
from admin_export.writers import tables
from admin_export.writers.written import Written

NAME = "plannen.xlsx"
SYSTEM = "Excel"
_MORE = "… (alles staat in plans.json)"
# Formulas and links are only ever text.
_OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def write(dataset: Dataset, folder: Path) -> Written:
    """plannen.xlsx."""
    found = tuple(notes(dataset))
    with xlsxwriter.Workbook(folder / NAME, _OPTIONS) as book:
        # Otherwise the moment of writing, and the same data would give other bytes.
        book.set_properties({"created": dataset.until.replace(tzinfo=None)})
        _plain(book, "OpenStad", openstad.HEADERS, resources(dataset))
        rows = (tables.plan_row(dataset, plan) for plan in dataset.plans)
        _sheet(book, "Plannen", tables.PLANS, rows).activate()
        _sheet(book, "Let op", tables.NOTES, map(tables.note_row, found))
        figures = (tables.figure_row(dataset, figure) for figure in dataset.figures)
        _sheet(book, "Deelname", tables.FIGURES, figures)
    return Written((NAME,), found)


def resources(dataset: Dataset) -> Iterator[Sequence[Cell]]:
    """The rows below OpenStad's headers."""
    return (openstad.resource(dataset, plan).cells() for plan in dataset.plans)


def notes(dataset: Dataset) -> Iterator[Note]:
    """What OpenStad would refuse, plan by plan, and what a person should look at."""
    yield from openstad.general_notes(dataset)
    for plan in dataset.plans:
        yield from openstad.notes(dataset, plan)
    yield from privacy.notes(dataset)
    yield from _too_long(dataset)


def _too_long(dataset: Dataset) -> Iterator[Note]:
    for plan in dataset.plans:
        cells = tables.plan_row(dataset, plan)
        for name, cell in zip(tables.names(tables.PLANS), cells, strict=True):
            if isinstance(cell, str) and too_long(cell):
                what = f"meer dan {MOST_IN_A_CELL} tekens: de rest staat in plans.json"
                yield Note(plan.number, SYSTEM, name, what)


def _plain(
    book: xlsxwriter.Workbook, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> None:
    sheet = book.add_worksheet(name)
    for place, cells in enumerate(chain([header], rows)):
        _row(sheet, place, cells)


def _sheet(
    book: xlsxwriter.Workbook,
    name: str,
    columns: Sequence[tuple[str, int]],
    rows: Iterable[Sequence[Cell]],
) -> xlsxwriter.worksheet.Worksheet:
    """A sheet for people: widths, a bold first row that stays, filters on every column."""
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True, "bg_color": "#DCE6F2", "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for place, (_, width) in enumerate(columns):
        sheet.set_column(place, place, width, wrapped)
    sheet.freeze_panes(1, 0)
    last = 0
    _row(sheet, 0, tables.names(columns), bold)
    for last, cells in enumerate(rows, 1):
        _row(sheet, last, cells, wrapped)
    sheet.autofilter(0, 0, last, len(columns) - 1)
    return sheet


def _row(
    sheet: xlsxwriter.worksheet.Worksheet,
    place: int,
    cells: Sequence[Cell],
    style: xlsxwriter.format.Format | None = None,
) -> None:
    for column, cell in enumerate(cells):
        if cell is None or cell == "":
            continue  # a cell that is not there, which is not the same as an empty text
        if isinstance(cell, str):
            sheet.write_string(place, column, _fitting(clean(cell)), style)
        else:
            sheet.write_number(place, column, cell, style)


def _fitting(text: str) -> str:
    """What is left out here is told in the notes."""
    if not too_long(text):
        return text
    units = text.encode("utf-16-le")[: 2 * (MOST_IN_A_CELL - len(_MORE))]
    return units.decode("utf-16-le", "ignore") + _MORE
