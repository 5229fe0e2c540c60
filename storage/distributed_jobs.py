"""The rows of the distributed jobs: Procrastinate's tables, on PostgreSQL only.

The same promises as `storage.jobs`. What Procrastinate's own statements do not promise is here:
a key's jobs one at a time with no pause between them, so many of a task at once, whose turn it
is, and that only the worker which holds a job can end it. See decision 0018.

The first half is for our own transactions, the second for the runner's connections
(psycopg's `%(name)s`). Only our own words are put into a statement.
"""

# ruff: noqa: S608

from __future__ import annotations

from sqlalchemy import Connection, make_url, text

from storage.jobs import Dead
from storage.quick import Quick
from storage.times import now_ms as now

CHANNEL = "procrastinate_queue_v1#"


def address(url: str) -> str:
    """The database's URL as the driver itself takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def enqueue(conn: Connection, queue: str, task: str, ref: int, key: str, at_ms: int) -> None:
    """Adds a job that is due at `at_ms`."""
    _ENQUEUE.later(conn, {"queue": queue, "task": task, "ref": ref, "key": key, "at": at_ms})


def enqueue_once(conn: Connection, queue: str, task: str, ref: int, key: str, at_ms: int) -> None:
    """Like `enqueue`, unless a job of this key waits already."""
    values = {"queue": queue, "task": task, "ref": ref, "key": key, "at": at_ms}
    _ENQUEUE_ONCE.later(conn, values)


def put_aside(conn: Connection, most: int) -> list[Dead]:
    """The jobs that were put aside, the latest first, at most so many."""
    return [Dead(*row) for row in conn.execute(_PUT_ASIDE, {"most": most})]


def revive(conn: Connection, job_id: int) -> bool:
    """Has a job that was put aside run again; see `storage.jobs.revive`."""
    return conn.execute(_REVIVE, {"job": job_id, "at": now()}).rowcount == 1


def bury(conn: Connection, job_id: int) -> bool:
    """Removes a job that was put aside. False when there is no such job."""
    return conn.execute(_BURY, {"job": job_id}).rowcount == 1


# As Procrastinate's own function does it. Always with a time, so that what is due longest is found
# by an index. Without a queueing lock: a job that has one cannot be given back while another one
# waits with the same lock.
_DEFER = (
    "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args, scheduled_at)"
    " SELECT :queue, :task, :key, jsonb_build_object('ref', CAST(:ref AS bigint)),"
    " to_timestamp(CAST(:at AS bigint) / 1000.0)"
)
_ENQUEUE = Quick(text(_DEFER), into="procrastinate_jobs")
_ENQUEUE_ONCE = Quick(
    text(
        _DEFER + " WHERE NOT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE lock = :key"
        " AND status = 'todo' AND status IN ('todo', 'doing'))"
    ),
    into="procrastinate_jobs",
)
_PUT_ASIDE = text(
    "SELECT id, task_name, CAST(args->>'ref' AS bigint), attempts, args->>'reason',"
    " CAST(args->>'at' AS bigint) AS at FROM procrastinate_jobs WHERE status = 'failed'"
    " ORDER BY at DESC, id DESC LIMIT :most"
)
_REVIVE = text(
    "UPDATE procrastinate_jobs SET status = 'todo', attempts = 0,"
    " scheduled_at = to_timestamp(CAST(:at AS bigint) / 1000.0), args = args - 'reason' - 'at'"
    " WHERE id = :job AND status = 'failed'"
)
_BURY = text("DELETE FROM procrastinate_jobs WHERE id = :job AND status = 'failed'")

# --- for the runner -----------------------------------------------------------------------------

# One statement: the jobs to run now, then a row that has only the seconds until the next is due.
CLAIM = """
WITH task AS (
    SELECT * FROM unnest(%(tasks)s::text[], %(rooms)s::int[]) AS task(name, room)
), due AS (
    SELECT due.id FROM task CROSS JOIN LATERAL (
        SELECT id FROM procrastinate_jobs AS job
         WHERE status = 'todo' AND task_name = task.name AND scheduled_at <= now()
           AND task_name || ' ' || lock <> ALL(%(skip)s::text[])
           AND NOT EXISTS (
               SELECT 1 FROM procrastinate_jobs AS ahead
                WHERE ahead.lock = job.lock AND ahead.status IN ('todo', 'doing')
                  AND (ahead.status = 'doing' OR ahead.id < job.id))
         ORDER BY scheduled_at, id LIMIT task.room
           FOR UPDATE SKIP LOCKED
    ) AS due
), taken AS (
    UPDATE procrastinate_jobs AS job SET status = 'doing', worker_id = %(worker)s
      FROM due WHERE job.id = due.id
    RETURNING job.id, job.queue_name, job.task_name, job.lock, job.args, job.attempts
)
SELECT *, NULL::float8 AS wait FROM taken
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL, (
    SELECT extract(epoch FROM min(later.scheduled_at) - now())::float8
      FROM task CROSS JOIN LATERAL (
        SELECT scheduled_at FROM procrastinate_jobs
         WHERE status = 'todo' AND task_name = task.name AND scheduled_at > now()
         ORDER BY scheduled_at LIMIT 1
    ) AS later)
"""
_MINE = "worker_id = %(worker)s AND status = 'doing'"
DONE = f"DELETE FROM procrastinate_jobs WHERE id = ANY(%(jobs)s) AND {_MINE}"
AGAIN = (
    "UPDATE procrastinate_jobs SET status = 'todo', worker_id = NULL,"
    " attempts = attempts + %(counts)s, scheduled_at = %(at)s"
    f" WHERE id = %(job)s AND {_MINE}"
)
_ASIDE = (
    "args || jsonb_build_object('reason', %(reason)s::text,"
    " 'at', (extract(epoch FROM now()) * 1000)::bigint)"
)
ASIDE = (
    "UPDATE procrastinate_jobs SET status = 'failed', worker_id = NULL, attempts = attempts + 1,"
    f" args = {_ASIDE} WHERE id = %(job)s AND {_MINE}"
)
GIVE_BACK = (
    "UPDATE procrastinate_jobs SET status = 'todo', worker_id = NULL"
    f" WHERE {_MINE} AND id <> ALL(%(kept)s::bigint[])"
)
# Also when somebody took us for dead meanwhile and removed our row.
BEAT = (
    "INSERT INTO procrastinate_workers (id, last_heartbeat) OVERRIDING SYSTEM VALUE"
    " VALUES (%(worker)s, now()) ON CONFLICT (id) DO UPDATE SET last_heartbeat = now()"
)
_GONE = "last_heartbeat < now() - make_interval(secs => %(after)s)"
# Jobs of workers that gave no sign for so long. Any number may do it at once.
RESCUE = f"""
WITH lost AS (
    SELECT id FROM procrastinate_jobs
     WHERE status = 'doing' AND (worker_id IS NULL OR worker_id IN (
         SELECT id FROM procrastinate_workers WHERE {_GONE}))
       FOR UPDATE SKIP LOCKED
)
UPDATE procrastinate_jobs AS job SET
       worker_id = NULL,
       attempts = attempts + 1,
       status = (CASE WHEN attempts + 1 < %(most)s THEN 'todo' ELSE 'failed' END
                )::procrastinate_job_status,
       args = CASE WHEN attempts + 1 < %(most)s THEN args ELSE {_ASIDE} END
  FROM lost WHERE job.id = lost.id
RETURNING job.task_name, job.status = 'failed' AS given_up, job.attempts
"""
FORGET = (
    f"DELETE FROM procrastinate_workers AS worker WHERE {_GONE} AND NOT EXISTS ("
    "SELECT 1 FROM procrastinate_jobs WHERE worker_id = worker.id AND status = 'doing')"
)
TELL = (
    f"SELECT pg_notify('{CHANNEL}' || queue, json_build_object("
    "'type', 'job_inserted', 'job_id', %(by)s::bigint)::text) "
    "FROM unnest(%(queues)s::text[]) AS queue"
)
