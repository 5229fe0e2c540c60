"""How much waits and for how long: counts for whoever watches the service.

Cheap enough to be asked every few seconds: only partial indexes, and no more than `MOST` rows of
each. Nothing here tells one person from another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select, text

from storage.conditions import DEAD, is_open, is_queued, is_running, is_unknown, is_unsent
from storage.tables import inbox, jobs, leases, outbox

EMBEDDED = "embedded"
"""The one queue of the embedded jobs."""

MOST = 100_000
"""Rows that are counted; a count of so many means at least so many."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Jobs of one task in one queue: `due` wait for a worker, the oldest of them for `age` seconds;
    `running` and `dead` (put aside after too many attempts) are counted too."""

    queue: str
    task: str
    due: int = 0
    age: float = 0.0
    running: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Messages to send of one channel and state (queued | sending | waiting | unknown); the one
    that was due first has been so for `age` seconds. What is due later has no age."""

    channel: str
    state: str
    count: int
    age: float


@dataclass(frozen=True, slots=True)
class Backlog:
    """All that waits at one moment. `held`: messages of residents that are being taken in, or wait
    behind one; `lease`: seconds that the calendar's lease still lasts, 0 when nobody holds it."""

    queues: Sequence[Queue]
    outgoing: Sequence[Outgoing]
    held: int
    lease: float


def backlog(conn: Connection, now_ms: int, lease: str) -> Backlog:
    """Everything that waits now; `lease` is the name of the calendar's."""
    until = conn.scalar(_LEASE, {"lease": lease}) or now_ms
    return Backlog(
        [*queues(conn, now_ms)],
        [*_outgoing(conn, now_ms)],
        conn.scalar(_HELD) or 0,
        max(0.0, (until - now_ms) / 1000),
    )


def queues(conn: Connection, now_ms: int) -> Iterator[Queue]:
    """The jobs of whichever adapter this database has: ours, all in one queue, or Procrastinate's.

    A database that was moved from the one to the other may have both.
    """
    for task, due, since, running, dead in conn.execute(_JOBS, {"now": now_ms}):
        yield Queue(EMBEDDED, task, due, _age(since, now_ms), running, dead)
    if conn.dialect.name == "postgresql" and conn.scalar(_HAS_PROCRASTINATE):
        for queue, task, due, age, running, dead in conn.execute(_PROCRASTINATE, {"most": MOST}):
            yield Queue(queue, task, due, max(0.0, age or 0.0), running, dead)


def _outgoing(conn: Connection, now_ms: int) -> Iterator[Outgoing]:
    for statement in (_UNSENT, _UNKNOWN):
        for channel, state, count, since in conn.execute(statement):
            yield Outgoing(channel, state, count, _age(since, now_ms))


def _age(since: int | None, now_ms: int) -> float:
    return max(0.0, (now_ms - since) / 1000) if since is not None else 0.0


_LEASE = select(leases.c.until).where(leases.c.name == bindparam("lease"))
_HELD = select(func.count()).select_from(
    select(inbox.c.id).where(is_open(inbox)).limit(MOST).subquery()
)
_some_jobs = select(jobs.c.task, jobs.c.state, jobs.c.due_at).limit(MOST).subquery()
_is_due = is_queued(_some_jobs) & (_some_jobs.c.due_at <= bindparam("now"))
_JOBS = select(
    _some_jobs.c.task.label("name"),
    func.count().filter(_is_due).label("due"),
    func.min(_some_jobs.c.due_at).filter(_is_due).label("since"),
    func.count().filter(is_running(_some_jobs)).label("running"),
    func.count().filter(_some_jobs.c.state == DEAD).label("dead"),
).group_by(_some_jobs.c.task)

_WHAT = (outbox.c.channel, outbox.c.state, outbox.c.due_at)


def _counted(some: Select[tuple[str, str, int]]) -> Select[Any]:
    """How many there are of each channel and state, and when the first was due."""
    rows = some.limit(MOST).subquery()
    count, since = func.count(), func.min(rows.c.due_at)
    by = rows.c.channel, rows.c.state
    return select(*by, count, since).group_by(*by)


_UNSENT = _counted(select(*_WHAT).where(is_unsent(outbox)))
_UNKNOWN = _counted(select(*_WHAT).where(is_unknown(outbox)))

_HAS_PROCRASTINATE = text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")
_PROCRASTINATE = text(
    """
    WITH listed AS (
        SELECT queue_name, task_name, status, scheduled_at,
               status = 'todo' AND coalesce(scheduled_at, now()) <= now() AS is_due
        FROM procrastinate_jobs WHERE status IN ('todo', 'doing', 'failed') LIMIT :most
    )
    SELECT queue_name, task_name, count(*) FILTER (WHERE is_due),
           extract(epoch FROM now() - min(scheduled_at) FILTER (WHERE is_due))::float8,
           count(*) FILTER (WHERE status = 'doing'), count(*) FILTER (WHERE status = 'failed')
    FROM listed GROUP BY queue_name, task_name
    """
)
