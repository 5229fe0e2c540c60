"""For OpenStad without a spreadsheet: its columns as CSV, and JSON as its API takes it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from admin_export import openstad, privacy
from admin_export.cells import clean, eased
from admin_export.dataset import Dataset, ExportedPlan
from admin_export.notes import Note
from admin_export.writers.written import Written


def write(dataset: Dataset, folder: Path) -> Written:
    """openstad.csv and openstad.json."""
    with (folder / "openstad.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(openstad.HEADERS)
        for plan in dataset.plans:
            cells = openstad.resource(dataset, plan).cells()
            writer.writerow([eased(clean(c)) if isinstance(c, str) else c for c in cells])
    with (folder / "openstad.json").open("w", encoding="utf-8", newline="\n") as file:
        file.write('{"resources": [')
        for place, plan in enumerate(dataset.plans):
            file.write((",\n " if place else "\n ") + _dumps(_sent(dataset, plan)))
        file.write("\n]}\n")
    return Written(("openstad.csv", "openstad.json"), tuple(_notes(dataset)))


def _sent(dataset: Dataset, plan: ExportedPlan) -> dict[str, Any]:
    """`body` is what the API takes; where that is refused, `proposal` has words that fit.

    Statuses and tags are names here: the API wants the numbers that they have in the project.
    """
    made = openstad.resource(dataset, plan)
    fitting = openstad.proposed(dataset, plan)
    fields = (
        field for field in openstad.LENGTHS if getattr(fitting, field) != getattr(made, field)
    )
    return {
        "externalId": made.external_id,
        "number": made.number,
        "body": made.body(),
        "proposal": {field: getattr(fitting, field) for field in fields},
        "statuses": list(made.statuses),
        "tags": [{"type": type_, "name": name} for type_, names in made.tags for name in names],
        "images": list(made.images),
    }


def _notes(dataset: Dataset) -> Iterator[Note]:
    yield from openstad.general_notes(dataset)
    for plan in dataset.plans:
        yield from openstad.notes(dataset, plan)
    yield from privacy.notes(dataset)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
