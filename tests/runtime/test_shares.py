"""The rate of a sender that several processes share, on both databases."""

import asyncio
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from runtime.rates import Limiter, Rate
from runtime.shares import GRACE, Shares, tell_hold
from storage import leases
from storage.times import now_ms

from .jobs_contract import until

WORKER = Path(__file__).with_name("shares_worker.py")
LIMIT, SECOND = 80, 1_000_000_000


def worker(url, file, seconds):
    return subprocess.Popen([sys.executable, str(WORKER), url, str(file), str(seconds)])


def moments(*files):
    return sorted(int(line) for file in files for line in file.read_text().split())


def most_in_a_second(times):
    most = start = 0
    for end, at in enumerate(times):
        while times[start] < at - SECOND:
            start += 1
        most = max(most, end - start + 1)
    return most


@pytest.mark.slow
def test_processes_that_come_and_go_never_exceed_the_rate_together(database_url, tmp_path):
    """One alone, a second one joins, one leaves, another is killed, and a third joins."""
    files = [tmp_path / name for name in "abc"]
    with worker(database_url, files[0], 6.0) as a:
        time.sleep(1.5)
        with worker(database_url, files[1], 30) as b:
            a.wait(30)
            time.sleep(2.5)
            b.kill()
        with worker(database_url, files[2], 4.0) as c:
            c.wait(30)
    times = [moments(file) for file in files]
    assert all(len(found) > 30 for found in times)
    assert times[0][0] < times[1][0] < times[0][-1]  # the first two did share
    assert 30 < most_in_a_second(moments(*files)) <= LIMIT


@pytest.fixture
def limiter():
    return Limiter(Rate(77, 3), Rate(1, 1))


@asynccontextmanager
async def shares(db, limiter, seconds=0.3):
    scheduler = AsyncIOScheduler()
    scheduler.start()
    ours = Shares(db, scheduler, {"whatsapp": limiter}, seconds)
    await ours.start()
    yield ours
    await ours.stop()
    scheduler.shutdown(wait=False)


def test_who_is_alone_has_all_of_it_at_once(db, limiter):
    async def scene():
        async with shares(db, limiter):
            await limiter.turn(1)
            assert limiter.parts == 1

    asyncio.run(scene())


def test_who_joins_waits_until_the_others_know(db, limiter):
    other = Limiter(Rate(77, 3), Rate(1, 1))

    async def scene():
        async with shares(db, limiter), shares(db, other):
            turn = asyncio.create_task(other.turn(1))
            await asyncio.sleep(0.2)
            assert not turn.done()
            await until(lambda: limiter.parts == 2)
            await turn
            assert other.parts == 2
        assert GRACE > 1

    asyncio.run(scene())


def test_without_the_database_nothing_goes_out_once_the_lease_is_over(db, limiter):
    async def scene():
        async with shares(db, limiter) as ours:
            await limiter.turn(1)

            async def lost(work):
                return None

            ours._try = lost
            await asyncio.sleep(0.5)
            turn = asyncio.create_task(limiter.turn(2))
            await asyncio.sleep(0.1)
            assert not turn.done()
            del ours._try
            await ours.renew()
            await turn

    asyncio.run(scene())


def test_what_the_provider_told_one_counts_for_all(db, limiter):
    async def scene():
        async with shares(db, limiter) as ours:
            db.call(lambda conn: tell_hold(conn, "whatsapp", now_ms() + 60_000))
            db.call(lambda conn: tell_hold(conn, "whatsapp", now_ms() + 1_000))  # not shorter
            await ours.renew()
            assert 50 < limiter.pause(5) <= 60

    asyncio.run(scene())


def test_what_has_ended_is_removed(db):
    db.call(lambda conn: leases.take(conn, "rate:share:old", "old", 5, 1))
    db.call(lambda conn: leases.take(conn, "calendar", "old", 5, 1))
    db.call(lambda conn: leases.forget_old(conn, "rate:", 6))
    assert db.read(lambda conn: leases.held(conn, "", 1)) == {"calendar": 5}


@pytest.mark.parametrize("rate", [Rate(78, 10, 80), Rate(25, 5), Rate(8, 2)])
def test_parts_never_make_more_than_the_whole(rate):
    limit = rate.in_a_second
    for parts in range(1, limit + 1):
        part = rate.part(parts)
        assert parts * part.in_a_second <= limit
        assert part.per_second > 0
    assert sum(rate.part(2).per_second for _ in range(2)) >= 0.95 * rate.per_second


def test_what_others_sent_counts_for_the_person():
    async def scene():
        limiter = Limiter(Rate(77, 3), Rate(1 / 6, 2))
        limiter.remember(1, [1.0, 2.0])
        return limiter.pause(1), limiter.pause(2)

    mine, other = asyncio.run(scene())
    assert 3.5 < mine <= 4.1
    assert other == 0
