"""Puts the parts together: one `System` from the settings."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection

from bot.channels.phone_port import PhonePort
from bot.channels.port import Port
from bot.channels.simulator import SimulatorPort
from bot.channels.telegram import Telegram, webhook_secret
from bot.conversation import Conversation
from bot.i18n.languages import LANGUAGES
from bot.messages import Channel, Inbound
from bot.speech.backend_faster import FasterWhisper
from bot.speech.transcribe import Transcriber
from civic.rounds import Phase, Round
from runtime import config, fingerprints, observing, queues, removal, voices
from runtime.campaigns import Campaigns
from runtime.casting import Casting
from runtime.config import ConfigError, Settings
from runtime.deliveries import Deliveries
from runtime.desk import Desk
from runtime.fitting import fit, knows_number, ways
from runtime.jobs import Jobs
from runtime.lease import Lease, every
from runtime.listener import Listener
from runtime.mail import WeeklyMail
from runtime.plan_news import PlanNews
from runtime.rates import limiters
from runtime.recorded import Recorded
from runtime.retention import Retention
from runtime.round_file import load_round
from runtime.sender import Sender
from runtime.shares import Shares
from runtime.sounds import Sounds
from runtime.sweep import Callbacks, Sweep
from runtime.traces import Traces
from runtime.translation import translator
from runtime.translation.work import Translating
from runtime.twilio_parts import TwilioParts, twilio_parts
from runtime.uploads import Uploads
from runtime.weekly_export import Exports, exports
from storage import calls, hot, rounds
from storage.db import UNREACHABLE, Database
from storage.hot import Timer
from storage.media import MediaStore
from storage.times import now_ms
from storage.vault import Vault

log = logging.getLogger(__name__)

SWEEP_SECONDS = 2.0
TIDY_SECONDS = 3600.0
SETTLE_SECONDS = 30.0
QUIET_SECONDS = 60.0  # after the start, before what takes long is made in advance
CONTENTS_SECONDS = 30  # until this process sees what `buurtstem content` changed
HEARD_AT_ONCE = 2  # voice notes: more would only wait for each other's model
SOUNDS = "sounds"


@dataclass(frozen=True, slots=True)
class System:
    """Everything that runs in one process. `start` and `stop` it on one event loop."""

    settings: Settings
    db: Database
    store: MediaStore
    uploads: Uploads
    sounds: Sounds
    conversation: Conversation
    listener: Listener
    scheduler: AsyncIOScheduler
    jobs: Jobs
    lease: Lease
    sweep: Sweep
    shares: Shares
    deliveries: Deliveries
    campaigns: Campaigns
    plan_news: PlanNews
    mail: WeeklyMail
    exports: Exports
    vault: Vault
    casting: Casting
    traces: Traces
    desk: Desk
    telegram: Telegram | None
    twilio: TwilioParts | None = None
    translating: Translating | None = None
    queues: frozenset[str] = queues.ALL
    links: dict[str, str] = field(default_factory=dict)  # a channel's own link to write to us
    stopping: threading.Event = field(default_factory=threading.Event)  # set: wait for nobody

    async def take(self, inbound: Inbound) -> int | None:
        """Persists one message and what it brings about; the person's id, None for a repeat."""
        taking = observing.turn(partial(self.conversation.take, inbound=inbound), inbound)
        return await self.casting.run(taking, (inbound.channel, inbound.address))

    def warm_up(self) -> None:
        """Loads the model and makes the first sounds now, so that nobody waits for them."""
        if queues.SPEECH in self.queues:
            try:
                self.listener.warm_up()
            except Exception as error:
                log.error("the speech model cannot be loaded: %s", type(error).__name__)
        if queues.REPLIES in self.queues:
            voices.warm_up(self.sounds, self.db, self.stopping.is_set)

    def prepare(self) -> None:
        """Like `warm_up`, and then what takes long: on a thread of its own."""
        self.warm_up()
        if queues.SPEECH not in self.queues or self.stopping.wait(QUIET_SECONDS):
            return
        try:
            self.listener.prepare(self.stopping.wait)
        except Exception as error:  # then each is made when somebody says it
            log.error("the everyday answers cannot be prepared: %s", type(error).__name__)

    async def start(self) -> None:
        """Begins to send, to listen and to sweep."""
        if self.telegram:
            await self._find_links(self.telegram)
        if self.twilio:
            await self.twilio.contents.refresh()
            refresh = self.twilio.contents.refresh
            self.scheduler.add_job(refresh, "interval", seconds=CONTENTS_SECONDS, id="contents")
        self.scheduler.start()
        await self.tidy()
        await self.lease.start()
        if queues.REPLIES in self.queues:  # who sends nothing needs no part of the rate
            await self.shares.start()
        await self.jobs.start()
        every(self.scheduler, SWEEP_SECONDS, self.lease, "sweep", self.sweep.once)
        every(self.scheduler, SETTLE_SECONDS, self.lease, "settle", self.deliveries.settle)
        self.campaigns.schedule(self.scheduler, self.lease)
        self.plan_news.schedule(self.scheduler, self.lease)
        self.mail.schedule(self.scheduler, self.lease)
        self.exports.schedule(self.scheduler, self.lease)
        if self.translating:
            self.translating.schedule(self.scheduler, self.lease)
        # each machine has files of its own
        self.scheduler.add_job(self.tidy, "interval", seconds=TIDY_SECONDS, id="tidy")
        pepper = config.pepper(self.settings)
        retention = Retention(self.db, self.store, self.jobs, self.settings, pepper)
        retention.schedule(self.scheduler, self.lease)
        self.traces.schedule(self.scheduler, self.lease)
        self.desk.schedule(self.scheduler, self.lease)

    async def tidy(self) -> None:
        """Removes files that were wanted for a while only."""
        await asyncio.to_thread(self.uploads.delete_old)
        await asyncio.to_thread(self.sounds.delete_old)
        await self.db.run(lambda conn: calls.delete_old(conn, now_ms()))

    async def _find_links(self, telegram: Telegram) -> None:
        try:
            self.links[Channel.TELEGRAM] = await telegram.private_link()
        except Exception as error:  # without it a group gets the sentence only
            log.error("Telegram did not tell our name: %s", type(error).__name__)

    async def stop(self) -> None:
        """Finishes what is under way and lets go of everything."""
        self.stopping.set()
        await self.jobs.stop()
        await self.shares.stop()
        await self.lease.stop()
        self.scheduler.shutdown(wait=False)
        if self.telegram:
            await self.telegram.close()
        if self.twilio:
            await self.twilio.account.close()
        if self.translating:
            await self.translating.stop()
        await self.traces.leave()
        self.db.close()
        await asyncio.to_thread(observing.end)


def open_database(settings: Settings, *, check: bool = True) -> Database:
    """The database, its tables up to date. Raises `ConfigError` when it cannot be reached."""
    try:
        if settings.sqlite_path:
            settings.sqlite_path.parent.mkdir(parents=True, exist_ok=True)
        db = Database.open(settings.database_url)
        db.migrate()
        if check:
            fingerprints.check(settings, db)
    except UNREACHABLE:
        where = "may its folder be written" if settings.is_sqlite else "is the server running"
        raise ConfigError(
            f"BUURTSTEM_DATABASE_URL: the database cannot be opened: {where}?"
        ) from None
    return db


def save_round(db: Database, round_: Round) -> None:
    """Makes this the active round."""
    db.call(lambda conn: rounds.save_round(conn, round_, now_ms()))


def set_phase(db: Database, name: str) -> str:
    """Sets the active round's phase by hand; "auto" leaves it to the dates. Raises ValueError."""
    active = db.read(rounds.active)
    if active is None:
        raise ValueError("no round is loaded: buurtstem round load FILE")
    names = [dates.name.value for dates in active.round.phases]
    if name not in (*names, "auto"):
        raise ValueError(f"{name}: not a phase of this round. Choose {', '.join(names)} or auto")
    phase = None if name == "auto" else Phase(name)
    db.call(lambda conn: rounds.set_phase(conn, active.id, phase))
    return f"{active.round.id}: the phase is {'as its dates say' if phase is None else name}"


def sounds(
    settings: Settings, vault: Vault | None = None, recorded: Recorded | None = None
) -> Sounds:
    """What makes text heard, and keeps it."""
    return Sounds(voices.speaker(settings), settings.folder / SOUNDS, vault, recorded)


def transcriber(settings: Settings) -> Transcriber:
    """The backend and model that the settings name; the model is loaded at first use."""
    cache = settings.folder / "models"
    if settings.whisper_backend == "openai-whisper":
        from bot.speech.backend_openai import OpenAIWhisper

        return OpenAIWhisper(settings.whisper_model, settings.whisper_threads, cache=cache)
    return FasterWhisper(settings.whisper_model, settings.whisper_threads, cache=cache)


def build(
    settings: Settings,
    db: Database | None = None,
    *,
    simulator: Port | None = None,
    takes: frozenset[str] = queues.ALL,
) -> System:
    """One process's parts, nothing started. Raises `ConfigError` or `RoundFileError`.

    simulator: who reads what is said on that channel, so that nothing of it need be kept.
    takes: the queues whose jobs this process runs.
    """
    observing.begin(settings)
    db = db or open_database(settings)
    if settings.round_file:
        save_round(db, load_round(Path(settings.round_file)))
    store = MediaStore(settings.media_url)
    uploads = Uploads(settings.folder / "uploads")
    pepper = fingerprints.begin(settings, db)
    vault = Vault(pepper)
    spoken = sounds(settings, vault, Recorded(db, store))
    scheduler = AsyncIOScheduler()
    jobs = queues.jobs(settings, db, scheduler, takes)
    telegram = _telegram(settings)
    simulated = simulator or SimulatorPort(uploads.get, uploads.delete)
    ports: dict[str, Port] = {Channel.SIMULATOR: simulated}
    if telegram:
        ports[Channel.TELEGRAM] = telegram
    twilio = twilio_parts(settings, db, spoken)
    if twilio:
        ports |= twilio.ports
    line = twilio.account if twilio else None
    ports[Channel.PHONE] = PhonePort(uploads.get, uploads.delete, line)
    links: dict[str, str] = {}
    casting = Casting(db)
    names = {code: language.own_name for code, language in LANGUAGES.items()}
    render = partial(fit, interactive=twilio.contents.interactive) if twilio else fit
    conversation = Conversation(
        render=render,
        enqueue=jobs.enqueue,
        languages=names,
        erase=partial(_erase, store),
        pepper=pepper,
        private_link=links.get,
        knows_number=knows_number,
        ways=ways,
        clock=observing.clock,
        step=observing.step,
    )
    listener = Listener(
        db, conversation, ports, store, transcriber(settings), names, casting, vault
    )
    limits = limiters()
    keep = simulator is None
    sender = Sender(
        db, jobs, ports, limits, spoken.of, ready=spoken.ready, keep_bodies=keep, vault=vault
    )
    sender.register()
    campaigns = Campaigns(db, jobs, sender)
    campaigns.register()
    translating = _translating(settings, db, jobs)
    if translating:
        translating.register()
        plan_news = PlanNews(db, jobs, sender, render, awaits=translating.awaits)
    else:
        plan_news = PlanNews(db, jobs, sender, render)
    plan_news.register()
    weekly = exports(settings, db, jobs)
    weekly.register()
    jobs.register("take_in", listener.take_in, HEARD_AT_ONCE)
    jobs.register(removal.TASK, removal.Removal(db, ports).remove)
    sweep = Sweep(db, sender, _callbacks(db, jobs, conversation, casting))
    lease = Lease(db, scheduler, "calendar")
    return System(
        settings,
        db,
        store,
        uploads,
        spoken,
        conversation,
        listener,
        scheduler,
        jobs,
        lease,
        sweep,
        Shares(db, scheduler, limits),
        Deliveries(db, sender, ports),
        campaigns,
        plan_news,
        _mail(settings, db),
        weekly,
        vault,
        casting,
        Traces(db),
        Desk(db, conversation),
        telegram,
        twilio,
        translating,
        takes,
        links,
    )


def _translating(settings: Settings, db: Database, jobs: Jobs) -> Translating | None:
    """None unless a service is set: then nothing is ever asked of anybody."""
    service = translator(settings)
    return Translating(db, jobs, service) if service else None


def _mail(settings: Settings, db: Database) -> WeeklyMail:
    to = [address.strip() for address in settings.mail_to.split(",") if address.strip()]
    console = f"{settings.public_url}/console" if settings.public_url else ""
    return WeeklyMail(db, settings.smtp_url.get_secret_value(), settings.mail_from, to, console)


def _telegram(settings: Settings) -> Telegram | None:
    token = settings.telegram_token.get_secret_value()
    if not token:
        return None
    secret = webhook_secret(config.secret_key(settings))
    return Telegram(token, secret, settings.telegram_api_url)


def _erase(store: MediaStore, names: Sequence[str]) -> None:
    """Files that nobody needs any more."""
    for name in names:
        try:
            store.delete(name)
        except OSError as error:
            log.error("a file could not be deleted: %s", type(error).__name__)


def _callbacks(db: Database, jobs: Jobs, conversation: Conversation, casting: Casting) -> Callbacks:
    async def on_taking(inbox_id: int) -> None:
        await db.run(lambda conn: _take_again(conn, jobs, inbox_id))

    async def on_waiting(person_id: int) -> None:
        await casting.run(observing.turn(partial(conversation.wake, person_id=person_id)))

    async def on_timer(person_id: int, timer: str, revision: int) -> None:
        rings = Timer(person_id, timer, revision)
        await casting.run(partial(conversation.rang, rings=rings))

    return Callbacks(on_taking, on_waiting, on_timer)


def _take_again(conn: Connection, jobs: Jobs, inbox_id: int) -> None:
    held = hot.held(conn, inbox_id)
    if held is not None and held.state == "taking":
        hot.hold(conn, inbox_id, "taking", held.revision, now_ms() + 60_000)
        jobs.enqueue(conn, "take_in", inbox_id, f"take:{held.person_id}", once=True)


async def until_stopped(system: System, serve: Callable[[], Awaitable[object]]) -> None:
    """Runs `serve` with the system around it."""
    await system.start()
    try:
        await serve()
    finally:
        await asyncio.shield(system.stop())
