"""Runs campaigns: begins what is due, and goes through the audience chunk by chunk.

A chunk is one transaction that puts the rows of some hundred people into the outbox and
moves the cursor on; then this process delivers those people, while another process may take
the next chunk. So 100,000 people cost a job for each chunk, no more is in the outbox than is
being sent, and after a crash nothing is lost: the rows are there, and so is the cursor.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import Connection

from bot.messages import Outbound
from civic import campaigns as civic
from civic.campaigns import Reader, State
from civic.rounds import AMSTERDAM, Round
from civic.worktime import waking_hour
from runtime.campaign_texts import written
from runtime.jobs import Jobs
from runtime.lease import Lease, under
from runtime.sender import Sender
from storage import campaigns, rounds
from storage.campaigns import Person, Run, Stored
from storage.db import Database
from storage.times import now_ms, to_ms

log = logging.getLogger(__name__)

TASK = "campaign"
CHUNK = 200  # people
CHUNKS_AT_ONCE = 2  # so that the next one begins while the last of this one are being sent
AT_ONCE = 50  # people of a chunk whose messages are on their way
PATIENCE = 90.0  # seconds for one chunk; what is left then is the sweep's (`Ages.campaign`)
AGAIN = 2.0  # seconds between looks at what of a chunk is not sent yet
STALLED = timedelta(seconds=2 * PATIENCE)  # no chunk was taken for so long: its job was lost

Bodies = dict[tuple[object, ...], list[str]]


class Campaigns:
    """`clock` gives the time by which campaigns begin and rest at night."""

    def __init__(
        self,
        db: Database,
        jobs: Jobs,
        sender: Sender,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        chunk: int = CHUNK,
    ) -> None:
        self._db = db
        self._jobs = jobs
        self._sender = sender
        self._clock = clock
        self._chunk = chunk

    def register(self) -> None:
        """Takes on the jobs of the task `campaign`."""
        self._jobs.register(TASK, self.chunk, CHUNKS_AT_ONCE)

    def schedule(self, scheduler: AsyncIOScheduler, lease: Lease) -> None:
        """Has the calendar looked at every five seconds, by the process that holds the lease."""
        every = CronTrigger(second="*/5", timezone=AMSTERDAM)
        work = under(lease, TASK, self.tick)
        scheduler.add_job(work, every, id="campaigns", coalesce=True, max_instances=1)

    async def tick(self) -> None:
        """Begins what is due, takes up again what was lost, ends what is over."""
        await self._db.run(self._look)

    def _look(self, conn: Connection) -> None:
        now = self._clock()
        for stored in campaigns.in_state(conn, State.SCHEDULED):
            if civic.is_due(stored.campaign, now):
                self._begin(conn, stored, now)
        for run in campaigns.stalled(conn, to_ms(now - STALLED)):
            self._jobs.enqueue(conn, TASK, run, f"{TASK}:{run}", once=True)
        campaigns.expire(conn, to_ms(now))

    def _begin(self, conn: Connection, stored: Stored, now: datetime) -> None:
        """Makes the run of its day, once. The run has never been touched: so it is taken up."""
        missed = civic.is_missed(stored.campaign, now)
        to = State.MISSED if missed else State.RUNNING
        if campaigns.set_state(conn, stored.id, to, [State.SCHEDULED]) and not missed:
            campaigns.begin(conn, stored.id, civic.day_of(stored.campaign).isoformat(), 0)

    async def chunk(self, run_id: int) -> None:
        """Puts the rows of the next people, and delivers them."""
        people = await self._db.run(partial(self._take, run_id))
        until = monotonic() + PATIENCE
        while people:
            await self._deliver(people)
            soon = now_ms() + round((until - monotonic()) * 1000)
            look = partial(campaigns.open_among, person_ids=people, before_ms=soon)
            people = await self._db.aread(look) if monotonic() < until else []
            if people:
                await asyncio.sleep(AGAIN)

    async def _deliver(self, people: Sequence[int]) -> None:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(person: int) -> None:
            async with room:
                await self._sender.deliver(person)

        for ended in await asyncio.gather(*map(one, people), return_exceptions=True):
            if isinstance(ended, Exception):
                log.error("a campaign's message was not delivered: %s", type(ended).__name__)

    def _take(self, run_id: int, conn: Connection) -> list[int]:
        """The transaction of a chunk: the people whose rows it put."""
        found = campaigns.lock_run(conn, run_id)
        if found is None or found[1].state is not State.RUNNING:
            return []
        run, stored = found
        now = self._clock()
        active = rounds.active(conn)
        if active is None or active.id != stored.round_id or now >= stored.campaign.expires:
            campaigns.set_state(conn, stored.id, State.DONE, [State.RUNNING])
            return []
        if (morning := waking_hour(now)) > now:
            self._go_on(conn, run.id, run.cursor, morning)
            return []
        return self._put(conn, run, stored, active.round)

    def _put(self, conn: Connection, run: Run, stored: Stored, round_: Round) -> list[int]:
        people = campaigns.next_people(
            conn, stored.round_id, stored.campaign.audience, run.cursor, self._chunk
        )
        reasons = {who.id: civic.skipped(_reader(who)) for who in people}
        get_it = [who for who in people if not reasons[who.id]]
        said: Bodies = {}
        rows = [(who, _bodies(stored.campaign, round_, who, said)) for who in get_it]
        campaigns.put(conn, run.id, rows, now_ms())
        cursor = people[-1].id if people else run.cursor
        left_out = Counter(reason for reason in reasons.values() if reason)
        campaigns.move_on(conn, run, cursor, left_out, to_ms(self._clock()))
        if len(people) < self._chunk:
            campaigns.set_state(conn, stored.id, State.DONE, [State.RUNNING])
        else:
            self._go_on(conn, run.id, cursor)
        return [who.id for who in get_it]

    def _go_on(self, conn: Connection, run: int, cursor: int, at: datetime | None = None) -> None:
        self._jobs.enqueue(conn, TASK, run, f"{TASK}:{run}:{cursor}", at, once=True)


def pause(conn: Connection, stored: Stored) -> bool:
    """Stops a campaign for now, with what of it waits in the outbox; False if it is over."""
    runs = _locked(conn, stored)
    going = [State.SCHEDULED, State.RUNNING, *([State.DONE] if runs else [])]
    if not campaigns.set_state(conn, stored.id, State.PAUSED, going):
        return False
    for run in runs:
        campaigns.pause_rows(conn, run.id)
    return True


def resume(conn: Connection, stored: Stored) -> bool:
    """Goes on where `pause` stopped; False if it was not paused."""
    runs = _locked(conn, stored)
    to = State.RUNNING if runs else State.SCHEDULED
    if not campaigns.set_state(conn, stored.id, to, [State.PAUSED]):
        return False
    for run in runs:
        campaigns.resume_rows(conn, run.id, now_ms())
        campaigns.move_on(conn, run, run.cursor, {}, 0)  # so that it is taken up at once
    return True


def cancel(conn: Connection, stored: Stored) -> bool:
    """Ends a campaign: what is not on its way is not sent; False if it was over already."""
    runs = _locked(conn, stored)
    over = {State.CANCELLED, State.MISSED}
    if not campaigns.set_state(conn, stored.id, State.CANCELLED, set(State) - over):
        return False
    for run in runs:
        campaigns.end_rows(conn, run.id, "cancelled")
    return True


def _locked(conn: Connection, stored: Stored) -> list[Run]:
    """Its runs, which nobody moves on until this transaction ends."""
    found = [campaigns.lock_run(conn, run) for run in campaigns.runs_of(conn, stored.id)]
    return [run for run, _ in filter(None, found)]


def _reader(who: Person) -> Reader:
    return Reader(who.state == "active", who.consents, who.notify, who.channel)


def _bodies(campaign: civic.Campaign, round_: Round, who: Person, said: Bodies) -> list[str]:
    """What this person gets, as JSON; those who get the same share one text."""
    address = who.address if who.channel == "simulator" else ""
    key = (who.language, who.channel, address, who.sound)
    if key not in said:
        messages = written(
            campaign, round_, who.language, who.channel, who.address, sound=who.sound
        )
        said[key] = [_json(message) for message in messages]
    return said[key]


def _json(message: Outbound) -> str:
    return json.dumps(message.to_json(), ensure_ascii=False)
