"""The rows of the jobs: order for each key, one at a time, nothing lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from storage import jobs
from storage.db import Database
from storage.tables import jobs as rows

LEASE = 1_000


class Queue:
    def __init__(self, db: Database) -> None:
        self.db = db

    def add(self, ref: int, key: str, at: int = 0, task: str = "t") -> None:
        self.db.call(lambda conn: jobs.enqueue(conn, task, ref, key, at))

    def claim(
        self, worker: str = "w", now: int = 0, most: int = 99, tasks: tuple[str, ...] = ("t",)
    ) -> list[jobs.Job]:
        return self.db.call(lambda conn: jobs.claim(conn, worker, now, LEASE, tasks, most))

    def done(self, job: jobs.Job, worker: str = "w") -> bool:
        return self.db.call(lambda conn: jobs.done(conn, job.id, worker))

    def retry(self, job: jobs.Job, at: int, worker: str = "w") -> bool:
        return self.db.call(lambda conn: jobs.retry(conn, job.id, worker, at, "Why"))

    def dead(self, job: jobs.Job, worker: str = "w") -> bool:
        return self.db.call(lambda conn: jobs.dead(conn, job.id, worker, "Why"))

    def next_due(self) -> int | None:
        return self.db.read(lambda conn: jobs.next_due(conn, ["t"]))

    def states(self) -> list[str]:
        query = select(rows.c.state).order_by(rows.c.id)
        return list(self.db.read(lambda conn: conn.scalars(query).all()))


@pytest.fixture
def queue(db: Database) -> Queue:
    return Queue(db)


def refs(taken: list[jobs.Job]) -> list[int]:
    return [job.ref for job in taken]


def test_jobs_of_one_key_run_one_at_a_time_in_order(queue: Queue) -> None:
    for ref in (1, 2, 3):
        queue.add(ref, "anna")
    for ref in (1, 2, 3):
        (job,) = queue.claim()
        assert (job.ref, job.task, job.key, job.attempts) == (ref, "t", "anna", 1)
        assert queue.claim() == []
        assert queue.done(job)
    assert queue.states() == []


def test_other_keys_are_not_held_up(queue: Queue) -> None:
    for ref, key in enumerate(["anna", "bert", "anna", "cem"], 1):
        queue.add(ref, key)
    assert refs(queue.claim(most=2)) == [1, 2]
    assert refs(queue.claim()) == [4]


def test_order_is_that_of_enqueueing_whatever_is_due(queue: Queue) -> None:
    queue.add(1, "anna", at=50)
    queue.add(2, "anna", at=0)
    assert queue.claim(now=49) == []
    assert queue.next_due() == 50
    assert refs(queue.claim(now=50)) == [1]
    assert queue.next_due() is None


def test_only_the_tasks_that_were_asked_for(queue: Queue) -> None:
    queue.add(1, "a", task="deliver")
    queue.add(2, "b", task="hear")
    assert refs(queue.claim(tasks=("hear",))) == [2]
    assert refs(queue.claim(tasks=("hear", "deliver"))) == [1]
    assert queue.claim(tasks=()) == []


def test_keys_can_be_left_out(queue: Queue, db: Database) -> None:
    queue.add(1, "a")
    queue.add(2, "b")
    taken = db.call(lambda conn: jobs.claim(conn, "w", 0, LEASE, ["t"], 9, ["a"]))
    assert refs(taken) == [2]


def test_the_longest_due_go_first(queue: Queue) -> None:
    queue.add(1, "a", at=30)
    queue.add(2, "b", at=10)
    queue.add(3, "c", at=20)
    assert queue.next_due() == 10
    assert refs(queue.claim(now=40, most=1)) == [2]
    assert refs(queue.claim(now=40, most=1)) == [3]


def test_a_retried_job_keeps_its_place(queue: Queue) -> None:
    queue.add(1, "anna")
    queue.add(2, "anna")
    (job,) = queue.claim()
    assert queue.retry(job, at=70)
    assert queue.claim(now=69) == []
    (again,) = queue.claim(now=70)
    assert (again.ref, again.attempts) == (1, 2)


def test_a_dead_job_lets_the_next_one_go(queue: Queue) -> None:
    queue.add(1, "anna")
    queue.add(2, "anna")
    (job,) = queue.claim()
    assert queue.dead(job)
    assert refs(queue.claim()) == [2]
    assert queue.states() == ["dead", "running"]


def test_who_lost_a_job_cannot_end_it(queue: Queue, db: Database) -> None:
    queue.add(1, "anna")
    (job,) = queue.claim("slow", now=0)
    assert db.call(lambda conn: jobs.requeue_expired(conn, LEASE)) == 0
    assert db.call(lambda conn: jobs.requeue_expired(conn, LEASE + 1)) == 1
    assert refs(queue.claim("quick", now=LEASE + 1)) == [1]
    for end in (queue.done, queue.dead, lambda j, w: queue.retry(j, 0, w)):
        assert not end(job, "slow")
    assert queue.states() == ["running"]
    assert queue.done(job, "quick")


def test_a_renewed_lease_does_not_expire(queue: Queue, db: Database) -> None:
    queue.add(1, "a")
    queue.add(2, "b")
    queue.claim("slow", most=1)
    queue.claim("gone", most=1)
    assert db.call(lambda conn: jobs.renew(conn, "slow", 5 * LEASE)) == 1
    assert db.call(lambda conn: jobs.requeue_expired(conn, 2 * LEASE)) == 1
    assert queue.states() == ["running", "queued"]


def test_what_a_worker_does_not_know_of_is_given_back(queue: Queue, db: Database) -> None:
    for ref, key in enumerate("abc", 1):
        queue.add(ref, key)
    mine = queue.claim("me", most=2)
    queue.claim("you")
    assert db.call(lambda conn: jobs.give_back(conn, "me", [mine[0].id], 7)) == 1
    assert queue.states() == ["running", "queued", "running"]
    assert queue.next_due() == 7
    assert db.call(lambda conn: jobs.give_back(conn, "me", [], 7)) == 1
    assert queue.states() == ["queued", "queued", "running"]


def test_enqueue_once_waits_for_nobody(queue: Queue, db: Database) -> None:
    def once(ref: int, key: str) -> None:
        db.call(lambda conn: jobs.enqueue_once(conn, "t", ref, key, 0))

    once(1, "anna")
    once(2, "anna")
    once(3, "bert")
    assert refs(queue.claim()) == [1, 3]
    once(4, "anna")  # one that runs may have looked too early
    assert queue.states() == ["running", "running", "queued"]


def test_the_database_itself_forbids_two_running_of_a_key(db: Database) -> None:
    row = {
        "task": "t",
        "ref": 1,
        "key": "anna",
        "due_at": 0,
        "state": "running",
        "attempts": 1,
        "worker": "w",
        "reason": "",
        "created_at": 0,
    }
    db.call(lambda conn: conn.execute(insert(rows), row))
    with pytest.raises(IntegrityError):
        db.call(lambda conn: conn.execute(insert(rows), row))


def test_claims_that_overlap_do_not_take_two_of_a_key(postgres_url: str) -> None:
    """A row with the lower id may appear later, when its transaction took longer."""
    db = Database.open(postgres_url)
    entered, written, claimed, go_on = (threading.Event() for _ in range(4))

    def enqueue_slowly(conn: Connection) -> None:
        jobs.enqueue(conn, "t", 1, "anna", 0)
        entered.set()
        assert written.wait(10)

    def claim_slowly(conn: Connection) -> list[jobs.Job]:
        taken = jobs.claim(conn, "one", 0, LEASE, ["t"], 9)
        claimed.set()
        assert go_on.wait(10)
        return taken

    slow = db.submit(enqueue_slowly)
    assert entered.wait(10)
    db.call(lambda conn: jobs.enqueue(conn, "t", 2, "anna", 0))
    first = db.submit(claim_slowly)
    assert claimed.wait(10)
    written.set()
    slow.result(10)
    second = db.submit(lambda conn: jobs.claim(conn, "two", 0, LEASE, ["t"], 9))
    assert not wait([second], timeout=0.3).done
    go_on.set()
    assert refs(first.result(10)) == [2]
    assert second.result(10) == []
    db.close()


def test_many_workers_take_every_job_once_and_in_order(queue: Queue) -> None:
    keys = [f"k{n}" for n in range(7)]
    for ref in range(84):
        queue.add(ref, keys[ref % len(keys)])
    ran: list[jobs.Job] = []

    def work(worker: str) -> None:
        while len(ran) < 84:
            for job in queue.claim(worker, most=3):
                ran.append(job)
                assert queue.done(job, worker)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, [f"w{n}" for n in range(6)]))
    assert sorted(refs(ran)) == list(range(84))
    for key in keys:
        of_key = [job.ref for job in ran if job.key == key]
        assert of_key == sorted(of_key)
