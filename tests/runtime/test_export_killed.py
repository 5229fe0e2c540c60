"""Weekly exports by processes that are killed in the middle, and by two at once."""

import hashlib
import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from civic.plans import Status
from storage import plans
from storage.db import Database
from tests.runtime.exporting import filled, rows
from tests.runtime.jobs_contract import PATIENCE
from tests.storage.living import NOON

WORKER = Path(__file__).with_name("export_worker.py")
PLANS, KILLS = 400, 6

pytestmark = pytest.mark.slow


def worker(url, folder):
    return subprocess.Popen([sys.executable, str(WORKER), url, str(folder)])


def large(db):
    """So many plans that an export takes a while."""
    town = filled(db)
    person = town.person()
    new = plans.NewPlan(initiator=person, title="Een bank", text="Een bank. " * 60, language="nl")

    def work(conn):
        for _ in range(PLANS):
            plans.submit(conn, town.round_id, new, NOON)

    db.call(work)
    assert town.found(1).status == Status.SUBMITTED
    return town


def check_whole(out):
    """Everything that can be seen there is whole; its names."""
    seen = [path for path in out.iterdir() if not path.name.startswith(".")] if out.exists() else []
    for export in seen:
        listed = json.loads((export / "manifest.json").read_text())["files"]
        for file in listed:
            data = (export / file["name"]).read_bytes()
            assert hashlib.sha256(data).hexdigest() == file["sha256"]
        there = {
            path.relative_to(export).as_posix() for path in export.rglob("*") if path.is_file()
        }
        assert there == {"manifest.json", *(file["name"] for file in listed)}
    return sorted(path.name for path in seen)


def begun(folder):
    """Whether an export is being made, or is being put in its place."""
    work, out = folder / "work", folder / "out"
    return any(work.glob("*/files/*")) or any(out.glob(".*"))


def test_no_half_export_however_often_it_is_killed(database_url, tmp_path):
    db, chance, out = Database.open(database_url), random.Random(3), tmp_path / "out"
    town, hits = large(db), 0
    for kill in range(KILLS):
        with worker(database_url, tmp_path) as process:
            end = time.monotonic() + PATIENCE
            while not begun(tmp_path) and process.poll() is None and time.monotonic() < end:
                time.sleep(0.005)
            time.sleep(chance.random() * 0.1 * kill)
            process.kill()
        hits += begun(tmp_path)
        check_whole(out)
    with worker(database_url, tmp_path) as process:
        assert process.wait(PATIENCE) == 0
    made = rows(db, town)
    db.close()
    assert hits > 0  # it was in the middle of something
    assert check_whole(out) == sorted(each.folder for each in made)
    assert [each.week for each in made] == ["2026-W26", "2026-W27", "2026-W28"]
    assert [path.name for path in out.iterdir() if path.name.startswith(".")] == []
    assert [path for path in (tmp_path / "work").iterdir() if path.is_dir()] == []


def test_two_processes_make_each_week_once(database_url, tmp_path):
    db = Database.open(database_url)
    town = large(db)
    with worker(database_url, tmp_path) as one, worker(database_url, tmp_path) as other:
        assert (one.wait(PATIENCE), other.wait(PATIENCE)) == (0, 0)
    made = rows(db, town)
    db.close()
    assert [(each.week, each.attempts) for each in made] == [
        ("2026-W26", 1),
        ("2026-W27", 1),
        ("2026-W28", 1),
    ]
    assert check_whole(tmp_path / "out") == sorted(each.folder for each in made)
