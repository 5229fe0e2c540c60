"""Only one holder, on both databases; time is the tables' and the process's own."""

import asyncio
import logging
from contextlib import asynccontextmanager

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from runtime import lease as module
from runtime.lease import Lease, every, under
from storage.times import now_ms

from .jobs_contract import until


class Time:
    """Moves the wall clock and the monotonic clock together, and nothing else moves them."""

    def __init__(self, monkeypatch):
        self.passed, began = 0.0, now_ms()
        monkeypatch.setattr(module, "now_ms", lambda: began + round(self.passed * 1000))

    def monotonic(self):
        return self.passed


@pytest.fixture
def time(monkeypatch):
    return Time(monkeypatch)


@asynccontextmanager
async def scheduler():
    scheduler = AsyncIOScheduler()
    scheduler.start()
    yield scheduler
    scheduler.shutdown(wait=False)


def two(db, time, body):
    async def scene():
        async with scheduler() as runner:
            leases = [Lease(db, runner, "calendar", 15, time.monotonic) for _ in range(2)]
            await body(*leases)

    asyncio.run(scene())


def test_only_one_holds_it_until_it_lets_go(db, time):
    async def body(one, other):
        await one.start()
        await other.start()
        assert one.held
        assert not other.held
        time.passed += 10
        await one.renew()
        time.passed += 10
        await other.renew()
        assert one.held
        assert not other.held
        await one.stop()
        assert not one.held
        await other.renew()
        assert other.held
        await other.stop()

    two(db, time, body)


def test_who_cannot_renew_has_lost_it_before_another_gets_it(db, time):
    async def body(one, other):
        await one.renew()
        time.passed += 14.9
        await other.renew()
        assert one.held
        assert not other.held
        time.passed += 0.2
        assert not one.held
        await other.renew()
        assert other.held
        await one.renew()
        assert not one.held

    two(db, time, body)


def test_of_many_at_once_one_gets_it(db):
    async def scene():
        async with scheduler() as runner:
            leases = [Lease(db, runner, "calendar") for _ in range(20)]
            await asyncio.gather(*(lease.renew() for lease in leases))
            return [lease.held for lease in leases]

    assert asyncio.run(scene()).count(True) == 1


def test_without_the_database_it_is_kept_only_for_its_time(db, time, caplog):
    async def body(one, other):
        await one.renew()
        db.close()
        time.passed += 14
        await one.renew()
        assert one.held
        time.passed += 2
        assert not one.held
        await one.stop()

    two(db, time, body)
    assert "calendar cannot be reached: RuntimeError" in caplog.text


def test_only_the_holder_does_the_work(db):
    done = []

    def work(who):
        async def note():
            done.append(who)

        return note

    async def scene():
        async with scheduler() as runner:
            one, other = Lease(db, runner, "calendar"), Lease(db, runner, "calendar")
            await one.start()
            await other.start()
            every(runner, 0.01, one, "one", work("one"))
            every(runner, 0.01, other, "other", work("other"))
            await until(lambda: len(done) > 3)
            assert set(done) == {"one"}
            await one.stop()
            await other.renew()
            done.clear()
            await until(lambda: len(done) > 3)
            assert set(done) == {"other"}
            await other.stop()

    asyncio.run(scene())


def test_work_that_fails_is_logged_without_its_text_and_comes_again(db, caplog):
    caplog.set_level(logging.DEBUG)
    times = []

    async def fails():
        times.append(1)
        raise ValueError("31612345678 wrote")

    async def scene():
        async with scheduler() as runner:
            lease = Lease(db, runner, "calendar")
            await lease.renew()
            await under(lease, "sweep", fails)()
            await under(lease, "sweep", fails)()

    asyncio.run(scene())
    assert len(times) == 2
    assert "sweep failed: ValueError" in caplog.text
    assert "316" not in caplog.text
