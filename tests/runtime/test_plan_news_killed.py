"""News of plans told by a process that is killed in the middle, again and again."""

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import text

from civic.plans import Role, Status
from storage import outcomes
from storage.db import Database
from tests.storage.living import NOON, Living

from .jobs_contract import PATIENCE, kill_when

WORKER = Path(__file__).with_name("plan_news_worker.py")
PLANS, FANS, KILLS = 60, 90, 3

pytestmark = pytest.mark.slow


def worker(url, file):
    return subprocess.Popen([sys.executable, str(WORKER), url, str(file)])


def taken(file):
    return file.read_text().split() if file.exists() else []


def announced(db):
    """Results of many plans, each with an initiator, and one that many people follow."""
    town = Living(db)
    found = [town.plan(town.person(f"own{n}"), Status.ADMITTED) for n in range(PLANS)]
    for n in range(FANS):
        town.follow(found[0], town.person(f"fan{n}"))
    results = {p.number: Status.CHOSEN if n % 5 else Status.NOT_CHOSEN for n, p in enumerate(found)}
    db.call(
        lambda c: outcomes.announce(
            c, town.round_id, results, actor="a", role=Role.COUNT, publish_at_ms=NOON
        )
    )


def test_everybody_hears_once(database_url, tmp_path):
    """Whose message was on its way is found by looking it up, not by sending it again."""
    db, file, chance = Database.open(database_url), tmp_path / "taken", random.Random(7)
    announced(db)
    for kill in range(1, KILLS + 1):
        enough = kill * (PLANS + FANS) // (KILLS + 1) + chance.randrange(10)
        with worker(database_url, file) as process:
            kill_when(process, lambda: len(taken(file)) >= enough)  # noqa: B023
    with worker(database_url, file) as process:
        assert process.wait(PATIENCE) == 0
    states = text("SELECT state, count(*) FROM outbox GROUP BY state")
    found = {row[0]: row[1] for row in db.read(lambda c: c.execute(states).all())}
    steps = text("SELECT count(*) FROM plan_history WHERE after IN ('chosen', 'not_chosen')")
    told = db.read(lambda c: c.scalar(steps))
    db.close()
    everybody = [f"own{n}" for n in range(PLANS)] + [f"fan{n}" for n in range(FANS)]
    assert found == {"sent": PLANS + FANS}
    assert told == PLANS
    assert Counter(taken(file)) == Counter(everybody)
