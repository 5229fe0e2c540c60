"""Removes what a vote leaves behind in files: the order of envelopes, old pages of a log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from time import monotonic

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection

from runtime.lease import Lease, every
from storage import attempts, envelopes, outbox
from storage.db import Database, after_commit
from storage.sqlite import truncate_log
from storage.times import now_ms

log = logging.getLogger(__name__)

LOG_SECONDS = 5.0
MIX_SECONDS = 60.0
SHARE = 50  # mixing takes at most one part in so many of the time: the box is shut meanwhile


class Traces:
    """For one process; `schedule` it, and `leave` at the end."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._rest_until = 0.0
        self._mixed: dict[int, str] = {}  # the box of each round when it was mixed

    def schedule(self, scheduler: AsyncIOScheduler, lease: Lease) -> None:
        """The log is each process's own to empty; mixing and pruning is for one of them."""
        if self._db.dialect == "sqlite":
            scheduler.add_job(self.empty_log, "interval", seconds=LOG_SECONDS, id="log")
        every(scheduler, MIX_SECONDS, lease, "mix", self.mix)

    async def empty_log(self) -> None:
        """Empties SQLite's log, where pages stay that were blanked since, if there was a vote."""
        await _safely("the log", self._db, _empty_log)

    async def mix(self) -> None:
        """Mixes the box if there is something new in it; forgets old checks of codes."""
        await _safely("checks of codes", self._db, partial(attempts.prune, now_ms=now_ms()))
        if monotonic() < self._rest_until:
            return
        began = monotonic()
        await _safely("mixing", self._db, self._mix)
        self._rest_until = monotonic() + SHARE * (monotonic() - began)

    def _mix(self, conn: Connection) -> None:
        for round_id in envelopes.taking(conn):
            if not envelopes.is_mixed(conn, round_id, self._mixed.get(round_id, "")):
                envelopes.mix(conn, round_id)
                mixed = envelopes.fingerprint(conn, round_id) if _is_sqlite(conn) else ""
                after_commit(conn, partial(self._mixed.__setitem__, round_id, mixed))

    async def leave(self) -> None:
        """At the end of a process: what is secret and was only kept to be shown goes too."""
        await _safely("what was shown", self._db, _blank_shown)


async def _safely(what: str, db: Database, work: Callable[[Connection], None]) -> None:
    """A failure is logged; it keeps nobody from voting, and comes up again."""
    try:
        await db.run(work)
    except Exception as error:
        log.error("%s could not be cleared away: %s", what, type(error).__name__)


def _empty_log(conn: Connection) -> None:
    if envelopes.taking(conn):
        truncate_log(conn)


def _is_sqlite(conn: Connection) -> bool:
    return conn.dialect.name == "sqlite"


def _blank_shown(conn: Connection) -> None:
    if outbox.blank_shown(conn, now_ms() + 1):
        truncate_log(conn)
