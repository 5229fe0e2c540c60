"""kill -9 of web processes and workers at random, while residents write: `bench/faults.py` small.

400 messages and 8 kills; the same with 8,000 and 100 is the benchmark.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.provider import Provider
from tests.faults.rampage import rampage
from tests.faults.town import LINES, Town

PEOPLE, KILLS = 29, 8

pytestmark = pytest.mark.slow


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.close()


def killed(town: Town) -> None:
    """All of it is there in the end, once and in order."""
    try:
        for process in town.processes:
            process.start()
        for process in town.processes:
            if process.port:
                process.wait()
        report = asyncio.run(asyncio.wait_for(rampage(town, PEOPLE, KILLS, (0.3, 2.0)), 240))
    finally:
        town.close()
    assert report.found.is_well, report.found
    assert report.found.doubled_sends == report.found.late == 0
    assert report.found.missing <= report.found.unknown
    assert report.messages == PEOPLE * len(LINES)


def test_on_sqlite(sqlite_url: str, tmp_path: Path, provider: Provider) -> None:
    town = Town(tmp_path, sqlite_url, provider)
    town.load()
    town.web()
    town.worker()
    killed(town)


def test_on_postgresql(postgres_url: str, tmp_path: Path, provider: Provider) -> None:
    town = Town(tmp_path, postgres_url, provider)
    town.load()
    for _ in range(2):
        town.web()
        town.worker()
    killed(town)
