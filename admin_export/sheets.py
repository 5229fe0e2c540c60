"""Spreadsheets as people send them back: CSV of any kind, or XLSX, told apart by their content."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

MOST_BYTES = 20_000_000
MOST_ROWS = 100_000
_SEPARATORS = ";,\t|"
_NUMBER = re.compile(r"(?:#|plan\s*)?(\d{1,9})(?:[.,]0{1,2})?", re.IGNORECASE)
_SEP_LINE = re.compile(r"sep=(.)\s*$", re.IGNORECASE)


class SheetError(ValueError):
    """The file cannot be read; the text is one line."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a row, counted as the spreadsheet counts them, and in which column."""

    row: int
    column: str
    what: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.column}: {self.what}"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the text of its cells by the plain name of their column."""

    number: int
    cells: Mapping[str, str]

    def of(self, names: Iterable[str]) -> str:
        """The cell of the first of these columns that is there; "" without any."""
        return next((self.cells[name] for name in names if name in self.cells), "")

    def by_language(self, names: Sequence[str], language: str) -> dict[str, str]:
        """What the columns `name` (that is in `language`), `name/nl`, `name/tr` … say."""
        found = {language: self.of(names)}
        for column, text in self.cells.items():
            name, slash, code = column.partition("/")
            if slash and name.strip() in names and text:
                found[code.strip()] = text
        return {code: text for code, text in found.items() if text}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its header; empty rows are left out."""

    columns: tuple[str, ...]
    header_row: int
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...] = ()

    def has(self, names: Iterable[str]) -> bool:
        return any(name in self.columns for name in names)


def opened(source: Path | bytes) -> list[Sheet]:
    """The sheets of a file, CSV being one. Raises `SheetError`."""
    data = _data(source)
    try:
        return [_sheet(rows) for rows in (_excel(data) if data[:2] == b"PK" else [_csv(data)])]
    except (csv.Error, BadZipFile, KeyError, ValueError, OSError) as error:
        if isinstance(error, SheetError):
            raise
        raise SheetError("is neither a CSV file nor an Excel workbook") from None


def number_in(text: str) -> int | None:
    """A whole number as spreadsheets write it: `12`, `12.0`, `12,0`, `#12`; None for others."""
    found = _NUMBER.fullmatch(text.strip())
    return int(found[1]) if found else None


def plain(name: str) -> str:
    """The name of a column without what people write differently."""
    return " ".join(re.sub(r"[_\-\s]+", " ", name.casefold()).strip(" :*").split())


def _data(source: Path | bytes) -> bytes:
    try:
        if isinstance(source, Path) and source.stat().st_size > MOST_BYTES:
            raise SheetError("is too large for a list of decisions")
        data = source if isinstance(source, bytes) else source.read_bytes()
    except OSError:
        raise SheetError("cannot be read") from None
    if len(data) > MOST_BYTES:
        raise SheetError("is too large for a list of decisions")
    return data


def _sheet(rows: Iterable[tuple[int, Sequence[str]]]) -> Sheet:
    filled = ((number, cells) for number, cells in rows if any(cells))
    header_row, header = next(filled, (1, ()))
    columns = tuple(map(plain, header))
    twice = {name for name in columns if name and columns.count(name) > 1}
    faults = tuple(Fault(header_row, name, "is there twice") for name in sorted(twice))
    found = [Row(number, dict(zip(columns, cells, strict=False))) for number, cells in filled]
    if len(found) > MOST_ROWS:
        raise SheetError("has too many rows for a list of decisions")
    return Sheet(columns, header_row, tuple(found), faults)


def _excel(data: bytes) -> Iterator[list[tuple[int, Sequence[str]]]]:
    import openpyxl  # a fifth of a second, which the start of every process would wait for

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    for sheet in book.worksheets:
        rows = sheet.iter_rows(values_only=True, max_row=MOST_ROWS + 2)
        yield [(number, [_text(cell) for cell in row]) for number, row in enumerate(rows, 1)]


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def _csv(data: bytes) -> list[tuple[int, Sequence[str]]]:
    text = _decoded(data)
    first, _, rest = text.partition("\n")
    named = _SEP_LINE.match(first)
    header = next((line for line in text.splitlines() if line.strip()), "")
    separator = named[1] if named else max(_SEPARATORS, key=lambda s: _columns(header, s))
    reader = csv.reader(io.StringIO(rest if named else text, newline=""), delimiter=separator)
    start = 2 if named else 1
    return [(number, [c.strip() for c in cells]) for number, cells in enumerate(reader, start)]


def _columns(line: str, separator: str) -> int:
    return len(next(csv.reader([line], delimiter=separator), ()))


def _decoded(data: bytes) -> str:
    """UTF-8, or what Excel writes where it knows no better."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
