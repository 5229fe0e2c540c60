"""Golden conversations: see tests/dialogue.py for the notation.

`pytest tests/test_dialogues.py --write-dialogues` writes what really comes back;
read the difference before it is committed.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from storage.db import Database
from tests.dialogue import REPO, play

DIALOGUES = sorted((REPO / "tests" / "dialogues").glob("*.txt"))


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
def test_dialogue(path: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    db = Database.open(f"sqlite:///{tmp_path}/town.db")
    db.migrate()
    try:
        played = play(path, db)
    finally:
        db.close()
    if request.config.getoption("--write-dialogues"):
        path.write_text(played, "utf-8")
    assert played == path.read_text("utf-8")


def test_every_language_and_channel_has_a_dialogue() -> None:
    told = {(p.stem.split("-")[0], p.stem.split("-")[1]) for p in DIALOGUES}
    channels = ("simulator", "telegram", "whatsapp", "sms", "phone")
    assert told >= set(itertools.product(("nl", "en", "tr", "ar"), channels))
