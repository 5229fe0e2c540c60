"""A job that fails whenever it is run, or takes its process along, keeps nobody else waiting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.provider import Provider
from tests.faults.town import LINES, Town, post, until

pytestmark = pytest.mark.slow

ATTEMPTS = 4


@pytest.fixture
def town(tmp_path: Path, database_url: str) -> Iterator[Town]:
    provider = Provider()
    town = Town(tmp_path, database_url, provider)
    town.load()
    yield town
    town.close()
    provider.close()


def put_aside(town: Town) -> list[tuple[str, int]]:
    """(task, row) of what the list of dead letters shows."""
    from runtime import queues
    from runtime.config import Settings

    with town.database() as db:
        settings = Settings(database_url=town.database_url)
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        jobs = queues.jobs(settings, db, AsyncIOScheduler())
        return [(each.task, each.ref) for each in db.call(lambda conn: jobs.dead(conn, 100))]


def test_what_always_fails_ends_in_the_list(town: Town) -> None:
    web = town.web().start(poisoned=1, attempts=ATTEMPTS).wait()
    assert post(web, "1001", 0, "hoi") == 200  # person 1, to whom nothing can be delivered
    for n, words in enumerate(LINES):
        assert post(web, "1002", n, words) == 200
    until(lambda: len(town.provider.to("1002")) == len(LINES))
    until(lambda: ("deliver", 1) in put_aside(town))
    assert post(web, "1001", 1, "Nederlands") == 200  # whoever writes is still heard
    assert town.provider.to("1001") == []
    web.kill()
    web.start().wait()  # mended: what could not be said is said, in order
    until(lambda: len(town.provider.to("1001")) == 2)
    assert "Kies je taal" in town.provider.texts("1001")[0]
    web.stop()


def test_what_takes_its_process_along_ends_in_the_list(town: Town) -> None:
    """Its process died each time; the others who were served by it are served by the next."""
    web = town.web().start(poisoned=1, deadly=True, attempts=2).wait()
    assert post(web, "1001", 0, "hoi") == 200
    web.dies()
    died = 1
    web.start(poisoned=1, deadly=True, attempts=2)

    def given_up() -> bool:
        nonlocal died
        assert web.running is not None
        if web.running.poll() is not None:
            died += 1
            web.start(poisoned=1, deadly=True, attempts=2)
        return ("deliver", 1) in put_aside(town)

    until(given_up)
    assert died >= 2
    web.kill()
    web.start().wait()
    assert post(web, "1002", 0, "hoi") == 200
    until(lambda: len(town.provider.to("1002")) == 1)
    until(lambda: len(town.provider.to("1001")) == 1)
    web.stop()
