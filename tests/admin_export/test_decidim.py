"""Decidim's imports, read as its own reader reads them: semicolons, the first line is the headers.

Source: decidim-admin/lib/decidim/admin/import/readers/csv.rb and, for what is done with a row,
decidim-proposals/lib/decidim/proposals/import/.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from admin_export.cells import clean
from admin_export.plan import Step
from admin_export.writers import FORMATS
from civic.plans import Status
from storage.db import Database
from tests.admin_export.conftest import exported, told_as
from tests.admin_export.hard import AT, dataset, hard, plan

TOKENS = {"not_answered", "evaluating", "accepted", "rejected", "withdrawn"}


def read(path: Path) -> list[dict[str, str]]:
    """Decidim's reader, which in older versions knows nothing of a byte order mark."""
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode(), newline=""), delimiter=";"))
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def to_i(text: str) -> int:
    """Ruby's String#to_i."""
    found = re.match(r"\s*[+-]?\d+", text)
    return int(found[0]) if found else 0


def test_proposals_of_real_plans_read_back(west: Database, real_projects, tmp_path: Path) -> None:
    FORMATS["decidim"](exported(west), tmp_path)
    rows = read(tmp_path / "decidim-proposals.csv")
    assert [row["body/nl"] for row in rows] == [told_as(each) for each in real_projects]
    assert tuple(rows[0]) == (
        "title/nl", "body/nl", "address", "latitude", "longitude", "scope/id", "taxonomies/ids",
    )  # fmt: skip
    assert {row["scope/id"] for row in rows} == {"slotermeer-no"}
    assert {row["taxonomies/ids"] for row in rows} == {"groen", "cultuur", "samen"}
    assert read(tmp_path / "decidim-answers.csv") == []


def test_hard_texts_read_back(tmp_path: Path) -> None:
    data = hard()
    FORMATS["decidim"](data, tmp_path)
    rows = read(tmp_path / "decidim-proposals.csv")
    assert len(rows) == len(data.plans)
    for row, each in zip(rows, data.plans, strict=True):
        assert row["title/nl"].strip() == clean(each.title).strip()
        assert row["body/nl"].strip().startswith(clean(each.text).strip())
        assert row["latitude"] == ("" if each.lat is None else str(each.lat))


def test_every_status_has_its_answer_or_none(tmp_path: Path) -> None:
    plans = [plan(n, status=status.value) for n, status in enumerate(Status, 1)]
    notes = FORMATS["decidim"](dataset(*plans), tmp_path).notes
    answers = {int(row["id"]): row["state"] for row in read(tmp_path / "decidim-answers.csv")}
    by_status = {status: answers.get(n) for n, status in enumerate(Status, 1)}
    assert set(answers.values()) <= TOKENS
    assert by_status[Status.SUBMITTED] is by_status[Status.SUPPORTED] is None
    assert by_status[Status.DECLINED] == by_status[Status.NOT_CHOSEN] == "rejected"
    assert by_status[Status.CHOSEN] == by_status[Status.RUNNING] == "accepted"
    assert by_status[Status.ADMITTED] == "evaluating"
    # A draft and a plan that was taken back are nobody else's business.
    left_out = {n for n, s in enumerate(Status, 1) if s in (Status.DRAFT, Status.WITHDRAWN)}
    assert {note.number for note in notes if note.field == "status"} == left_out
    assert len(read(tmp_path / "decidim-proposals.csv")) == len(Status) - 2


def test_an_answer_is_the_last_reason_in_dutch(tmp_path: Path) -> None:
    why = {"nl": "Daar ligt een kabel; dat mag niet.", "tr": "Olmaz"}
    steps = (
        Step(AT, "assessor", "assessing", "declined", why),
        Step(AT, "coordinator", "declined", "declined", {}),
    )
    FORMATS["decidim"](dataset(plan(4, status="declined", history=steps)), tmp_path)
    assert read(tmp_path / "decidim-answers.csv") == [
        {"id": "4", "state": "rejected", "answer/nl": "Daar ligt een kabel; dat mag niet."}
    ]


@pytest.mark.parametrize(("area", "id_"), [("12-noord", 0), ("12", 12), ("noord-12", 0), ("", 0)])
def test_no_area_becomes_somebody_elses_scope(area: str, id_: int, tmp_path: Path) -> None:
    FORMATS["decidim"](dataset(plan(1, area=area, theme=area)), tmp_path)
    (row,) = read(tmp_path / "decidim-proposals.csv")
    assert to_i(row["scope/id"]) == id_
    assert [to_i(each) for each in row["taxonomies/ids"].split(",")] == [id_]


def test_what_has_to_be_filled_in_is_told(tmp_path: Path) -> None:
    notes = FORMATS["decidim"](dataset(plan(1), plan(2, language="tr")), tmp_path).notes
    assert [(note.number, note.field) for note in notes] == [
        (0, "id"),
        (0, "scope/id"),
        (2, "text"),
    ]
    known = plan(1, area="3", theme="14")
    assert [n.field for n in FORMATS["decidim"](dataset(known), tmp_path).notes] == ["id"]
