"""An upgrade while people are in the middle of something."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select, update

from runtime.config import PREFIX, Settings
from runtime.round_file import load_round
from storage.db import Database
from storage.tables import sessions
from tests.dialogue import REPO, Town

DAY = datetime(2026, 9, 15, 12, tzinfo=UTC)
WHO = ("telegram", "anna")


def test_a_state_that_is_no_more_lands_in_the_menu_with_what_was_said(db: Database) -> None:
    """Old code wrote it, or newer code before a downgrade; the tables were brought up to date."""
    town = Town(db, DAY)
    town.load(load_round(REPO / "examples" / "demo.toml"))
    for line in ("hoi", "Nederlands", "ja", "1"):
        town.send(town.message(line, *WHO))
    old = {"state": "of_tomorrow.asked", "language": "nl", "consent": True, "unheard": [1]}
    old["answers"] = {"idea": "Een bank"}
    db.call(lambda conn: conn.execute(update(sessions).values(data=json.dumps(old))))
    db.migrate()  # as every process does when it starts; nothing is left to do
    town.new(*WHO)
    town.send(town.message("ja", *WHO))
    assert town.new(*WHO)
    kept = json.loads(db.read(lambda conn: conn.scalar(select(sessions.c.data))))
    assert kept["state"].startswith("menu.")
    assert kept["answers"]["idea"] == "Een bank"


def test_every_setting_is_in_the_operators_table() -> None:
    told = Path(REPO / "docs" / "operations.md").read_text("utf-8")
    names = [PREFIX + name.upper() for name in Settings.model_fields]
    assert [name for name in names if f"| `{name}` |" not in told] == []
