"""A campaign whose process is killed in the middle, again and again."""

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import text

from storage.db import Database

from .campaigning import person, progress, schedule
from .jobs_contract import PATIENCE, kill_when

WORKER = Path(__file__).with_name("campaign_worker.py")
PEOPLE, KILLS = 400, 3

pytestmark = pytest.mark.slow


def worker(url, file):
    return subprocess.Popen([sys.executable, str(WORKER), url, str(file)])


def taken(file):
    return file.read_text().split() if file.exists() else []


def test_nobody_is_left_out_and_nobody_hears_it_twice(database_url, tmp_path):
    """Whose message was on its way is found by looking it up, not by sending it again."""
    db, file, chance = Database.open(database_url), tmp_path / "taken", random.Random(5)
    db.call(lambda c: [person(c, f"to{n}") for n in range(PEOPLE)])
    db.call(schedule)
    for kill in range(1, KILLS + 1):
        enough = kill * PEOPLE // (KILLS + 1) + chance.randrange(40)
        with worker(database_url, file) as process:
            kill_when(process, lambda: len(taken(file)) >= enough)  # noqa: B023
    with worker(database_url, file) as process:
        assert process.wait(PATIENCE) == 0
    lost = db.read(lambda c: c.scalar(text("SELECT count(*) FROM outbox WHERE reason = 'lost'")))
    found = progress(db).states
    db.close()
    assert lost > 0  # it was killed while messages were on their way
    assert found == {"sent": PEOPLE}
    assert Counter(taken(file)) == {f"to{n}": 1 for n in range(PEOPLE)}
