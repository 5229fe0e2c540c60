"""Every night what is no longer needed goes: see docs/dpia.md for what is kept how long, and why.

How long recordings and plans are kept stands in the round's file, which is what residents are
told (`[keeper]`); the rest are settings, `BUURTSTEM_KEEP_…_DAYS`. All is done in small parts, and
what was interrupted is done again: nothing here minds.
"""

from __future__ import annotations

import asyncio
import calendar
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection

from bot.session import RESTING, Session
from civic.rounds import AMSTERDAM, Round
from console import times
from runtime.config import Settings
from runtime.jobs import Jobs
from runtime.lease import Lease, every
from storage import console_sessions, hot, people, retention, rounds
from storage.db import Database
from storage.media import MediaStore
from storage.sqlite import truncate_log
from storage.times import from_ms, now_ms, to_ms

log = logging.getLogger(__name__)

Dropped = tuple[int, list[str]]  # how many, and the files to delete after the commit

LOOK_SECONDS = 1800.0
FROM_HOUR = 3  # by the clock in Amsterdam
DAY_MS = 86_400_000
PART = 500  # rows in one transaction
PEOPLE = 20  # people forgotten in one
PAUSE = 0.02  # seconds between two, for whoever wants the database
DONE = "all done"


@dataclass(frozen=True, slots=True)
class Over:
    """Rounds whose time is over: for recordings, for plans; and since when nobody need be known.

    silent_ms: the end of the last round whose plans' time is over; None when there is none.
    """

    recordings: tuple[int, ...]
    plans: tuple[int, ...]
    silent_ms: int | None


class Retention:
    """For one process; `schedule` it, or `run` it once. `clock` gives UTC milliseconds."""

    def __init__(
        self,
        db: Database,
        store: MediaStore,
        jobs: Jobs,
        settings: Settings,
        pepper: bytes,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._db = db
        self._store = store
        self._jobs = jobs
        self._settings = settings
        self._pepper = pepper
        self._clock = clock

    def schedule(self, scheduler: AsyncIOScheduler, lease: Lease) -> None:
        """Looks now and then whether it was done today; by one of all processes."""
        every(scheduler, LOOK_SECONDS, lease, "retention", self.once_a_day)

    async def once_a_day(self) -> None:
        """Runs if it was not done since this night."""
        now = from_ms(self._clock()).astimezone(AMSTERDAM)
        day = now.date().toordinal()
        done = await self._db.aread(partial(retention.mark, name=DONE))
        if now.hour >= FROM_HOUR and done < day:
            await self.run()
            await self._db.run(partial(retention.set_mark, name=DONE, upto=day))

    async def run(self) -> dict[str, int]:
        """All rules once; how many rows each touched. Nothing else of it is logged."""
        over = await self._db.aread(self._over)
        did = {
            "messages": await self._messages(),
            "sessions": await self._sessions(),
            "files": await self._files(over),
            "people": await self._people(over),
            "plans": await self._parts(partial(retention.cut_ties, over=over.plans)),
            "old rows": await self._old_rows(over),
            "dead jobs": await self._dead_jobs(),
        }
        await self._db.run(truncate_log)
        for what, many in did.items():
            if many:
                log.info("retention: %s: %d", what, many)
        return did

    def _before(self, days: int) -> int:
        return self._clock() - days * DAY_MS

    @property
    def _messages_before(self) -> int:
        return self._before(self._settings.keep_messages_days)

    def _over(self, conn: Connection) -> Over:
        found = [(each, rounds.by_id(conn, each)) for each in retention.all_rounds(conn)]
        known = [(each, round_) for each, round_ in found if round_ and round_.phases]
        now = self._clock()
        plans = [
            (each, end_ms(round_))
            for each, round_ in known
            if end_ms(round_, round_.keeper.months_plans) <= now
        ]
        return Over(
            tuple(i for i, r in known if end_ms(r, r.keeper.months_recordings) <= now),
            tuple(each for each, _ in plans),
            max((end for _, end in plans), default=None),
        )

    async def _parts(self, work: Callable[..., int], **more: object) -> int:
        """Does `work(conn, most=…)` in transactions of their own until nothing is left."""
        total = 0
        while many := await self._db.run(partial(work, most=PART, **more)):
            total += many
            await asyncio.sleep(PAUSE)
            if many < PART:
                break
        return total

    async def _messages(self) -> int:
        before = self._messages_before
        came = await self._parts(retention.blank_inbox, before_ms=before)
        return came + await self._parts(retention.blank_outbox, before_ms=before)

    async def _sessions(self) -> int:
        """Who was silent for so long begins at the menu again, with nothing half written."""
        total, after = 0, 0
        find = partial(retention.with_answers, before_ms=self._messages_before, most=PART)
        while found := await self._db.aread(partial(find, after_id=after)):
            await self._db.run(partial(self._empty, found))
            total, after = total + len(found), found[-1]
            await asyncio.sleep(PAUSE)
        return total

    def _empty(self, found: Sequence[int], conn: Connection) -> None:
        for person in found:
            loaded = hot.load(conn, person)
            if loaded is None:
                continue
            session = emptied(Session.from_json(loaded.session_json))
            state, data = session.state, session.to_json()
            hot.save(conn, person, state, data, session.revision, None, None, self._clock())

    async def _files(self, over: Over) -> int:
        loose = self._messages_before
        voices = partial(retention.drop_recordings, over=over.recordings, loose_before_ms=loose)
        pictures = partial(retention.drop_photos, over=over.plans, loose_before_ms=loose)
        return await self._with_files(voices) + await self._with_files(pictures)

    async def _with_files(self, work: Callable[..., Dropped], most: int = PART) -> int:
        """Like `_parts` for work that also tells which files nobody needs any more."""
        total = 0
        while True:
            many, names = await self._db.run(partial(work, most=most))
            await asyncio.to_thread(self._delete, names)
            total += many
            if many < most:
                return total
            await asyncio.sleep(PAUSE)

    def _delete(self, names: Sequence[str]) -> None:
        for name in names:
            try:
                self._store.delete(name)
            except OSError as error:
                log.error("a file could not be deleted: %s", type(error).__name__)

    async def _people(self, over: Over) -> int:
        days = self._settings.keep_unconsented_days
        unasked = partial(retention.unconsented, before_ms=self._before(days))
        gone = await self._with_files(partial(self._forget, unasked), PEOPLE)
        if over.silent_ms is None:
            return gone
        silent = partial(retention.silent, before_ms=over.silent_ms, over=over.plans)
        return gone + await self._with_files(partial(self._forget, silent), PEOPLE)

    def _forget(self, who: Callable[..., list[int]], conn: Connection, most: int) -> Dropped:
        """Asked within the transaction that forgets: somebody may just have written."""
        found = who(conn, most=most)
        names = [name for each in found for name in people.forget(conn, each, self._pepper)]
        return len(found), names

    async def _old_rows(self, over: Over) -> int:
        audit = self._before(self._settings.keep_audit_days)
        now = self._clock()
        forget_old = partial(
            console_sessions.forget_old,
            sessions_before_ms=now - times.LONGEST,
            attempts_before_ms=now - times.WINDOW,
        )
        await self._db.run(forget_old)
        await self._db.run(partial(retention.drop_counts_of_passes, over=over.plans, most=PART))
        return sum(
            [
                await self._parts(retention.drop_calls, before_ms=self._messages_before),
                await self._parts(retention.drop_help, before_ms=self._messages_before),
                await self._parts(retention.drop_audit, before_ms=audit),
                await self._parts(retention.drop_exports, before_ms=audit),
            ]
        )

    async def _dead_jobs(self) -> int:
        before = self._messages_before

        def work(conn: Connection) -> int:
            old = [job for job in self._jobs.dead(conn, PART) if job.at < before]
            return sum(self._jobs.bury(conn, job.id) for job in old)

        return await self._db.run(work)


def end_ms(round_: Round, months: int = 0) -> int:
    """The first instant after the last day of a round, and so many months later; UTC ms."""
    last = max(dates.end for dates in round_.phases) + timedelta(days=1)
    year, month = divmod(last.year * 12 + last.month - 1 + months, 12)
    longest = calendar.monthrange(year, month + 1)[1]
    after = last.replace(year=year, month=month + 1, day=min(last.day, longest))
    return to_ms(datetime.combine(after, time(), AMSTERDAM))


def emptied(session: Session) -> Session:
    """A session that holds no more than what somebody chose for good: language, sound, news."""
    state = RESTING if session.consent else session.state
    return session.with_(
        state=state, answers={}, trail=(), misses=0, nudged=False, revision=session.revision + 1
    )
