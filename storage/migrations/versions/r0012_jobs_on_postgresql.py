"""Fingerprints of the secrets; Procrastinate's tables, on PostgreSQL only.

The file is the schema of Procrastinate 3.10.0 as it was published (MIT licence). A later version of
it comes with a revision of ours that runs its migrations.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SCHEMA = Path(__file__).parents[1] / "procrastinate_3_10_0.sql"

# The history of each job, with times: nobody reads it, and nothing should tell when what was
# done. And a NOTIFY for each job makes all commits of the server wait for one another; ours
# comes after the commit, one for many jobs.
TRIGGERS = (
    "procrastinate_trigger_status_events_insert_v1",
    "procrastinate_trigger_status_events_update_v1",
    "procrastinate_trigger_scheduled_events_v1",
    "procrastinate_jobs_notify_queue_job_inserted_v1",
)
# What our claim looks for, and rows that live for a moment: swept often, in small portions.
OURS = """
CREATE INDEX ix_procrastinate_jobs_due ON procrastinate_jobs (task_name, scheduled_at, id)
    WHERE status = 'todo';
CREATE INDEX ix_procrastinate_jobs_key ON procrastinate_jobs (lock, id)
    WHERE status IN ('todo', 'doing');
ALTER TABLE procrastinate_jobs SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0
);
"""


def upgrade() -> None:
    op.create_table(
        "fingerprints",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    if not _is_postgresql():
        return
    _run(SCHEMA.read_text("utf-8"))
    for trigger in TRIGGERS:
        op.execute(f"DROP TRIGGER {trigger} ON procrastinate_jobs")
    _run(OURS)


def downgrade() -> None:
    op.drop_table("fingerprints")
    if not _is_postgresql():
        return
    for table in ("events", "periodic_defers", "jobs", "workers"):
        op.execute(f"DROP TABLE procrastinate_{table}")
    _run(_DROP_FUNCTIONS)
    for kind in ("job_to_defer_v1", "job_event_type", "job_status"):
        op.execute(f"DROP TYPE procrastinate_{kind}")


_DROP_FUNCTIONS = """
DO $$ DECLARE one regprocedure; BEGIN
    FOR one IN SELECT oid::regprocedure FROM pg_proc WHERE proname LIKE 'procrastinate\\_%' LOOP
        EXECUTE 'DROP FUNCTION ' || one || ' CASCADE';
    END LOOP;
END $$;
"""


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _run(script: str) -> None:
    """Several statements, in which `%` and `:` are nothing but themselves."""
    cursor = op.get_bind().connection.cursor()
    cursor.execute(script)
    cursor.close()
