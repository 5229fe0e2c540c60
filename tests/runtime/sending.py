"""A provider to send to, a person to send to, and the parts between them."""

import asyncio
import json
from contextlib import asynccontextmanager

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import text

from bot.channels.port import ChannelError, Policy
from bot.messages import Outbound, Sound
from runtime.jobs import EmbeddedJobs
from runtime.sender import Patience, Sender
from storage import hot, outbox
from storage.times import now_ms

from .embedded_world import PACE

PATIENCE = Patience(tries=3, first_pause=0.02, answer=5.0, wait=0.05)


class Provider:
    """Takes messages as a real one would; `script` says what is wrong with which text.

    `sent` is what it took, as (address, text), `sounds` what came along.
    """

    def __init__(self, script=None, pause=0.0):
        self.sent = []
        self.sounds = []
        self.script = script or {}
        self.pause = pause
        self.asked = []

    async def send(self, address, message, sound):
        self.asked.append(message.text)
        await asyncio.sleep(self.pause)
        if wrong := self.script.get(message.text):
            error = wrong.pop(0) if isinstance(wrong, list) else wrong
            if error:
                raise error
        self.sent.append((address, message.text))
        self.sounds.append(sound)
        return f"id-{len(self.sent)}"

    async def fetch(self, media, limit):
        raise ChannelError(Policy.GIVE_UP, "gone")

    async def release(self, media):
        pass

    def texts(self, address=None):
        return [what for to, what in self.sent if address in (None, to)]


class Simulator(Provider):
    idempotent = True


async def sound_of(sound: Sound) -> bytes:
    return f"Ogg {sound.language}: {sound.text}".encode()


def person(conn, address="31612345678", channel="telegram") -> int:
    arrival = hot.arrive(
        conn,
        channel=channel,
        provider_id=f"first-{address}",
        address=address,
        hint="",
        kind="text",
        body_json="{}",
        now_ms=now_ms(),
    )
    return arrival.person_id


def put(conn, who, texts, address="31612345678", channel="telegram", **more):
    secret = more.get("secret", False)
    bodies = [json.dumps(Outbound(text=t, **more).to_json()) for t in texts]
    outbox.put(conn, who, channel, address, bodies, "reply", now_ms(), secret=secret)


def rows(db):
    """{text or id: (state, reason)} in order of id; blanked rows go by their id."""
    query = text("SELECT id, body, state, reason FROM outbox ORDER BY id")
    found = db.read(lambda conn: conn.execute(query).all())
    return {(json.loads(r.body)["text"] if r.body else r.id): (r.state, r.reason) for r in found}


def states(db):
    return {key: state for key, (state, _) in rows(db).items()}


@asynccontextmanager
async def sending(db, ports, limiters=None, **options):
    """A sender with its jobs running."""
    scheduler = AsyncIOScheduler()
    scheduler.start()
    jobs = EmbeddedJobs(db, scheduler, PACE)
    options = {"patience": PATIENCE, **options}
    sender = Sender(db, jobs, ports, limiters or {}, options.pop("sounds", sound_of), **options)
    sender.register()
    await jobs.start()
    yield sender
    await jobs.stop()
    scheduler.shutdown(wait=False)
