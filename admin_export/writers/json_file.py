"""Everything that may leave, for programs; `schema.json` beside it describes it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from admin_export import privacy
from admin_export.dataset import Dataset
from admin_export.writers.written import Written

VERSION = 1  # grows when a reader of the old one would misread the new one
SCHEMA = Path(__file__).with_name("schema.json")


def write(dataset: Dataset, folder: Path) -> Written:
    """plans.json, a plan a line, and its schema."""
    head = json.dumps(_head(dataset), ensure_ascii=False, indent=1)
    with (folder / "plans.json").open("w", encoding="utf-8", newline="\n") as file:
        file.write(head.removesuffix("\n}") + ',\n "plans": [')
        for place, plan in enumerate(dataset.plans):
            file.write((",\n  " if place else "\n  ") + _dumps(asdict(plan)))
        file.write("\n ]\n}\n")
    (folder / "schema.json").write_bytes(SCHEMA.read_bytes())
    return Written(("plans.json", "schema.json"), tuple(privacy.notes(dataset)))


def _head(dataset: Dataset) -> dict[str, Any]:
    round_ = dataset.round
    return {
        "version": VERSION,
        "round": {
            "id": round_.id,
            "name": dict(round_.name.texts),
            "areas": [
                {"id": area.id, "name": dict(area.name.texts), "budget": f"{area.budget:.2f}"}
                for area in round_.areas
            ],
            "themes": [{"id": t.id, "name": dict(t.name.texts)} for t in round_.themes],
        },
        "since": dataset.since.isoformat() if dataset.since else None,
        "until": dataset.until.isoformat(),
        "figures": [asdict(figure) for figure in dataset.figures],
    }


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain, separators=(",", ":"))


def _plain(value: object) -> str:
    """Money and instants as text: a number would lose a cent, and JSON has no instants."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)
