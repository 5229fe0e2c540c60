"""A process that dies while it casts a vote: the message comes again, and the vote is in once."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from civic.ballots import open_box
from storage import envelopes, vote_tables
from tests import ballot
from tests.dialogue import REPO
from tests.runtime.voting import Phone, box_of, shows, voting_system

PEPPER = "a pepper that only these tests know"


@pytest.mark.parametrize("point", ["before", "between", "after"])
def test_killed_while_a_vote_is_cast(
    tmp_path: Path, database_url: str, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with voting_system(tmp_path, database_url) as (system, (code,)):
        phone = Phone(system, "anna")
        asyncio.run(phone.gets_ready(code))
        asyncio.run(phone.hears())
        message = phone.writes("ja")
        settings = {
            "database_url": database_url,
            "media_url": f"file://{tmp_path}/media",
            "pepper": PEPPER,
        }
        worker = Path(__file__).with_name("vote_worker.py")
        args = (json.dumps(settings), json.dumps(message.to_json()), point, str(tmp_path))
        died = subprocess.run(
            [sys.executable, str(worker), *args],
            env={**os.environ, "PYTHONPATH": str(REPO)},
            timeout=120,
        )
        assert died.returncode == 9
        assert len(box_of(system)) == (point != "before")
        told = asyncio.run(phone.hears())
        assert bool(told) == (point == "after")
        asyncio.run(phone.takes(message))  # the provider sends it again
        told += asyncio.run(phone.hears())
        (box,) = box_of(system)
        (receipt,) = told
        assert shows(receipt, box)
        assert set(open_box(box, bytes(ballot.KEY)).choices) == {(3, 1), (1, 1)}
        turnout = system.db.read(lambda conn: envelopes.daily_turnout(conn, 1))
        assert list(turnout.values()) == [1]
        used = system.db.read(lambda c: c.execute(select(vote_tables.passes_used)).all())
        assert len(used) == (0 if point == "between" else 1), "a flag counts, it need not be exact"
