"""The exports of each week, and those that the console asks for: made once, told once.

The rows of `exports_made` are the truth. The calendar looks every few seconds which weeks have
come, also those that came while nothing ran, and enqueues a job for each export that is to be
made. A job that comes twice finds nothing to do; one that was killed is done again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection

from admin_export.destinations import Destination, DestinationError, Why
from admin_export.weekly import DAYS, Calendar, ends_at
from admin_export.writers import FORMATS
from civic.rounds import Round
from runtime.config import Settings
from runtime.export import Made, Maker, Order, make, maker, moment, named, nobody
from runtime.export_mail import ExportMail, mail_of
from runtime.jobs import Jobs
from runtime.lease import Lease, every
from storage import exports_made, rounds
from storage.db import Database
from storage.exports_made import Export
from storage.times import from_ms, to_ms

log = logging.getLogger(__name__)

TASK = "export"
EVERY = 20.0  # seconds between looks at what is to be made
LOST = timedelta(minutes=15)  # nothing was heard of an export for so long: its job was lost
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
STILL_NEWS = timedelta(days=1)  # after that nobody needs a mail about an export
FOLDER = "export"  # beside the database, where no destination is set


class Exports:
    """`url` is the destination of all exports; `clock` says which weeks have come."""

    def __init__(
        self,
        maker: Maker,
        jobs: Jobs,
        url: str,
        calendar: Calendar,
        mail: ExportMail | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._maker = maker
        self._db = maker.db
        self._jobs = jobs
        self._url = url
        self._calendar = calendar
        self._mail = mail
        self._clock = clock

    def register(self) -> None:
        """Takes on the jobs of the task `export`, one at a time."""
        self._jobs.register(TASK, self.run, 1)

    def schedule(self, scheduler: AsyncIOScheduler, lease: Lease) -> None:
        """Has it looked every few seconds what is to be made, by whoever holds the lease."""
        every(scheduler, EVERY, lease, "exports", self.tick)

    async def tick(self) -> None:
        """Wants the weeks that have come, and enqueues what is to be made or told."""
        await self._db.run(self._look)

    def _look(self, conn: Connection) -> None:
        now = self._clock()
        active = rounds.active(conn)
        if active:
            self._want_weeks(conn, active.id, active.round, now)
        told = exports_made.untold(conn, to_ms(now - STILL_NEWS)) if self._mail else []
        for export_id in (*exports_made.due(conn, to_ms(now)), *told):
            self.enqueue(conn, export_id)

    def enqueue(self, conn: Connection, export_id: int) -> None:
        """Has an export made soon; the row is there already."""
        self._jobs.enqueue(conn, TASK, export_id, f"{TASK}:{export_id}", once=True)

    def _want_weeks(self, conn: Connection, round_id: int, round_: Round, now: datetime) -> None:
        """Every week since the latest one; at first every week since the first plan.

        After the round's last day only weeks in which something still changed.
        """
        last = exports_made.last_week(conn, round_id)
        after = last if last is not None else exports_made.first_plan(conn, round_id)
        if after is None:
            return
        changed, over = exports_made.last_change(conn, round_id), ends_at(round_)
        for week in self._calendar.weeks(from_ms(after), now):
            until = to_ms(week.until)
            if week.until > over and last is not None and changed < last:
                return
            made = exports_made.want_week(conn, round_id, week.name, last, until, to_ms(now))
            last = until if made else last  # a week has one export, also when its day is changed

    async def run(self, export_id: int) -> None:
        """Makes the export if it is to be made, and tells of it if nobody did.

        What goes wrong is noted with the row, which says when to try again. Raises what SMTP
        raises: then the job comes again.
        """
        export = await self._db.run(partial(self._begin, export_id=export_id))
        if export:
            await asyncio.to_thread(self._make, export)
        await self._tell(export_id)

    def _begin(self, conn: Connection, export_id: int) -> Export | None:
        now = self._clock()
        begun = exports_made.begin(conn, export_id, to_ms(now + LOST), to_ms(now))
        if begun is None or begun.until is not None:
            return begun
        exports_made.set_until(conn, export_id, to_ms(moment(conn, begun.round_id)))
        return exports_made.by_id(conn, export_id)

    def _make(self, export: Export) -> None:
        try:
            order = self._order(export)
            made = make(self._maker, order, Destination(self._url), nobody)
        except DestinationError as error:
            self._failed(export, error.why)
        except Exception as error:  # its text may hold what somebody wrote
            log.error("export %d: %s", export.id, type(error).__name__)
            self._failed(export, Why.FAILED)
        else:
            self._done(export, order.folder, made)

    def _order(self, export: Export) -> Order:
        round_ = self._db.read(partial(rounds.by_id, round_id=export.round_id))
        assert round_ is not None
        assert export.until is not None
        until = from_ms(export.until)
        return Order(
            round_id=export.round_id,
            round=round_,
            until=until,
            formats=tuple(FORMATS),
            folder=f"{round_.id}-{export.week}" if export.week else named(round_, until),
            week=export.week,
            changed_since=from_ms(export.since) if export.since is not None else None,
        )

    def _done(self, export: Export, folder: str, made: Made) -> None:
        now = to_ms(self._clock())
        files, counts = made.built.files, made.built.counts
        self._db.call(lambda c: exports_made.finish(c, export.id, folder, files, counts, now))
        log.info("export %d is made: %d files", export.id, len(files))

    def _failed(self, export: Export, why: Why) -> None:
        now = self._clock()
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(export.attempts - 1, 10))
        again = to_ms(now + pause)
        self._db.call(lambda c: exports_made.fail(c, export.id, why.value, again, to_ms(now)))
        log.error("export %d failed: %s", export.id, why)

    async def _tell(self, export_id: int) -> None:
        export = await self._db.aread(partial(exports_made.by_id, export_id=export_id))
        if not (self._mail and export and export.week and export.done_at and not export.told_at):
            return
        round_ = await self._db.aread(partial(rounds.by_id, round_id=export.round_id))
        name = round_.name.get("nl") if round_ else ""
        await asyncio.to_thread(self._mail.send, export, name)
        now = to_ms(self._clock())
        await self._db.run(partial(exports_made.told, export_id=export_id, now_ms=now))


def destination_url(settings: Settings) -> str:
    """Where exports go that nobody gave another place."""
    return settings.export_url.get_secret_value() or str(settings.folder / FOLDER)


def exports(settings: Settings, db: Database, jobs: Jobs) -> Exports:
    """From the settings."""
    calendar = Calendar(DAYS.index(settings.export_day), settings.export_hour)
    return Exports(
        maker(settings, db), jobs, destination_url(settings), calendar, mail_of(settings)
    )
