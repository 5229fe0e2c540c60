"""For OpenStad without a spreadsheet: its columns as CSV, and JSON as its API takes it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from admin_export import openstad, privacy
from admin_export.cells import Cell, clean, eased
from admin_export.dataset import Dataset
from admin_export.openstad import Checked
from admin_export.writers.written import Written


def write(dataset: Dataset, folder: Path) -> Written:
    """openstad.csv and openstad.json."""
    notes = list(openstad.general_notes(dataset))
    with (
        (folder / "openstad.csv").open("w", encoding="utf-8-sig", newline="") as table,
        (folder / "openstad.json").open("w", encoding="utf-8", newline="\n") as sent,
    ):
        rows = csv.writer(table)
        rows.writerow(openstad.HEADERS)
        sent.write('{"resources": [')
        for place, plan in enumerate(dataset.plans):
            checked = openstad.check(dataset, plan)
            rows.writerow(map(_cell, checked.resource.cells()))
            sent.write((",\n " if place else "\n ") + _dumps(_sent(checked)))
            notes += checked.notes
        sent.write("\n]}\n")
    return Written(("openstad.csv", "openstad.json"), (*notes, *privacy.notes(dataset)))


def _sent(checked: Checked) -> dict[str, Any]:
    """`body` is what the API takes; where that is refused, `proposal` has words that fit.

    Statuses and tags are names here: the API wants the numbers that they have in the project.
    """
    made = checked.resource
    return {
        "externalId": made.external_id,
        "number": made.number,
        "body": made.body(),
        "proposal": checked.proposals,
        "statuses": list(made.statuses),
        "tags": [{"type": type_, "name": name} for type_, names in made.tags for name in names],
        "images": list(made.images),
    }


def _cell(cell: Cell) -> Cell:
    return eased(clean(cell)) if isinstance(cell, str) else cell


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
