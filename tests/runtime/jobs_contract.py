"""What every adapter of the jobs port must do. Subclass `JobsContract` and give it a `world`.

The tables `work` and `trail` stand for the real ones: a handler's effect is a row that is
guarded by its state, and everything that runs leaves a trail, so that loss, disorder,
overlap and double runs can all be counted.
"""

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import Connection, text

from runtime.jobs import Jobs
from storage.db import Database
from storage.times import now_ms

WORKER = Path(__file__).with_name("jobs_worker.py")
PATIENCE = 60  # seconds after which something is lost for good


class World(Protocol):
    """One database, and an adapter that is in a hurry to try again.

    `attempts`: after so many a job is put aside. `long`: seconds in which a runner that
    gives no sign is taken for dead. `worker`: arguments for jobs_worker.py.
    """

    attempts: int
    long: float
    worker: list[str]

    def open(self) -> Database:
        """The database, with its tables. The caller closes it."""

    def running(
        self, db: Database, register: Callable[[Jobs], None]
    ) -> AbstractAsyncContextManager[Jobs]:
        """An adapter between its start and its stop."""

    def jobs(self, db: Database) -> Jobs:
        """An adapter that is not started."""

    async def restart(self) -> None:
        """Restarts the database server, if there is one, under those who are connected."""

    def calm(self) -> "World":
        """The same, but a runner may stand still for a second and not be taken for dead."""

    def put_aside(self, conn: Connection) -> int:
        """How many jobs were given up."""


def make_tables(conn: Connection) -> None:
    number = "INTEGER PRIMARY KEY" if conn.dialect.name == "sqlite" else "SERIAL PRIMARY KEY"
    conn.execute(
        text("CREATE TABLE work (ref INTEGER PRIMARY KEY, k TEXT, state TEXT, effects INT)")
    )
    conn.execute(text(f"CREATE TABLE trail (id {number}, ref INT, k TEXT, what TEXT, by_pid INT)"))


def add(conn: Connection, jobs: Jobs, ref: int, key: str) -> None:
    """The row and its job, in one transaction."""
    row = {"ref": ref, "k": key}
    conn.execute(text("INSERT INTO work VALUES (:ref, :k, 'open', 0)"), row)
    jobs.enqueue(conn, "work", ref, key)


def note(conn: Connection, ref: int, what: str, pid: int) -> None:
    values = {"ref": ref, "what": what, "pid": pid}
    conn.execute(
        text(
            "INSERT INTO trail (ref, k, what, by_pid) "
            "SELECT :ref, k, :what, :pid FROM work WHERE ref = :ref"
        ),
        values,
    )


def finish(conn: Connection, ref: int, pid: int) -> None:
    """The effect: guarded by the row's state, so that it happens once."""
    note(conn, ref, "end", pid)
    conn.execute(
        text(
            "UPDATE work SET state = 'done', effects = effects + 1 "
            "WHERE ref = :ref AND state = 'open'"
        ),
        {"ref": ref},
    )


def effect(db: Database, pid: int) -> Callable[[int], object]:
    """The handler of the task `work`."""

    async def handle(ref: int) -> None:
        await db.run(lambda conn: note(conn, ref, "begin", pid))
        await asyncio.sleep(random.random() / 200)
        await db.run(lambda conn: finish(conn, ref, pid))

    return handle


@dataclass
class Seen:
    """What the trail says of everything that ran."""

    order: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    begun: Counter = field(default_factory=Counter)
    overlaps: list[str] = field(default_factory=list)
    pids: Counter = field(default_factory=Counter)


def look(conn: Connection) -> Seen:
    seen, open_by_key = Seen(), {}
    for ref, key, what, pid in conn.execute(
        text("SELECT ref, k, what, by_pid FROM trail ORDER BY id")
    ):
        if what == "begin":
            seen.begun[ref] += 1
            seen.pids[pid] += 1
            # After a crash the same job begins again: that one is no overlap.
            if open_by_key.get(key, ref) != ref:
                seen.overlaps.append(key)
            open_by_key[key] = ref
            continue
        open_by_key.pop(key, None)
        if ref not in seen.order[key]:
            seen.order[key].append(ref)
    return seen


def count(conn: Connection, state: str) -> int:
    return conn.scalar(text("SELECT count(*) FROM work WHERE state = :s"), {"s": state})


def in_order(seen: Seen) -> bool:
    return all(refs == sorted(refs) for refs in seen.order.values())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


async def until_done(db: Database, number: int) -> None:
    await until(lambda: db.read(lambda conn: count(conn, "done")) == number)


class Recorder:
    """A handler that remembers; `fails` is what it raises, as often as it is long."""

    def __init__(self, fails: int = 0, pause: float = 0.0) -> None:
        self.refs: list[int] = []
        self.now = self.most = self.ended = 0
        self._fails = fails
        self._pause = pause

    async def __call__(self, ref: int) -> None:
        self.refs.append(ref)
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(self._pause)
        self.now -= 1
        self.ended += 1
        if self._fails:
            self._fails -= 1
            raise ValueError("+31612345678 wrote: my secret plan")


class JobsContract:
    @pytest.fixture
    def db(self, world: World):
        db = world.open()
        db.call(make_tables)
        yield db
        db.close()

    @asynccontextmanager
    async def recorder(
        self, world: World, db: Database, handler: Recorder, at_once: int = 4
    ) -> AsyncIterator[Jobs]:
        async with world.running(db, lambda jobs: jobs.register("t", handler, at_once)) as jobs:
            yield jobs

    def run_all(self, world: World, db: Database, body: Callable[[Jobs], object]) -> None:
        """Runs `body(jobs)` with the handler of `work` behind it."""

        async def scene() -> None:
            async with world.running(db, lambda j: j.register("work", effect(db, 1), 8)) as jobs:
                await body(jobs)

        asyncio.run(scene())

    # Order

    def test_jobs_of_one_key_run_in_order_and_never_together(self, world, db):
        async def body(jobs):
            for ref in range(1, 121):
                await db.run(lambda c, ref=ref: add(c, jobs, ref, f"key{ref % 5}"))
            await until_done(db, 120)

        self.run_all(world, db, body)
        seen = db.read(look)
        assert not seen.overlaps
        assert in_order(seen)
        assert [len(refs) for refs in seen.order.values()] == [24] * 5
        assert set(seen.begun.values()) == {1}

    def test_a_job_that_waits_holds_up_its_key_and_no_other(self, world, db):
        handler = Recorder()

        async def scene():
            async with self.recorder(world, db, handler) as jobs:

                def enqueue(conn):
                    jobs.enqueue(conn, "t", 1, "a", now_ms() + 1000)
                    jobs.enqueue(conn, "t", 2, "a")
                    jobs.enqueue(conn, "t", 3, "b")

                await db.run(enqueue)
                await until(lambda: len(handler.refs) == 3)

        asyncio.run(scene())
        assert handler.refs == [3, 1, 2]

    def test_keys_of_different_tasks_hold_up_one_another(self, world, db):
        slow, fast = Recorder(pause=0.2), Recorder()

        async def scene():
            def register(jobs):
                jobs.register("slow", slow)
                jobs.register("fast", fast)

            async with world.running(db, register) as jobs:

                def both(conn):
                    jobs.enqueue(conn, "slow", 1, "same")
                    jobs.enqueue(conn, "fast", 2, "same")

                await db.run(both)
                await until(lambda: bool(slow.refs))
                assert not fast.refs
                await until(lambda: bool(fast.refs))
                assert not slow.now

        asyncio.run(scene())

    def test_no_more_at_once_than_allowed_and_not_fewer(self, world, db):
        handler = Recorder(pause=0.02)

        async def scene():
            async with self.recorder(world, db, handler, at_once=3) as jobs:
                await db.run(lambda c: [jobs.enqueue(c, "t", n, f"k{n}") for n in range(30)])
                await until(lambda: len(handler.refs) == 30 and not handler.now)

        asyncio.run(scene())
        assert handler.most == 3

    def test_whoever_asks_for_much_does_not_keep_others_waiting(self, world, db):
        handler = Recorder(pause=0.01)

        async def scene():
            async with self.recorder(world, db, handler, at_once=1) as jobs:

                def enqueue(conn):
                    for n in range(40):
                        jobs.enqueue(conn, "t", n, "much")
                    for n in range(100, 105):
                        jobs.enqueue(conn, "t", n, f"k{n}")

                await db.run(enqueue)
                await until(lambda: len(handler.refs) == 45)

        asyncio.run(scene())
        assert max(handler.refs.index(n) for n in range(100, 105)) < 15
        assert [n for n in handler.refs if n < 100] == list(range(40))

    # Transactions

    def test_a_rolled_back_transaction_leaves_no_job(self, world, db):
        handler = Recorder()

        def fails(jobs, conn):
            jobs.enqueue(conn, "t", 1, "a")
            raise KeyError

        async def scene():
            async with self.recorder(world, db, handler) as jobs:
                with pytest.raises(KeyError):
                    await db.run(lambda c: fails(jobs, c))
                await db.run(lambda c: jobs.enqueue(c, "t", 2, "a"))
                await until(lambda: bool(handler.refs))

        asyncio.run(scene())
        assert handler.refs == [2]

    def test_once_adds_nothing_while_one_waits(self, world, db):
        handler = Recorder()

        async def scene():
            async with self.recorder(world, db, handler) as jobs:

                def enqueue(conn):
                    for ref, key in ((1, "a"), (2, "a"), (3, "b"), (4, "a")):
                        jobs.enqueue(conn, "t", ref, key, now_ms() + 50, once=True)

                await db.run(enqueue)
                await until(lambda: len(handler.refs) == 2)
                await db.run(lambda c: jobs.enqueue(c, "t", 5, "a", once=True))
                await until(lambda: len(handler.refs) == 3)

        asyncio.run(scene())
        assert sorted(handler.refs) == [1, 3, 5]

    # Time

    def test_a_job_for_later_is_not_run_before_its_time(self, world, db):
        ran: dict[int, int] = {}

        async def handle(ref):
            ran[ref] = now_ms()

        async def scene():
            async with world.running(db, lambda j: j.register("t", handle)) as jobs:
                at = datetime.now(UTC) + timedelta(milliseconds=250)
                later = now_ms() + 500
                await db.run(lambda c: jobs.enqueue(c, "t", 1, "a", later))
                await db.run(lambda c: jobs.enqueue(c, "t", 2, "b", at))
                await db.run(lambda c: jobs.enqueue(c, "t", 3, "c"))
                await until(lambda: len(ran) == 3)
                return at, later

        at, later = asyncio.run(scene())
        assert ran[1] >= later
        assert ran[2] >= int(at.timestamp() * 1000)

    # Failure

    def test_what_fails_is_tried_again_and_those_behind_it_wait(self, world, db):
        handler = Recorder(fails=2)

        async def scene():
            async with self.recorder(world, db, handler) as jobs:
                await db.run(lambda c: jobs.enqueue(c, "t", 1, "a"))
                await db.run(lambda c: jobs.enqueue(c, "t", 2, "a"))
                await until(lambda: 2 in handler.refs)

        asyncio.run(scene())
        assert handler.refs == [1, 1, 1, 2]

    def test_what_always_fails_is_put_aside_and_those_behind_it_go_on(self, world, db):
        handler = Recorder(fails=world.attempts)

        async def scene():
            async with self.recorder(world, db, handler) as jobs:
                await db.run(lambda c: jobs.enqueue(c, "t", 1, "a"))
                await db.run(lambda c: jobs.enqueue(c, "t", 2, "a"))
                await until(lambda: 2 in handler.refs)
                await until(lambda: db.read(world.put_aside) == 1)

        asyncio.run(scene())
        assert handler.refs == [1] * world.attempts + [2]

    def put_two_aside(self, world, db, handler: Recorder) -> None:
        """Refs 1 and 2, of one key, the second a moment later."""

        async def scene():
            async with self.recorder(world, db, handler) as jobs:
                for ref in (1, 2):
                    await db.run(lambda c, ref=ref: jobs.enqueue(c, "t", ref, "a"))
                await until(lambda: db.read(world.put_aside) == 2)

        asyncio.run(scene())

    def test_what_was_put_aside_can_be_read(self, world, db):
        before = now_ms()
        self.put_two_aside(world, db, Recorder(fails=2 * world.attempts))
        dead = db.read(lambda c: world.jobs(db).dead(c, 9))
        assert [(job.task, job.ref) for job in dead] == [("t", 2), ("t", 1)]
        assert {(job.attempts, job.reason) for job in dead} == {(world.attempts, "ValueError")}
        assert all(before <= job.at <= now_ms() for job in dead)
        assert db.read(lambda c: world.jobs(db).dead(c, 1)) == dead[:1]

    def test_what_was_put_aside_can_run_again_before_what_came_later(self, world, db):
        handler = Recorder(fails=3 * world.attempts)
        self.put_two_aside(world, db, handler)

        async def scene():
            async with self.recorder(world, db, handler) as jobs:

                def revive_first(conn):
                    jobs.enqueue(conn, "t", 3, "a", now_ms() + 300)
                    assert jobs.revive(conn, dead[1].id)

                dead = await db.run(lambda c: jobs.dead(c, 9))
                await db.run(revive_first)
                await until(lambda: 3 in handler.refs)
                assert handler.refs[2 * world.attempts :] == [1] * world.attempts + [3]
                await until(lambda: db.read(world.put_aside) == 2)
                assert not await db.run(lambda c: jobs.revive(c, dead[1].id + 1000))

        asyncio.run(scene())

    def test_what_was_put_aside_can_be_removed(self, world, db):
        handler = Recorder(fails=2 * world.attempts)
        self.put_two_aside(world, db, handler)

        async def scene():
            async with self.recorder(world, db, handler) as jobs:
                last, first = await db.run(lambda c: jobs.dead(c, 9))
                assert await db.run(lambda c: jobs.bury(c, first.id))
                assert not await db.run(lambda c: jobs.bury(c, first.id))
                assert not await db.run(lambda c: jobs.revive(c, first.id))
                assert await db.run(lambda c: jobs.dead(c, 9)) == [last]
                await db.run(lambda c: jobs.enqueue(c, "t", 3, "a"))
                await db.run(lambda c: jobs.enqueue(c, "t", 4, "b", now_ms() + 3_600_000))
                waiting = await db.run(lambda c: jobs.bury(c, last.id + 2))
                assert not waiting
                await until(lambda: 3 in handler.refs)

        asyncio.run(scene())
        assert 1 not in handler.refs[2 * world.attempts :]

    def test_a_failure_says_nothing_of_a_person_in_the_log(self, world, db, caplog):
        self.test_what_always_fails_is_put_aside_and_those_behind_it_go_on(world, db)
        assert "ValueError" in caplog.text
        assert "secret" not in caplog.text
        assert "316" not in caplog.text

    # Ends and beginnings

    def test_what_is_running_may_finish_and_the_rest_is_there_after_a_restart(self, world, db):
        first, second = Recorder(pause=0.2), Recorder()

        async def scene():
            async with self.recorder(world, db, first, at_once=2) as jobs:
                await db.run(lambda c: [jobs.enqueue(c, "t", n, f"k{n}") for n in range(6)])
                await until(lambda: first.now == 2)
            assert first.now == 0
            async with self.recorder(world, db, second):
                await until(lambda: len(first.refs + second.refs) == 6)

        asyncio.run(scene())
        assert sorted(first.refs + second.refs) == list(range(6))

    def test_the_database_restarts_in_the_middle(self, world, db):
        async def body(jobs):
            for ref in range(1, 201):
                await db.run(lambda c, ref=ref: add(c, jobs, ref, f"key{ref % 20}"))
                if ref == 100:
                    await world.restart()
            await until_done(db, 200)

        self.run_all(world, db, body)
        seen = db.read(look)
        assert in_order(seen)
        assert db.read(lambda c: c.scalar(text("SELECT max(effects) FROM work"))) == 1
        assert db.read(world.put_aside) == 0

    def test_the_database_is_closed_under_the_runner_and_opened_again(self, world, db):
        async def half(db, refs):
            async with world.running(db, lambda j: j.register("work", effect(db, 1), 8)) as jobs:
                for ref in refs:
                    await db.run(lambda c, ref=ref: add(c, jobs, ref, f"key{ref % 20}"))
                if 1 not in refs:
                    await until_done(db, 200)
                else:
                    db.close()

        asyncio.run(half(db, range(1, 101)))
        again = world.open()
        left = again.read(lambda c: count(c, "open"))
        asyncio.run(half(again, range(101, 201)))
        seen = again.read(look)
        assert again.read(effects) == {("done", 1): 200}
        again.close()
        assert left > 0
        assert in_order(seen)

    # Processes

    def test_a_job_that_takes_long_is_not_taken_by_another_runner(self, world, db):
        calm = world.calm()
        one, other = Recorder(pause=calm.long), Recorder(pause=calm.long)

        async def scene():
            async with self.recorder(calm, db, one) as jobs, self.recorder(calm, db, other):
                await db.run(lambda c: jobs.enqueue(c, "t", 1, "a"))
                await until(lambda: one.ended + other.ended == 1)

        asyncio.run(scene())
        assert one.refs + other.refs == [1]

    @pytest.mark.slow
    def test_killed_at_any_moment_nothing_is_lost_and_nothing_happens_twice(self, world, db):
        number, kills, at_once = 400, 4, 8
        chance = random.Random(4)
        for kill in range(1, kills + 1):
            enough = kill * number // (kills + 1) + chance.randrange(30)
            with worker(world, number, at_once) as process:
                start_together(process)
                kill_when(process, lambda: db.read(lambda c: count(c, "done")) >= enough)  # noqa: B023
        with worker(world, number, at_once) as process:
            start_together(process)
            assert process.wait(PATIENCE) == 0
        seen, states = db.read(look), db.read(effects)
        assert states == {("done", 1): number}
        assert in_order(seen)
        assert not seen.overlaps
        again = sum(seen.begun.values()) - number
        assert again <= kills * at_once

    def test_two_processes_share_the_work(self, world, db):
        # enough that the writer of one process cannot keep the other out until the end
        number, calm = 1200, world.calm()
        with worker(calm, number, 4) as one, worker(calm, number, 4) as other:
            start_together(one, other)
            assert one.wait(PATIENCE) == 0
            assert other.wait(PATIENCE) == 0
        seen = db.read(look)
        assert db.read(effects) == {("done", 1): number}
        assert set(seen.begun.values()) == {1}
        assert in_order(seen)
        assert not seen.overlaps
        assert len(seen.pids) == 2


def effects(conn: Connection) -> dict:
    rows = conn.execute(text("SELECT state, effects, count(*) FROM work GROUP BY state, effects"))
    return {(state, times): number for state, times, number in rows}


def start_together(*workers: subprocess.Popen) -> None:
    """Has them begin once all are ready."""
    for process in workers:
        assert process.stdout.readline() == b"ready\n"
    for process in workers:
        process.stdin.write(b"go\n")
        process.stdin.flush()


def kill_when(process: subprocess.Popen, condition: Callable[[], bool]) -> None:
    """Kills a process (SIGKILL) in the middle of its work."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL


def worker(world: World, number: int, at_once: int) -> subprocess.Popen:
    """A process that adds rows with jobs up to `number`, and runs jobs until all are done."""
    command = [sys.executable, str(WORKER), *world.worker, str(number), str(at_once)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
