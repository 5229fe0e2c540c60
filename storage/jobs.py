"""The rows of the embedded jobs: hints to look at a row, in order for each key.

A job that is done is gone. Jobs of one key run one at a time in the order in which they were
enqueued; one that is due later holds up those behind it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    Connection,
    bindparam,
    cast,
    delete,
    exists,
    insert,
    literal_column,
    select,
    text,
    update,
)

from storage.conditions import DEAD, is_queued, is_running
from storage.quick import Quick
from storage.tables import jobs
from storage.times import now_ms as now


@dataclass(frozen=True, slots=True)
class Job:
    """`ref` is the id of the row that `task` is about; `attempts` counts this one."""

    id: int
    task: str
    ref: int
    key: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Dead:
    """A job that was put aside at `at` (UTC milliseconds) after so many attempts.

    `reason` is the class of what the last attempt raised, or "crashed".
    """

    id: int
    task: str
    ref: int
    attempts: int
    reason: str
    at: int


def enqueue(conn: Connection, task: str, ref: int, key: str, at_ms: int) -> None:
    """Adds a job that is due at `at_ms`."""
    row = {"task": task, "ref": ref, "key": key, "due_at": at_ms, "created_at": now()}
    _ENQUEUE.later(conn, row)


def enqueue_once(conn: Connection, task: str, ref: int, key: str, at_ms: int) -> None:
    """Like `enqueue`, unless a job of this key waits already."""
    row = {"task": task, "ref": ref, "key": key, "due_at": at_ms, "created_at": now()}
    conn.execute(_ENQUEUE_ONCE, row)


def claim(
    conn: Connection,
    worker: str,
    now_ms: int,
    lease_ms: int,
    tasks: Sequence[str],
    limit: int,
    skip: Sequence[str] = (),
) -> list[Job]:
    """Takes at most `limit` due jobs of these tasks, for `lease_ms`; no two of one key.

    `skip` are keys whose turn it is not.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(_ONE_CLAIM_AT_A_TIME)
    where = {"now": now_ms, "tasks": tasks, "most": limit}
    due = conn.scalars(*((_DUE_BUT, where | {"skip": skip}) if skip else (_DUE, where))).all()
    if not due:
        return []
    lease = {"by": worker, "until": now_ms + lease_ms, "ids": due}
    return [Job(*row) for row in sorted(conn.execute(_CLAIM, lease))]


def done(conn: Connection, job_id: int, worker: str) -> bool:
    """Removes a job. False, and no effect, when this worker has lost it."""
    return conn.execute(_DONE, {"job": job_id, "by": worker}).rowcount == 1


def retry(conn: Connection, job_id: int, worker: str, at_ms: int, reason: str) -> bool:
    """Gives a job back, due at `at_ms`. False when this worker has lost it."""
    values = {"job": job_id, "by": worker, "due": at_ms, "why": reason}
    return conn.execute(_RETRY, values).rowcount == 1


def dead(conn: Connection, job_id: int, worker: str, reason: str) -> bool:
    """Puts a job aside for good, so that those behind it go on. False when lost."""
    values = {"job": job_id, "by": worker, "why": reason, "at": now()}
    return conn.execute(_DEAD, values).rowcount == 1


def put_aside(conn: Connection, most: int) -> list[Dead]:
    """The jobs that were put aside, the latest first, at most so many."""
    return [Dead(*row) for row in conn.execute(_PUT_ASIDE, {"most": most})]


def revive(conn: Connection, job_id: int) -> bool:
    """Has a job that was put aside run again: due now, before all of its key that wait.

    Its attempts count from the beginning. False when there is no such job.
    """
    return conn.execute(_REVIVE, {"job": job_id, "due": now()}).rowcount == 1


def bury(conn: Connection, job_id: int) -> bool:
    """Removes a job that was put aside. False when there is no such job."""
    return conn.execute(_BURY, {"job": job_id}).rowcount == 1


def renew(conn: Connection, worker: str, until_ms: int) -> int:
    """Prolongs all that this worker holds; returns how many."""
    return conn.execute(_RENEW, {"by": worker, "until": until_ms}).rowcount


def give_back(conn: Connection, worker: str, kept: Collection[int], now_ms: int) -> int:
    """Gives back, due now, what this worker holds besides the jobs `kept`; returns how many."""
    values = {"by": worker, "kept": list(kept), "due": now_ms}
    return conn.execute(_GIVE_BACK, values).rowcount


def requeue_expired(conn: Connection, now_ms: int) -> int:
    """Gives back what workers left behind without renewing; returns how many."""
    return conn.execute(_EXPIRED, {"now": now_ms}).rowcount


def next_due(conn: Connection, tasks: Sequence[str]) -> int | None:
    """When the first job is due that nothing of its key holds up; None without any."""
    due: int | None = conn.scalar(_NEXT, {"tasks": tasks})
    return due


_ENQUEUE = Quick(insert(jobs).values(state="queued", attempts=0, worker="", reason="").inline())
_same = jobs.alias("same")
_ENQUEUE_ONCE = insert(jobs).from_select(
    ["task", "ref", "key", "due_at", "created_at", "state", "attempts", "worker", "reason"],
    select(
        *(
            cast(bindparam(name), jobs.c[name].type)
            for name in ("task", "ref", "key", "due_at", "created_at")
        ),
        *map(literal_column, ("'queued'", "0", "''", "''")),
    ).where(~exists().where(_same.c.key == bindparam("key"), is_queued(_same))),
)

# Two claims that overlap could take two jobs of a key whose rows appeared in another order.
_ONE_CLAIM_AT_A_TIME = text("SELECT pg_advisory_xact_lock(8207142)")

_ahead = jobs.alias("ahead")
_held_up = exists().where(
    _ahead.c.key == jobs.c.key,
    is_running(_ahead) | (is_queued(_ahead) & (_ahead.c.id < jobs.c.id)),
)
_ready = (
    is_queued(jobs),
    jobs.c.task.in_(bindparam("tasks", expanding=True)),
    ~_held_up,
)
_DUE = (
    select(jobs.c.id)
    .where(*_ready, jobs.c.due_at <= bindparam("now"))
    .order_by(jobs.c.due_at, jobs.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=jobs)
)
_DUE_BUT = _DUE.where(jobs.c.key.not_in(bindparam("skip", expanding=True)))
_CLAIM = (
    update(jobs)
    .where(jobs.c.id.in_(bindparam("ids", expanding=True)), is_queued(jobs))
    .values(
        state="running",
        attempts=jobs.c.attempts + 1,
        worker=bindparam("by"),
        lease_until=bindparam("until"),
    )
    .returning(jobs.c.id, jobs.c.task, jobs.c.ref, jobs.c.key, jobs.c.attempts)
)
_mine = (jobs.c.id == bindparam("job"), jobs.c.worker == bindparam("by"), is_running(jobs))
_DONE = delete(jobs).where(*_mine)
_RETRY = (
    update(jobs)
    .where(*_mine)
    .values(state="queued", worker="", lease_until=None, due_at=bindparam("due"))
    .values(reason=bindparam("why"))
)
_DEAD = (
    update(jobs)
    .where(*_mine)
    .values(state="dead", worker="", lease_until=None, reason=bindparam("why"))
    .values(due_at=bindparam("at"))  # it is due no more: this tells since when
)
_dead = (jobs.c.id == bindparam("job"), jobs.c.state == DEAD)
_PUT_ASIDE = (
    select(jobs.c.id, jobs.c.task, jobs.c.ref, jobs.c.attempts, jobs.c.reason, jobs.c.due_at)
    .where(jobs.c.state == DEAD)
    .order_by(jobs.c.due_at.desc(), jobs.c.id.desc())
    .limit(bindparam("most"))
)
_REVIVE = (
    update(jobs)
    .where(*_dead)
    .values(state="queued", attempts=0, reason="", due_at=bindparam("due"))
)
_BURY = delete(jobs).where(*_dead)
_RENEW = (
    update(jobs)
    .where(is_running(jobs), jobs.c.worker == bindparam("by"))
    .values(lease_until=bindparam("until"))
)
_again = update(jobs).where(is_running(jobs)).values(state="queued", worker="", lease_until=None)
_GIVE_BACK = _again.where(
    jobs.c.worker == bindparam("by"), jobs.c.id.not_in(bindparam("kept", expanding=True))
).values(due_at=bindparam("due"))
_EXPIRED = _again.where(jobs.c.lease_until < bindparam("now"))
# Not min(): this one stops at the first.
_NEXT = select(jobs.c.due_at).where(*_ready).order_by(jobs.c.due_at).limit(1)
