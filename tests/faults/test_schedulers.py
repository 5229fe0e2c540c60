"""The calendar: two schedulers, one that stands still, and clocks that jump. Each fires once."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, make_url, text

from civic.campaigns import State, news
from storage import campaigns, rounds
from storage.db import Database
from storage.times import now_ms, to_ms
from tests.faults.provider import Provider
from tests.faults.town import Process, Town, until
from tests.runtime.campaigning import WORDS, Clock, load, person, running, until_idle
from tests.runtime.exporting import Desk
from tests.runtime.sending import Provider as Port
from tests.storage.living import Living

pytestmark = pytest.mark.slow


# Processes

PEOPLE = 160


@pytest.fixture
def town(tmp_path: Path, database_url: str) -> Iterator[Town]:
    provider = Provider(pause=0.02)
    town = Town(tmp_path, database_url, provider)
    town.load()
    yield town
    for process in town.processes:
        if process.running and process.running.poll() is None:
            process.running.send_signal(signal.SIGCONT)
    town.close()
    provider.close()


def begun_campaign(conn: Connection) -> None:
    for n in range(PEOPLE):
        person(conn, str(n))
    active = rounds.active(conn)
    assert active is not None
    begins = (datetime.now(UTC) - timedelta(minutes=1)).replace(tzinfo=None)
    campaigns.save(conn, active.id, news("news", WORDS, begins), State.SCHEDULED, now_ms())


def send_signal(process: Process, sign: signal.Signals) -> None:
    assert process.running is not None
    process.running.send_signal(sign)


def stands_still(town: Town, process: Process) -> None:
    """Not in the middle of a transaction on SQLite: nobody could write until it wakes."""
    for _ in range(50):
        send_signal(process, signal.SIGSTOP)
        if may_be_written(town):
            return
        send_signal(process, signal.SIGCONT)
        time.sleep(0.05)
    raise AssertionError("it is always in the middle of something")


def may_be_written(town: Town) -> bool:
    if not town.database_url.startswith("sqlite"):
        return True
    path = make_url(town.database_url).database
    with closing(sqlite3.connect(str(path), timeout=1.0, isolation_level=None)) as conn:
        try:
            conn.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        conn.execute("ROLLBACK")
        return True


def test_two_schedulers_of_which_each_in_turn_stands_still(town: Town) -> None:
    """Longer than their lease, in the middle of a campaign; then they wake and know nothing."""
    with town.database() as db:
        db.call(begun_campaign)
    workers = [town.worker().start(), town.worker().start()]
    for asleep, enough in zip(workers, (PEOPLE // 8, PEOPLE // 3), strict=True):
        until(lambda: len(town.provider.taken) >= enough)  # noqa: B023
        stands_still(town, asleep)
        stopped, seen = time.monotonic(), len(town.provider.taken)
        # the other has the lease now, and goes on
        until(lambda: len(town.provider.taken) > seen + 5 or seen + 5 > PEOPLE - 32)  # noqa: B023
        until(lambda: time.monotonic() - stopped > 5)  # noqa: B023
        send_signal(asleep, signal.SIGCONT)
    until(lambda: not town.count("campaigns WHERE state <> 'done'"))
    until(town.settled)
    for worker in workers:
        worker.stop()
    arrived = Counter(each.to for each in town.provider.taken)
    assert max(arrived.values()) == 1
    states = dict(town.rows("SELECT state, count(*) FROM outbox GROUP BY state"))
    assert sum(states.values()) == PEOPLE
    assert states["sent"] + states.get("unknown", 0) == PEOPLE
    assert PEOPLE - len(arrived) <= states.get("unknown", 0)
    assert town.count("campaign_runs") == 1


# Clocks

NIGHTS = {
    "an hour twice": (datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 24, 22, tzinfo=UTC)),
    "an hour never": (datetime(2027, 3, 28, 2, 30), datetime(2027, 3, 27, 22, tzinfo=UTC)),
}


def jumping(begin: datetime, hours: int, seed: int) -> Iterator[datetime]:
    """A clock looked at every ten minutes, that is now and then set an hour off, and back."""
    chance, off = random.Random(seed), timedelta()
    for step in range(hours * 6):
        if chance.random() < 0.15:
            off = chance.choice((timedelta(hours=-1), timedelta(), timedelta(hours=1)))
        yield begin + step * timedelta(minutes=10) + off


@pytest.mark.parametrize("night", NIGHTS)
def test_campaigns_in_both_nights_by_clocks_that_jump(db: Database, night: str) -> None:
    """Two processes whose clocks jump by themselves; at night nobody is woken."""
    wall, begin = NIGHTS[night]
    names = {"night": wall, "before": wall - timedelta(hours=1), "after": wall + timedelta(hours=1)}

    def schedule(conn: Connection) -> None:
        for n in range(12):
            person(conn, f"to{n}")
        round_id = load(conn)
        for name, at in names.items():
            campaigns.save(conn, round_id, news(name, WORDS, at), State.SCHEDULED, now_ms())

    db.call(schedule)
    port = Port()

    async def scene() -> None:
        clocks = [Clock(begin), Clock(begin)]
        async with AsyncExitStack() as stack:
            ours = [await stack.enter_async_context(running(db, port, c)) for c in clocks]
            for moments in zip(jumping(begin, 14, 1), jumping(begin, 14, 2), strict=True):
                for each, clock, moment in zip(ours, clocks, moments, strict=True):
                    clock.now = moment
                    await each.tick()
                await asyncio.sleep(0)
            # what waited for the morning by the real clock
            await db.run(lambda c: c.execute(text("UPDATE jobs SET due_at = 1")))
            await until_idle(db)

    asyncio.run(scene())
    runs = text(
        "SELECT c.name, r.day FROM campaign_runs r JOIN campaigns c ON c.id = r.campaign_id"
    )
    days = {(name, at.date().isoformat()) for name, at in names.items()}
    assert sorted(tuple(row) for row in db.read(lambda c: c.execute(runs).all())) == sorted(days)
    assert Counter(to for to, _ in port.sent) == {f"to{n}": len(names) for n in range(12)}


@pytest.mark.parametrize(
    "monday", [datetime(2026, 10, 26, tzinfo=UTC), datetime(2027, 3, 29, tzinfo=UTC)]
)
def test_weekly_exports_around_both_nights_by_clocks_that_jump(
    db: Database, tmp_path: Path, monday: datetime
) -> None:
    """Mondays at seven in Amsterdam, also when the week has an hour more or less."""
    town = Living(db)
    for days in (10, 4):  # in both weeks something changed
        plan, at = town.plan(town.person()), to_ms(monday - timedelta(days=days))
        where = {"at": at, "plan": plan.id}
        for sql in (
            "UPDATE plans SET created_at = :at WHERE id = :plan",
            "UPDATE plan_history SET at = :at WHERE plan_id = :plan",
            "UPDATE plan_texts SET at = :at WHERE plan_id = :plan",
        ):
            db.call(lambda c, sql=sql, where=where: c.execute(text(sql), where))
    desks = [Desk(db, tmp_path), Desk(db, tmp_path)]
    begin = monday - timedelta(days=7) + timedelta(hours=3)
    hours = [begin + timedelta(hours=n) for n in range(7 * 24 + 12)]
    chance = random.Random(3)
    for moment in hours:
        if moment.weekday() not in (6, 0):  # what matters is around Mondays
            continue
        for desk in desks:
            desk.now = moment + chance.choice((-1, 0, 0, 0, 1)) * timedelta(hours=1)
            desk.tick()
    found: Any = db.read(
        lambda c: c.execute(text("SELECT week, until, state FROM exports_made ORDER BY week")).all()
    )
    weeks = [row.week for row in found]
    assert len(weeks) == len(set(weeks)) == 2
    assert {row.state for row in found} == {"done"}
    # seven in the morning there, whatever the clock was set to in that week
    ends = [datetime.fromtimestamp(row.until / 1000, UTC).hour for row in found]
    assert ends == ([5, 6] if monday.month == 10 else [6, 5])
    assert len([p for p in (tmp_path / "out").iterdir() if p.name[0] != "."]) == 2
