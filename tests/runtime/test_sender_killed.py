"""A sender that is killed again and again, as a process of its own."""

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from storage.db import Database

from .jobs_contract import PATIENCE, kill_when
from .sending import person, put, states

WORKER = Path(__file__).with_name("sender_worker.py")
PEOPLE, EACH, KILLS, AT_ONCE = 16, 12, 3, 8

pytestmark = pytest.mark.slow


def worker(url, file, port):
    command = [sys.executable, str(WORKER), url, str(file), port]
    return subprocess.Popen(command)


def put_rows(conn):
    for n in range(PEOPLE):
        who = person(conn, f"to{n}")
        put(conn, who, [f"{n} {part}" for part in range(EACH)], f"to{n}")


def kill_and_finish(url, file, port):
    """The lines that were taken, and what the outbox says in the end."""
    db, chance = Database.open(url), random.Random(8)
    db.call(put_rows)
    for kill in range(1, KILLS + 1):
        enough = kill * PEOPLE * EACH // (KILLS + 1) + chance.randrange(20)
        with worker(url, file, port) as process:
            kill_when(process, lambda: file.exists() and file.read_text().count("\n") >= enough)  # noqa: B023
    with worker(url, file, port) as process:
        assert process.wait(PATIENCE) == 0
    found = states(db)
    db.close()
    return file.read_text().splitlines(), found


def in_order(lines):
    """Whether each person's messages came in order, seen by when they first came."""
    firsts = list(dict.fromkeys(lines))
    numbers = [[int(x.split()[1]) for x in firsts if x.startswith(f"{n} ")] for n in range(PEOPLE)]
    return all(mine == sorted(mine) for mine in numbers)


def test_a_real_channel_never_gets_a_message_twice(database_url, tmp_path):
    lines, found = kill_and_finish(database_url, tmp_path / "taken", "FilePort")
    counted = Counter(found.values())
    assert max(Counter(lines).values()) == 1
    assert set(counted) <= {"sent", "unknown"}
    assert 0 < counted["unknown"] <= KILLS * AT_ONCE
    assert {row for row, state in found.items() if state == "sent"} <= set(lines)
    assert in_order(lines)


def test_where_it_is_repeatable_every_message_arrives(database_url, tmp_path):
    lines, found = kill_and_finish(database_url, tmp_path / "taken", "RepeatablePort")
    assert set(found.values()) == {"sent"}
    assert set(found) == set(lines)
    assert len(lines) - len(set(lines)) <= KILLS * AT_ONCE
    assert in_order(lines)
