"""What only the embedded jobs promise, on both databases."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import text

from runtime.jobs import EmbeddedJobs, Pace
from storage.times import now_ms

from .embedded_world import PACE
from .jobs_contract import Recorder, until

CALM = replace(PACE, lease=3600.0, poll=3600.0)  # nothing comes by itself


@asynccontextmanager
async def running(db, handler, pace=CALM, at_once=4):
    scheduler = AsyncIOScheduler()
    scheduler.start()
    jobs = EmbeddedJobs(db, scheduler, pace)
    jobs.register("t", handler, at_once)
    await jobs.start()
    yield jobs
    await jobs.stop()
    scheduler.shutdown(wait=False)


def rows(db):
    query = text("SELECT ref, state, reason, attempts FROM jobs ORDER BY id")
    return [tuple(row) for row in db.read(lambda conn: conn.execute(query).all())]


class Watched:
    """A database that counts transactions, and can lose answers: it did the work but never said."""

    def __init__(self, db):
        self._db = db
        self.runs = 0
        self.lose = 0

    async def run(self, work):
        self.runs += 1
        result = await self._db.run(work)
        if self.lose:
            self.lose -= 1
            raise OSError
        return result


def test_a_commit_wakes_the_runner_and_many_wake_it_once(db):
    handler, watched = Recorder(), Watched(db)

    async def scene():
        async with running(watched, handler, at_once=500) as jobs:
            await until(lambda: watched.runs == 1)  # its first look
            await db.run(lambda c: [jobs.enqueue(c, "t", n, f"k{n}") for n in range(200)])
            await until(lambda: len(handler.refs) == 200)

    asyncio.run(scene())
    assert sorted(handler.refs) == list(range(200))
    assert watched.runs < 10
    assert rows(db) == []


def test_a_timer_wakes_it_for_what_is_due_later(db):
    handler = Recorder()

    async def scene():
        async with running(db, handler) as jobs:
            soon = now_ms() + 200
            await db.run(lambda c: jobs.enqueue(c, "t", 2, "b", soon + 150))
            await db.run(lambda c: jobs.enqueue(c, "t", 1, "a", soon))
            await until(lambda: len(handler.refs) == 2)

    asyncio.run(scene())
    assert handler.refs == [1, 2]


def test_what_did_not_finish_is_given_back_at_once(db):
    slow, second = Recorder(pause=60), Recorder()

    async def scene():
        async with running(db, slow, replace(CALM, grace=0.01)) as jobs:
            await db.run(lambda c: jobs.enqueue(c, "t", 1, "a"))
            await until(lambda: slow.now == 1)
        assert rows(db) == [(1, "queued", "", 1)]
        async with running(db, second):
            await until(lambda: second.refs == [1])

    asyncio.run(scene())


def test_why_it_was_put_aside_is_kept(db):
    handler = Recorder(fails=PACE.attempts)

    async def scene():
        async with running(db, handler) as jobs:
            await db.run(lambda c: jobs.enqueue(c, "t", 1, "a"))
            await until(lambda: rows(db)[0][1] == "dead")

    asyncio.run(scene())
    assert rows(db) == [(1, "dead", "ValueError", PACE.attempts)]


def test_a_job_that_kills_its_process_each_time_is_put_aside(db):
    handler = Recorder()

    async def scene():
        async with running(db, handler) as jobs:

            def enqueue(conn):
                jobs.enqueue(conn, "t", 1, "a")
                conn.execute(text("UPDATE jobs SET attempts = :n"), {"n": PACE.attempts})
                jobs.enqueue(conn, "t", 2, "b")

            await db.run(enqueue)
            await until(lambda: handler.refs == [2])
            await until(lambda: len(rows(db)) == 1)

    asyncio.run(scene())
    assert rows(db) == [(1, "dead", "crashed", PACE.attempts + 1)]


def test_jobs_that_were_taken_though_nobody_heard_are_run(db, caplog):
    handler, watched = Recorder(), Watched(db)

    async def scene():
        async with running(watched, handler) as jobs:
            await until(lambda: watched.runs == 1)
            watched.lose = 2
            await db.run(lambda c: [jobs.enqueue(c, "t", n, f"k{n}") for n in range(3)])
            await until(lambda: len(handler.refs) == 3)

    asyncio.run(scene())
    assert sorted(handler.refs) == [0, 1, 2]
    assert rows(db) == []
    assert "the jobs cannot reach the database: OSError" in caplog.text


def test_a_handler_that_hangs_is_tried_again(db):
    calls = []

    async def handle(ref):
        calls.append(ref)
        await asyncio.sleep(60 if len(calls) == 1 else 0)

    async def scene():
        async with running(db, handle, replace(CALM, timeout=0.05)) as jobs:
            await db.run(lambda c: jobs.enqueue(c, "t", 1, "a"))
            await until(lambda: len(calls) == 2 and rows(db) == [])

    asyncio.run(scene())


def test_a_handler_that_is_cancelled_is_given_back(db):
    calls = []

    async def handle(ref):
        calls.append(ref)
        if len(calls) == 1:
            raise asyncio.CancelledError

    async def scene():
        async with running(db, handle, PACE) as jobs:
            await db.run(lambda c: jobs.enqueue(c, "t", 1, "a"))
            await until(lambda: len(calls) == 2 and rows(db) == [])

    asyncio.run(scene())


def test_stopping_without_a_start_or_a_database_is_no_error(db, caplog):
    async def scene():
        await EmbeddedJobs(db, AsyncIOScheduler()).stop()
        async with running(db, Recorder()):
            db.close()

    asyncio.run(scene())
    assert "could not be given back: RuntimeError" in caplog.text


@pytest.mark.parametrize("attempt", range(1, 12))
def test_pauses_grow_and_differ_by_chance(attempt):
    pace = Pace(first_pause=1, longest_pause=300)
    longest = min(300, 2 ** (attempt - 1))
    pauses = {pace.pause(attempt) for _ in range(50)}
    assert all(longest / 2 <= pause <= longest for pause in pauses)
    assert len(pauses) > 10
