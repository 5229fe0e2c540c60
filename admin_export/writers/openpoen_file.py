"""For Open Poen, where a city keeps account of its money: an initiative for each chosen plan.

Source: open-poen-api, `InitiativeCreate` (open_poen_api/schemas/initiative.py): the names of the
fields and their lengths. Whose initiative it is stays a pseudonym here; what the official has to
fill in with the initiator (address, e-mail, registration) is empty.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from admin_export import privacy
from admin_export.dataset import Dataset, ExportedPlan
from admin_export.measures import characters
from admin_export.notes import Note
from admin_export.wording import sentences, words
from admin_export.writers import csv_files
from admin_export.writers.written import Written
from civic.plans import Status

SYSTEM = "Open Poen"
CHOSEN = frozenset({Status.CHOSEN, Status.STARTING, Status.RUNNING, Status.DONE})
LENGTHS = {"name": 64, "description": 512, "purpose": 64, "target_audience": 64, "location": 64}
NATURAL_PERSON = "geen (natuurlijk persoon)"  # one of its `LegalEntity`
MOST_BUDGET = 100_000_000  # ten digits, two of them behind the comma
FIELDS = (
    "name", "description", "purpose", "target_audience", "owner", "owner_email", "legal_entity",
    "address_applicant", "kvk_registration", "location", "hidden_sponsors", "hidden", "budget",
)  # fmt: skip


def write(dataset: Dataset, folder: Path) -> Written:
    """openpoen.json, as its API takes it, and the same for people as openpoen.csv."""
    chosen = [plan for plan in dataset.plans if Status(plan.status) in CHOSEN]
    titles = Counter(_fitted("name", plan.said_in("nl")[0]) for plan in chosen)
    raw = [(plan, _initiative(dataset, plan, titles)) for plan in chosen]
    fitted = [{field: _fitted(field, made[field]) for field in FIELDS} for _, made in raw]
    content = json.dumps(fitted, ensure_ascii=False, indent=1)
    (folder / "openpoen.json").write_bytes(f"{content}\n".encode())
    rows = ([plan.number, *_cells(made)] for plan, made in zip(chosen, fitted, strict=True))
    csv_files.table(folder / "openpoen.csv", ("nr", *FIELDS), rows)
    found = [note for plan, made in raw for note in _notes(plan, made)]
    numbers = {plan.number for plan in chosen}
    found += [note for note in privacy.notes(dataset) if note.number in numbers]
    return Written(("openpoen.json", "openpoen.csv"), tuple(found))


def _initiative(dataset: Dataset, plan: ExportedPlan, titles: Counter[str]) -> dict[str, Any]:
    """With the plan's own words, of any length. Two initiatives cannot have the same name there."""
    title, text = plan.said_in("nl")
    area = dataset.area_name(plan.area) if plan.area else dataset.round.name.get("nl")
    return {
        "name": f"{plan.number}. {title}" if titles[_fitted("name", title)] > 1 else title,
        "description": text,
        "purpose": dataset.theme_name(plan.theme) if plan.theme else title,
        "target_audience": f"Bewoners van {area}",
        "owner": plan.initiator,
        "owner_email": "",
        "legal_entity": NATURAL_PERSON,
        "address_applicant": "",
        "kvk_registration": "",
        "location": plan.address or area,
        "hidden_sponsors": False,
        "hidden": False,
        "budget": None if plan.cost is None else f"{plan.cost:.2f}",
    }


def _fitted(field: str, value: Any) -> Any:
    if field not in LENGTHS or len(value) <= LENGTHS[field]:
        return value
    shorten = sentences if field == "description" else words
    return shorten(value, LENGTHS[field], characters)


def _cells(made: dict[str, Any]) -> Iterator[Any]:
    for field, value in made.items():
        if isinstance(value, bool):
            yield "ja" if value else "nee"
        else:
            yield float(value) if field == "budget" and value else value


def _notes(plan: ExportedPlan, made: dict[str, Any]) -> Iterator[Note]:
    """What was made shorter, and what is missing."""
    for field, most in LENGTHS.items():
        if len(made[field]) > most:
            what = f"{len(made[field])} tekens, hoogstens {most}: ingekort"
            yield Note(plan.number, SYSTEM, field, what, _fitted(field, made[field]))
    if plan.cost is None or not 0 < plan.cost < MOST_BUDGET:
        yield Note(plan.number, SYSTEM, "budget", "een bedrag van meer dan nul is nodig")
    missing = "eigenaar, rechtsvorm, adres en KvK-nummer vult de gemeente in"
    yield Note(plan.number, SYSTEM, "owner", missing)
