"""Has plans and reasons translated: found by the calendar, done by jobs, one row the truth.

A job names a plan or a step of one's life. It reads what is wanted, asks the service with no
transaction open, and keeps each language as it comes. A job that is lost is made again by the
calendar; one that comes twice finds nothing to do.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection

from runtime.jobs import Jobs
from runtime.lease import Lease, every
from runtime.translation.port import Policy, TranslationError, Translator
from storage import rounds, translating
from storage.db import Database
from storage.plan_news import News
from storage.times import now_ms
from storage.translating import Kind, Wanted

log = logging.getLogger(__name__)

TASKS: dict[Kind, str] = {"plan": "translate_plan", "reason": "translate_reason"}
AT_ONCE = 2  # requests to the service
EVERY = 2.0  # seconds between looks at what is to be translated
MOST = 50  # jobs put by one look
SECOND, HOUR, DAY = 1000, 3_600_000, 86_400_000
LOST = 10 * 60 * SECOND  # so long after it was taken, nobody is at it any more
FIRST_PAUSE, LONGEST_PAUSE = 15 * SECOND, HOUR
PAUSED = HOUR  # until the key or the quota is looked at again
HELD = 60 * SECOND  # so long an initiator's news waits for its reason in their language


class Translating:
    """`clock` gives UTC milliseconds."""

    def __init__(
        self,
        db: Database,
        jobs: Jobs,
        translator: Translator,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._db = db
        self._jobs = jobs
        self._translator = translator
        self._clock = clock
        self._paused_until = 0

    def register(self) -> None:
        """Takes on the jobs of its two tasks."""
        for kind, task in TASKS.items():
            self._jobs.register(task, partial(self.work, kind), AT_ONCE)

    def schedule(self, scheduler: AsyncIOScheduler, lease: Lease) -> None:
        """Has it looked every few seconds what is to be translated, by who holds the lease."""
        every(scheduler, EVERY, lease, "translating", self.tick)

    async def stop(self) -> None:
        await self._translator.close()

    async def tick(self) -> None:
        """Puts a job for each plan and reason that is new, changed, or to be tried again."""
        if self._clock() < self._paused_until:
            return
        due = await self._db.aread(self._due)  # not where the one writer would wait for it
        if due:
            await self._db.run(partial(self._enqueue, due))

    def _due(self, conn: Connection) -> list[tuple[Kind, int]]:
        active = rounds.active(conn)
        return translating.due(conn, active.id, self._clock(), MOST) if active else []

    def _enqueue(self, due: Sequence[tuple[Kind, int]], conn: Connection) -> None:
        for kind, ref in due:
            self._jobs.enqueue(conn, TASKS[kind], ref, f"{TASKS[kind]}:{ref}", once=True)

    def awaits(self, conn: Connection, news: News, now: int) -> bool:
        """Whether this news should wait a little for its reason in the initiator's language."""
        if news.history_id is None or now >= news.due_at + HELD or now < self._paused_until:
            return False
        return translating.is_reason_awaited(conn, news.history_id)

    async def work(self, kind: Kind, ref: int) -> None:
        """Translates one plan or reason into all that is missing."""
        now = self._clock()
        if now < self._paused_until:
            return  # the row stays open, and is found again
        wanted = await self._db.run(partial(self._take, kind, ref))
        if wanted is None:
            return
        why = ""
        for language in wanted.languages:
            try:
                await self._into(wanted, language)
            except TranslationError as error:
                why = error.code
                if error.policy is not Policy.GIVE_UP:
                    await self._later(wanted, error)
                    return
                log.warning("%s into %s: %s", TASKS[kind], language, error)
        end = translating.done if not why else partial(self._tomorrow, why=why)
        await self._db.run(partial(end, wanted=wanted))

    def _take(self, kind: Kind, ref: int, conn: Connection) -> Wanted | None:
        active = rounds.active(conn)
        languages = active.round.languages if active else ()
        now = self._clock()
        return translating.take(conn, kind, ref, languages, now, now + LOST)

    async def _into(self, wanted: Wanted, language: str) -> None:
        words = [part for part in wanted.parts if part.strip()]
        made = await self._translator.translate(words, wanted.source, language)
        parts = _in_place(wanted.parts, made)
        store = partial(
            translating.store, wanted=wanted, language=language, parts=parts, now_ms=self._clock()
        )
        await self._db.run(store)

    async def _later(self, wanted: Wanted, error: TranslationError) -> None:
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(wanted.attempts - 1, 20))
        pause = max(pause, round((error.after or 0) * SECOND))
        if error.policy is Policy.PAUSE:
            pause = PAUSED
            self._paused_until = self._clock() + pause
            log.error("translation stands still for an hour: %s", error)
        again = self._clock() + pause
        failed = partial(translating.failed, wanted=wanted, why=error.code, again_ms=again)
        await self._db.run(failed)

    def _tomorrow(self, conn: Connection, wanted: Wanted, why: str) -> None:
        """Some language will not go; the day after, the service may have learnt it."""
        translating.failed(conn, wanted, why, self._clock() + DAY * min(wanted.attempts, 7))


def _in_place(parts: Sequence[str], made: Sequence[str]) -> tuple[str, ...]:
    """The translations where their originals stood; what was empty stays empty."""
    rest = iter(made)
    return tuple(next(rest) if part.strip() else "" for part in parts)
