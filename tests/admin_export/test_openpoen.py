"""Open Poen: an initiative for each chosen plan, as its `InitiativeCreate` takes it."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from admin_export.writers import FORMATS
from civic.plans import Status
from tests.admin_export.hard import dataset, hard, plan

# open_poen_api/schemas/initiative.py and models.py
MOST = {
    "name": 64, "description": 512, "purpose": 64, "target_audience": 64, "owner": 64,
    "owner_email": 320, "address_applicant": 256, "kvk_registration": 16, "location": 64,
}  # fmt: skip
LEGAL = {
    "stichting", "vereniging", "eenmanszaak", "vennootschap onder firma", "maatschap",
    "besloten vennootschap", "coöperatie", "geen (natuurlijk persoon)",
}  # fmt: skip


def taken(initiative: dict[str, Any]) -> None:
    """Raises AssertionError where Open Poen would refuse it."""
    flags = {"hidden_sponsors", "hidden"}
    assert set(initiative) == set(MOST) | flags | {"legal_entity", "budget"}
    for field, most in MOST.items():
        assert isinstance(initiative[field], str)
        assert len(initiative[field]) <= most
    assert {type(initiative[flag]) for flag in flags} == {bool}
    assert initiative["legal_entity"] in LEGAL
    assert 0 < Decimal(initiative["budget"]) < 10**8


def initiatives(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "openpoen.json").read_bytes())
    return found


def test_only_chosen_plans_become_initiatives(tmp_path: Path) -> None:
    plans = [plan(n, title=s.value, status=s.value) for n, s in enumerate(Status, 1)]
    FORMATS["openpoen"](dataset(*plans), tmp_path)
    found = initiatives(tmp_path)
    assert [each["name"] for each in found] == ["chosen", "starting", "running", "done"]
    for each in found:
        taken(each)
    assert found[0] == {
        "name": "chosen", "description": "Een bankje bij de halte", "purpose": "Groen en veilig",
        "target_audience": "Bewoners van Slotermeer Noordoost", "owner": plans[7].initiator,
        "owner_email": "", "legal_entity": "geen (natuurlijk persoon)", "address_applicant": "",
        "kvk_registration": "", "location": "Slotermeerlaan 1", "hidden_sponsors": False,
        "hidden": False, "budget": "500.00",
    }  # fmt: skip


def test_what_is_too_long_is_made_shorter_and_told(tmp_path: Path) -> None:
    long = plan(9, title="Bankje", text="Een bankje bij de halte. " * 40, status="chosen")
    notes = FORMATS["openpoen"](dataset(long), tmp_path).notes
    (made,) = initiatives(tmp_path)
    taken(made)
    note = next(note for note in notes if note.field == "description")
    assert (note.number, note.proposal) == (9, made["description"])
    assert note.what == "1000 tekens, hoogstens 512: ingekort"


def test_names_are_unique_even_when_made_shorter(tmp_path: Path) -> None:
    same = "Een heel lange naam voor een plan dat pas helemaal aan het einde anders wordt "
    plans = [plan(n, title=same + str(n), status="chosen") for n in (1, 2)]
    plans += [plan(n, title="Bankje", status="chosen") for n in (3, 4)]
    FORMATS["openpoen"](dataset(*plans), tmp_path)
    names = [each["name"] for each in initiatives(tmp_path)]
    assert len(set(names)) == 4
    assert names[2:] == ["3. Bankje", "4. Bankje"]


def test_hard_texts_and_amounts(tmp_path: Path) -> None:
    chosen = [
        plan(each.number, title=each.title, text=each.text, cost=each.cost, status="chosen")
        for each in hard().plans
    ]
    notes = FORMATS["openpoen"](dataset(*chosen), tmp_path).notes
    without = {each.number for each in chosen if each.cost is None}
    assert {note.number for note in notes if note.field == "budget"} == without
    for each, made in zip(chosen, initiatives(tmp_path), strict=True):
        if each.cost is not None:
            taken(made)
            assert Decimal(made["budget"]) == each.cost
    content = (tmp_path / "openpoen.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content, newline=""), delimiter=";"))
    assert [int(row["nr"]) for row in rows] == [each.number for each in chosen]
