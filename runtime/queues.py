"""Which queue a task's jobs stand in, which queues this process takes, and who runs them."""

from __future__ import annotations

from collections.abc import Iterable

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from runtime.config import ConfigError, Settings
from runtime.jobs import EmbeddedJobs, Jobs
from storage.db import Database

REPLIES, CAMPAIGNS, SPEECH, EXPORTS = QUEUES = ("replies", "campaigns", "speech", "exports")
NONE = "none"

ALL = frozenset(QUEUES)

OF = {
    "deliver": REPLIES,
    "speak": REPLIES,
    "remove": REPLIES,
    "tell_plan": CAMPAIGNS,
    "campaign": CAMPAIGNS,
    "take_in": SPEECH,
    "export": EXPORTS,
    "translate_plan": EXPORTS,
    "translate_reason": EXPORTS,
}
"""The queue of each task. `speech` is what needs the speech model, `replies` what is quick."""


def of(task: str) -> str:
    """The queue of a task. Raises `ConfigError`: no process would ever run a job without one."""
    if task not in OF:
        raise ConfigError(f"the task {task} has no queue: give it one in runtime/queues.py")
    return OF[task]


def chosen(names: str | None) -> frozenset[str]:
    """The queues in a list with commas, or "none"; all when it is None. Raises `ConfigError`."""
    if names is None:
        return ALL
    if names == NONE:
        return frozenset()
    queues = frozenset(name.strip() for name in names.split(","))
    if wrong := sorted(queues - ALL):
        raise ConfigError(f"--queue {wrong[0]}: not a queue. Choose {', '.join(QUEUES)} or {NONE}")
    return queues


def jobs(
    settings: Settings, db: Database, scheduler: AsyncIOScheduler, queues: Iterable[str] = ALL
) -> Jobs:
    """The adapter that the settings choose; it runs the jobs of these queues only."""
    mine = frozenset(queues)

    def takes(task: str) -> bool:
        return of(task) in mine

    kind = settings.jobs
    if kind == "auto":
        kind = "embedded" if settings.is_sqlite else "distributed"
    if kind == "embedded":
        return EmbeddedJobs(db, scheduler, takes=takes)
    from runtime.jobs_distributed import DistributedJobs  # what a laptop need not load

    return DistributedJobs(settings.database_url, of, takes)
