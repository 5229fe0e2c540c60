"""Tells people how plans fare: each step once, in order, by day, to initiator and followers.

The row of the news is the truth. A job `tell_plan` names a plan; in one transaction the next of
its readers are noted as told and their messages put into the outbox, then this process delivers
them. A job that is lost is made again by the calendar, one that comes twice finds nothing to do.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection

from bot.session import MENU, RESTING, Session
from bot.turn import Render
from civic import campaigns as civic
from civic.plans import REMIND_BEFORE
from civic.worktime import waking_hour
from runtime.fitting import fit
from runtime.jobs import Jobs
from runtime.lease import Lease, every
from runtime.plan_texts import Facts, is_obsolete, question_of, written
from runtime.sender import Sender
from storage import hot, outcomes, plan_life, plan_news, plans, rounds, starting, translations
from storage.db import Database
from storage.plan_news import PUT, News, Reader
from storage.times import now_ms as now
from storage.times import to_ms

log = logging.getLogger(__name__)

TASK = "tell_plan"
CHUNK = 200  # people
PLANS_AT_ONCE = 4
AT_ONCE = 50  # people whose messages are on their way
EVERY = 2.0  # seconds between looks at what is to be told
STALLED = timedelta(minutes=2)  # nobody was told for so long: the job was lost
Awaits = Callable[[Connection, News, int], bool]
ANSWERABLE = (MENU, RESTING, "life.offer", "life.asked")


class PlanNews:
    """`clock` gives the time by which results are published and people sleep.

    `awaits(conn, news, now_ms)`: something in this news is not ready yet; it is looked at again.
    """

    def __init__(
        self,
        db: Database,
        jobs: Jobs,
        sender: Sender,
        render: Render = fit,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        chunk: int = CHUNK,
        awaits: Awaits = lambda conn, news, now_ms: False,
    ) -> None:
        self._db = db
        self._jobs = jobs
        self._sender = sender
        self._render = render
        self._clock = clock
        self._chunk = chunk
        self._awaits = awaits

    def register(self) -> None:
        """Takes on the jobs of the task `tell_plan`."""
        self._jobs.register(TASK, self.tell, PLANS_AT_ONCE)

    def schedule(self, scheduler: AsyncIOScheduler, lease: Lease) -> None:
        """Has it looked every few seconds what is to be told, by whoever holds the lease."""
        every(scheduler, EVERY, lease, "plan_news", self.tick)

    async def tick(self) -> None:
        """Publishes results whose instant has come, reminds, and has told what is not told yet."""
        await self._db.run(self._look)

    def _look(self, conn: Connection) -> None:
        at = self._clock()
        outcomes.publish_due(conn, to_ms(at))
        if waking_hour(at) > at:
            return
        plan_life.remind(conn, to_ms(at + REMIND_BEFORE), to_ms(at))
        for plan_id in plan_news.plans_due(conn, to_ms(at), to_ms(at - STALLED)):
            self._jobs.enqueue(conn, TASK, plan_id, f"{TASK}:{plan_id}", once=True)

    async def tell(self, plan_id: int) -> None:
        """Tells the plan's oldest news to its next readers."""
        people = await self._db.run(partial(self._take, plan_id))
        room = asyncio.Semaphore(AT_ONCE)

        async def one(person: int) -> None:
            async with room:
                await self._sender.deliver(person)

        for ended in await asyncio.gather(*map(one, people), return_exceptions=True):
            if isinstance(ended, Exception):  # the sweep delivers it
                log.error("news of a plan was not delivered: %s", type(ended).__name__)

    def _take(self, plan_id: int, conn: Connection) -> list[int]:
        """The transaction of a chunk: the people whose messages it put."""
        at = self._clock()
        if waking_hour(at) > at:
            return []
        news = plan_news.next_of(conn, plan_id, to_ms(at))
        if news is None or self._awaits(conn, news, to_ms(at)):
            return []
        facts = _facts(conn, news)
        readers = (
            []
            if is_obsolete(facts)
            else plan_news.readers(conn, news, facts.plan.initiator, self._chunk)
        )
        told = [reader.id for reader in readers if self._tell(conn, facts, reader, to_ms(at))]
        done = len(readers) < self._chunk
        cursor = readers[-1].id if readers else news.cursor
        plan_news.move_on(conn, news.id, cursor, to_ms(at), done=done)
        self._jobs.enqueue(conn, TASK, plan_id, f"{TASK}:{plan_id}", once=True)
        return told

    def _tell(self, conn: Connection, facts: Facts, reader: Reader, now_ms: int) -> bool:
        """Whether messages to this person were put; whoever is left out is noted with why."""
        left_out = civic.skipped(_reader(reader))
        if not plan_news.told(conn, facts.news.id, reader.id, left_out or PUT, now_ms):
            return False
        if left_out:
            return False
        bodies = self._bodies(conn, facts, reader, now_ms)
        plan_news.put(conn, facts.news.id, reader, bodies, now())
        return True

    def _bodies(self, conn: Connection, facts: Facts, reader: Reader, now_ms: int) -> Sequence[str]:
        own = reader.id == facts.plan.initiator
        state = question_of(facts) if own else ""
        if state and not _opened(conn, reader.id, state, facts.plan.number, now_ms):
            state = ""
        step = facts.news.history_id
        reason = plan_life.reason(conn, step, reader.language or "nl") if step else None
        messages = written(facts, reader, reason, state, self._render)
        return [json.dumps(message.to_json(), ensure_ascii=False) for message in messages]


def _facts(conn: Connection, news: News) -> Facts:
    plan = plans.by_id(conn, news.plan_id)
    assert plan is not None
    asked = plan_life.adjustment(conn, plan.id)
    found = translations.of_plan(conn, plan.id).values()
    # A machine's title would have to say so, for which a line of news has no room.
    titles = {each.language: each.title for each in found if not each.machine and each.title}
    return Facts(
        news,
        plan,
        rounds.by_id(conn, plan.round_id),
        titles,
        starting.contact_of(conn, plan.id),
        asked.deadline if asked and asked.history_id == news.history_id else None,
    )


def _reader(reader: Reader) -> civic.Reader:
    active = reader.state == "active"
    return civic.Reader(active, reader.consents, reader.notify, reader.channel)


def _opened(conn: Connection, person_id: int, state: str, number: int, now_ms: int) -> bool:
    """Puts somebody who is in the middle of nothing where their answer is understood.

    Nobody is taken away from what they are doing: they find it under "my plans".
    """
    loaded = hot.load(conn, person_id)
    session = Session.from_json(loaded.session_json if loaded else "")
    if not _is_free(session) or plan_news.is_busy(conn, person_id):
        return False
    opened = session.with_(
        state=state,
        trail=(),
        misses=0,
        nudged=False,
        revision=session.revision + 1,
        answers={**session.answers, "news": number},
    )
    hot.save(conn, person_id, state, opened.to_json(), opened.revision, None, None, now_ms)
    return True


def _is_free(session: Session) -> bool:
    """Nor did they just vote: what they say next may still belong to that (`bot.keeping`)."""
    voted = any(name.startswith("vote") for name in session.answers)
    return session.consent and session.state in ANSWERABLE and not voted
