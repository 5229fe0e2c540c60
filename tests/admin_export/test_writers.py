"""Every format, opened again by its own reader and compared with what was written."""

from __future__ import annotations

import csv
import io
import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from jsonschema import Draft202012Validator
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from admin_export import openstad
from admin_export.cells import clean, defused
from admin_export.dataset import Dataset
from admin_export.writers import FORMATS, Written, tables
from admin_export.writers.json_file import SCHEMA
from storage.db import Database
from tests.admin_export.conftest import exported, told_as
from tests.admin_export.hard import AT, TEXTS, dataset, hard, plan

EVERY = sorted(FORMATS)


@pytest.fixture(params=["west", "hard", "nothing"])
def data(request: pytest.FixtureRequest) -> Dataset:
    """The real plans as they left the database, the hard ones, and none."""
    if request.param == "west":
        return exported(request.getfixturevalue("west"))
    return hard() if request.param == "hard" else dataset()


def written(data: Dataset, format_: str, folder: Path) -> Written:
    folder.mkdir(exist_ok=True)
    return FORMATS[format_](data, folder)


def rows_of(path: Path, encoding: str, delimiter: str) -> list[dict[str, str]]:
    content = path.read_bytes().decode(encoding)
    return list(csv.DictReader(io.StringIO(content, newline=""), delimiter=delimiter))


def given_back(cell: str) -> str:
    """A cell without what defused it."""
    return cell[1:] if cell.startswith("'") and defused(cell[1:]) == cell else cell


# --- xlsx ---------------------------------------------------------------------------------------


def sheet(path: Path, name: str) -> list[list[Any]]:
    book = load_workbook(path)
    assert book.sheetnames == ["OpenStad", "Plannen", "Let op", "Deelname"]
    return [[in_words(cell.value) for cell in row] for row in book[name].iter_rows()]


def in_words(value: Any) -> Any:
    """openpyxl leaves _x005F_ to its user where a text stands in its cell."""
    return unescape(value) if isinstance(value, str) else value


def as_in_a_cell(text: str) -> str | None:
    return clean(text) or None


def test_openstads_sheet_has_its_headers_and_the_plans_own_words(data: Dataset, tmp_path: Path):
    written(data, "xlsx", tmp_path)
    header, *rows = sheet(tmp_path / "plannen.xlsx", "OpenStad")
    assert header == [
        "Inzending ID", "Titel", "Samenvatting", "Beschrijving", "Budget", "Locatie (lat)",
        "Locatie (lng)", "Statussen", "Afbeeldingen", "Extra gegevens", "tags.thema",
        "tags.gebied",
    ]  # fmt: skip
    assert len(rows) == len(data.plans)
    for row, each in zip(rows, data.plans, strict=True):
        cells = dict(zip(header, row, strict=True))
        title, text = each.said_in("nl")
        assert cells["Inzending ID"] == each.number
        assert cells["Titel"] == as_in_a_cell(title)
        assert (cells["Beschrijving"] or "").startswith(clean(text))
        assert cells["Budget"] == (None if each.cost is None else float(each.cost))
        assert (cells["Locatie (lat)"], cells["Locatie (lng)"]) == (each.lat, each.lng)
        assert cells["Statussen"] == openstad.status_name(each.status)
        images = cells["Afbeeldingen"].split("|") if cells["Afbeeldingen"] else []
        assert images == [photo.link for photo in each.photos]
        extra = json.loads(cells["Extra gegevens"])
        assert extra["buurtstem"] == f"{data.round.id}-{each.number}"
        assert cells["tags.gebied"] == (data.area_name(each.area) if each.area else None)
        assert cells["tags.thema"] == data.theme_name(each.theme)


def test_the_sheet_for_people_reads_back_and_has_filters(data: Dataset, tmp_path: Path):
    written(data, "xlsx", tmp_path)
    header, *rows = sheet(tmp_path / "plannen.xlsx", "Plannen")
    assert header == tables.names(tables.PLANS)
    assert len(rows) == len(data.plans)
    for row, each in zip(rows, data.plans, strict=True):
        wanted = [
            as_in_a_cell(cell) if isinstance(cell, str) else cell
            for cell in tables.plan_row(data, each)
        ]
        assert row == wanted
    book = load_workbook(tmp_path / "plannen.xlsx")
    assert book.active is book["Plannen"]
    for name in ("Plannen", "Let op", "Deelname"):
        assert book[name].auto_filter.ref
        assert book[name].freeze_panes == "A2"
        assert book[name].column_dimensions["A"].width > 5


def test_no_cell_is_a_formula_or_a_link(tmp_path: Path):
    written(hard(), "xlsx", tmp_path)
    book = load_workbook(tmp_path / "plannen.xlsx")
    cells = [cell for each in book for row in each.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s", "n"}
    assert not any(cell.hyperlink for cell in cells)


def test_what_does_not_fit_a_cell_is_told_and_not_lost(tmp_path: Path):
    long = "🌳" * 20_000
    data = dataset(plan(7, text=long))
    found = written(data, "xlsx", tmp_path).notes
    assert [(n.number, n.field) for n in found if n.system == "Excel"] == [(7, "Plan")]
    row = sheet(tmp_path / "plannen.xlsx", "Plannen")[1]
    assert row[2].endswith("plans.json)")
    assert row[2].startswith("🌳" * 16_000)
    written(data, "json", tmp_path)
    assert json.loads((tmp_path / "plans.json").read_bytes())["plans"][0]["text"] == long


def test_notes_are_in_the_spreadsheet_by_number_with_a_proposal(tmp_path: Path):
    data = dataset(plan(12, title="Kort"), plan(13, text="Bel 06 12345678"))
    found = written(data, "xlsx", tmp_path).notes
    rows = sheet(tmp_path / "plannen.xlsx", "Let op")[1:]
    assert [row[0] for row in rows] == [note.number or None for note in found]
    title = next(row for row in rows if row[:3] == [12, "OpenStad", "titel"])
    assert title[3] == "4 tekens, ten minste 10"
    assert title[4] == "Kort in Slotermeer Noordoost"
    privacy = [row for row in rows if row[1] == "privacy"]
    assert privacy == [[13, "privacy", "tekst", "er staat een telefoonnummer in", None]]


def test_small_cells_of_the_figures_are_not_shown(west: Database, tmp_path: Path):
    data = exported(west)
    few = tuple(replace(each, people=None, plans=None) for each in data.figures[:1])
    written(replace(data, figures=few + data.figures[1:]), "xlsx", tmp_path)
    rows = sheet(tmp_path / "plannen.xlsx", "Deelname")
    assert rows[1] == ["ingestuurd", "week", "2019-W25", "niet getoond", "niet getoond"]
    assert rows[2] == ["ingestuurd", "gebied", "Slotermeer Noordoost", 58, 58]


def test_a_spreadsheet_was_made_when_its_data_were(tmp_path: Path):
    """Not when it was written: that would be other bytes each time."""
    data = hard()
    written(data, "xlsx", tmp_path)
    book = load_workbook(tmp_path / "plannen.xlsx")
    assert book.properties.created == data.until.replace(tzinfo=None)
    assert book.properties.modified == data.until.replace(tzinfo=None)
    with ZipFile(tmp_path / "plannen.xlsx") as zipped:
        assert {info.date_time for info in zipped.infolist()} == {(1980, 1, 31, 0, 0, 0)}


# --- csv ----------------------------------------------------------------------------------------


def test_csv_reads_back_with_a_mark_and_dutch_numbers(data: Dataset, tmp_path: Path):
    assert written(data, "csv", tmp_path).files == ("plannen.csv", "verloop.csv", "deelname.csv")
    assert (tmp_path / "plannen.csv").read_bytes().startswith(b"\xef\xbb\xbfNr;")
    rows = rows_of(tmp_path / "plannen.csv", "utf-8-sig", ";")
    assert len(rows) == len(data.plans)
    for row, each in zip(rows, data.plans, strict=True):
        title, text = each.said_in("nl")
        assert int(row["Nr"]) == each.number
        assert given_back(row["Titel"]) == clean(title)
        assert given_back(row["Plan"]) == clean(text)
        cost = row["Kosten (€)"].replace(",", ".")
        assert (Decimal(cost) if cost else None) == each.cost
        assert row["Breedtegraad"].replace(",", ".") == ("" if each.lat is None else str(each.lat))
        assert row["Steun"] == str(each.support)
    steps = rows_of(tmp_path / "verloop.csv", "utf-8-sig", ";")
    assert len(steps) == sum(len(each.history) for each in data.plans)


def test_real_names_and_costs_come_back_from_csv(west: Database, real_projects, tmp_path: Path):
    written(exported(west), "csv", tmp_path)
    rows = rows_of(tmp_path / "plannen.csv", "utf-8-sig", ";")
    assert [row["Plan"] for row in rows] == [told_as(each) for each in real_projects]
    assert [Decimal(row["Kosten (€)"]) for row in rows] == [each.cost for each in real_projects]


def test_no_cell_of_a_file_begins_a_formula(tmp_path: Path):
    """Not even behind signs that are not seen, nor in another width."""
    for format_ in ("csv", "openstad", "decidim"):
        for name in written(hard(), format_, tmp_path).files:
            if name.endswith(".csv"):
                delimiter = "," if format_ == "openstad" else ";"
                content = (tmp_path / name).read_bytes().decode("utf-8-sig")
                reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)
                for cell in (cell for row in reader for cell in row):
                    assert cell[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n", "＝")
                    assert cell.lstrip("\u200b\u202e")[:1] not in ("=", "+", "-", "@"), cell


# --- json ---------------------------------------------------------------------------------------


def test_json_is_as_its_schema_says_and_has_everything(data: Dataset, tmp_path: Path):
    written(data, "json", tmp_path)
    schema = json.loads((tmp_path / "schema.json").read_bytes())
    Draft202012Validator.check_schema(schema)
    content = json.loads((tmp_path / "plans.json").read_bytes())
    Draft202012Validator(schema).validate(content)
    assert content["version"] == 1
    assert content["until"] == data.until.isoformat()
    for row, each in zip(content["plans"], data.plans, strict=True):
        assert (row["title"], row["text"], row["number"]) == (each.title, each.text, each.number)
        assert row["cost"] == (None if each.cost is None else str(each.cost))
        assert row["created_at"] == each.created_at.isoformat()
        assert [step["after"] for step in row["history"]] == [s.after for s in each.history]
        assert [r["transcript"] for r in row["recordings"]] == [
            r.transcript for r in each.recordings
        ]
    if data.plans and len(data.plans) == len(TEXTS):
        assert tuple(row["text"] for row in content["plans"]) == TEXTS


def test_the_schema_refuses_what_it_does_not_know(west: Database, tmp_path: Path):
    written(exported(west), "json", tmp_path)
    content = json.loads((tmp_path / "plans.json").read_bytes())
    check = Draft202012Validator(json.loads(SCHEMA.read_bytes()))
    for spoilt in (
        {**content, "phone": "1"},
        {**content, "version": 2},
        {**content, "plans": [{**content["plans"][0], "phone": "06"}]},
        {**content, "plans": [{**content["plans"][0], "initiator": "Jan"}]},
    ):
        assert not check.is_valid(spoilt)


# --- openstad -----------------------------------------------------------------------------------


def test_openstads_files_read_back(data: Dataset, tmp_path: Path):
    written(data, "openstad", tmp_path)
    rows = rows_of(tmp_path / "openstad.csv", "utf-8-sig", ",")
    resources = json.loads((tmp_path / "openstad.json").read_bytes())["resources"]
    assert len(rows) == len(resources) == len(data.plans)
    for row, sent, each in zip(rows, resources, data.plans, strict=True):
        title, _ = each.said_in("nl")
        assert tuple(row) == openstad.HEADERS
        assert row["Titel"].strip() == clean(title).strip()
        assert sent["body"]["title"] == title
        assert sent["externalId"] == f"{data.round.id}-{each.number}"
        assert sent["body"]["budget"] == openstad.whole_euros(each.cost)
        assert sent["statuses"] == [openstad.status_name(each.status)]
        assert {"type": "thema", "name": data.theme_name(each.theme)} in sent["tags"]


def test_openstad_sees_no_pseudonym_and_no_voice(tmp_path: Path):
    """What is in its extra data can be seen by everybody."""
    data = hard()
    for format_ in ("openstad", "xlsx"):
        written(data, format_, tmp_path)
    texts = (tmp_path / "openstad.csv").read_text("utf-8-sig")
    texts += (tmp_path / "openstad.json").read_text()
    texts += str(sheet(tmp_path / "plannen.xlsx", "OpenStad"))
    assert data.plans[0].initiator not in texts
    assert data.plans[0].recordings[0].link not in texts


# --- everything ---------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", EVERY)
def test_the_same_data_gives_the_same_bytes(
    data: Dataset, format_: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Whatever the time is, where the folder is, and what the machine's time zone is."""
    first = written(data, format_, tmp_path / "first")
    later = time.time() + 400 * 24 * 3600
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    again = written(data, format_, tmp_path / "again")
    monkeypatch.undo()
    time.tzset()
    assert first == again
    assert bytes_in(tmp_path / "first") == bytes_in(tmp_path / "again")


@pytest.mark.parametrize("format_", EVERY)
def test_a_writer_makes_the_files_that_it_says_and_no_other(
    data: Dataset, format_: str, tmp_path: Path
):
    assert set(os.listdir(tmp_path)) <= {"west.db", "west.db-wal", "west.db-shm"}
    found = written(data, format_, tmp_path / "out")
    assert sorted(found.files) == sorted(os.listdir(tmp_path / "out"))
    assert len(set(found.files)) == len(found.files)


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_all_formats_can_share_one_folder(tmp_path: Path):
    names = [name for format_ in EVERY for name in written(hard(), format_, tmp_path).files]
    assert len(names) == len(set(names))


def columns() -> Iterator[str]:
    yield from tables.names(tables.PLANS)


def test_the_row_for_people_says_what_is_what(tmp_path: Path):
    (each,) = dataset(plan(3, status="not_chosen", who="together", by_voice=True)).plans
    row = dict(zip(columns(), tables.plan_row(dataset(each), each), strict=True))
    assert row["Status"] == "Niet gekozen"
    assert row["Wie voert uit"] == "samen"
    assert row["Ingesproken"] == "ja"
    assert row["Thema"] == "Groen en veilig"
    assert row["Ingediend"] == f"{AT:%d-%m-%Y} 11:30"  # in Amsterdam
