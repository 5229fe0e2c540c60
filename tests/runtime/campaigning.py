"""A round, its people, and campaigns to them, by a clock of the test's own."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import text

from civic.campaigns import State, news
from runtime.campaigns import Campaigns
from runtime.jobs import EmbeddedJobs
from runtime.round_file import load_round
from runtime.sender import Sender
from storage import campaigns, hot, rounds
from storage.times import now_ms, to_ms

from .embedded_world import PACE
from .sending import PATIENCE, sound_of

ROUND = load_round(Path(__file__).parents[2] / "examples" / "slotermeer.toml")
NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)  # in Amsterdam
WORDS = {"nl": "nieuws", "en": "news", "tr": "haber", "ar": "خبر"}


class Clock:
    def __init__(self, now=NOON):
        self.now = now

    def __call__(self):
        return self.now

    def ms(self):
        return to_ms(self.now)


def load(conn, round_=ROUND):
    return rounds.save_round(conn, round_, now_ms())


def person(conn, address, channel="telegram", language="nl", **more):
    """Somebody who said yes; `more` are columns of people."""
    arrival = hot.arrive(
        conn,
        channel=channel,
        provider_id=f"first-{channel}-{address}",
        address=address,
        hint="",
        kind="text",
        body_json="{}",
        now_ms=to_ms(NOON),
    )
    values = {"language": language, "consent_at": 1, **more}
    settings = ", ".join(f"{name} = :{name}" for name in values)
    where = {"id": arrival.person_id, **values}
    conn.execute(text(f"UPDATE people SET {settings} WHERE id = :id"), where)
    return arrival.person_id


def schedule(conn, name="news", wall=datetime(2026, 11, 23, 11, 30), audience=None, **more):
    """News that begins half an hour before noon."""
    campaign = news(name, more.get("words", WORDS), wall)
    if audience:
        campaign = type(campaign)(
            campaign.name,
            campaign.kind,
            campaign.begins,
            campaign.expires,
            audience,
            campaign.words,
        )
    round_id = load(conn)
    campaigns.save(conn, round_id, campaign, State.SCHEDULED, now_ms())
    return campaigns.named(conn, round_id, name)


def stored(db, name="news"):
    return db.read(lambda c: campaigns.named(c, rounds.active(c).id, name))


def progress(db, name="news"):
    return db.read(lambda c: campaigns.progress(c, stored(db, name).id))


@asynccontextmanager
async def running(db, port, clock, channel="telegram", limiters=None, chunk=10, patience=PATIENCE):
    """Campaigns with their jobs and a sender."""
    scheduler = AsyncIOScheduler()
    scheduler.start()
    jobs = EmbeddedJobs(db, scheduler, PACE)
    ports = port if isinstance(port, dict) else {channel: port}
    sender = Sender(db, jobs, ports, limiters or {}, sound_of, patience=patience, clock=clock.ms)
    sender.register()
    ours = Campaigns(db, jobs, sender, clock, chunk)
    ours.register()
    await jobs.start()
    yield ours
    await jobs.stop()
    scheduler.shutdown(wait=False)


def left(conn):
    busy = "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')"
    return conn.scalar(text(busy))


async def until_idle(db):
    async with asyncio.timeout(60):
        while await db.aread(left):
            await asyncio.sleep(0.02)
