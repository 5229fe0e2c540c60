"""A town with plans, questions and messages that failed, and a console to look at it."""

from __future__ import annotations

import io
import math
import struct
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from argon2 import PasswordHasher
from PIL import Image
from sqlalchemy import Connection, insert
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from bot.i18n.catalogue import Text, translate
from civic.link_codes import Codes
from civic.plans import Role as Actor
from civic.plans import Status
from console.app import app
from console.deps import Deps, OidcSettings
from console.guard import COOKIE
from console.keys import Keys, new_token, token_hash
from console.roles import Role
from runtime import bot_texts
from runtime.console import clean_photo
from runtime.console_campaigns import ConsoleCampaigns
from runtime.console_preview import preview
from runtime.jobs import EmbeddedJobs
from runtime.round_file import load_round
from storage import (
    console_sessions,
    console_users,
    help,
    outbox,
    photos,
    plan_life,
    plan_news,
    plans,
    recordings,
    rounds,
)
from storage.db import Database
from storage.media import MediaStore
from storage.recordings import Heard
from storage.tables import outbox as outbox_rows
from tests.console.talking import desk_of, talk
from tests.console.voting import campaign, export, vote

REPO = Path(__file__).resolve().parents[2]
SECRET = "the key of a test, long enough"
DAY = 24 * 3600 * 1000
NOON = 1_800_000_000_000  # some day in January 2027
LANGUAGES = {"nl": "Nederlands", "en": "English", "tr": "Türkçe", "ar": "العربية"}
PASSWORD = PasswordHasher(1, 8, 1).hash("a password of nobody")
SAID = (
    ("nl", "Bankje bij het Lindeplein", "Een bankje bij het Lindeplein, met een boom erbij."),
    ("tr", "Çocuklar için bahçe", "Okulun yanında çocuklar için bir bahçe istiyorum."),
    ("ar", "مكان للقاء الجيران", "أريد مكانا يلتقي فيه الجيران ويشربون الشاي."),
    ("en", "A repair café every month", "A repair café in the community centre, every month."),
)


@dataclass
class Clock:
    """A clock that only goes on when it is told to."""

    now: int = NOON

    def __call__(self) -> int:
        return self.now


@dataclass
class World:
    """A database with a console; `client()` is a browser without pictures."""

    db: Database
    store: MediaStore
    clock: Clock = field(default_factory=Clock)
    demo: bool = False
    public_url: str = ""
    oidc: OidcSettings | None = None
    export_url: str = ""
    enqueue: Callable[..., object] = lambda *job: None
    apps: dict[Any, Starlette] = field(default_factory=dict)

    @property
    def deps(self) -> Deps:
        return Deps(
            db=self.db,
            store=self.store,
            secret=SECRET,
            public_url=self.public_url,
            demo=self.demo,
            oidc=self.oidc,
            languages=LANGUAGES,
            preview=preview,
            desk=desk_of(self),
            campaigns=ConsoleCampaigns(),
            export_url=self.export_url,
            enqueue=self.enqueue,
            texts=bot_texts.texts,
            make_sound=bot_texts.made,
            say=lambda key, language: translate(Text(key), language),
            codes=Codes(b"a synthetic pepper"),
            clean_photo=clean_photo,
            jobs=EmbeddedJobs(self.db, AsyncIOScheduler()),
            clock=self.clock,
        )

    def app(self) -> Starlette:
        """The application; the same one for the same settings, since making it takes a moment."""
        settings = (self.demo, self.public_url, self.oidc, self.export_url)
        if settings not in self.apps:
            self.apps[settings] = Starlette(routes=[Mount("/console", app(self.deps))])
        return self.apps[settings]

    def client(self, token: str = "") -> TestClient:
        base = self.public_url or "http://testserver"
        client = TestClient(self.app(), base_url=base, follow_redirects=False)
        if token:
            client.cookies.set(COOKIE, token, path="/console")
        return client

    def user(
        self,
        role: str,
        *,
        name: str = "",
        password: str | None = None,
        within: Connection | None = None,
    ) -> int:
        """An account of this role; the one there is when it has the same name."""
        name = name or f"test-{role}"

        def work(conn: Connection) -> int:
            there = console_users.by_name(conn, name)
            if there:
                return there.id
            hashed = password or PASSWORD
            return console_users.add(conn, name, role, self.clock(), password=hashed)

        return work(within) if within is not None else self.db.call(work)

    def signed_in(self, role: str, *, complete: bool = True) -> TestClient:
        """Somebody of this role, signed in (or with only their password given)."""
        return self.client(self.session(role, complete=complete))

    def session(self, role: str, *, complete: bool = True, language: str = "nl") -> str:
        """The token of a new session."""
        user, token = self.user(role), new_token()

        def work(conn: Connection) -> None:
            console_users.set_language(conn, user, language)
            hashed, now = token_hash(token), self.clock()
            console_sessions.start(conn, user, hashed, "Firefox", now, complete=complete)

        self.db.call(work)
        return token

    def fill(self) -> None:
        """Plans in four languages, requests for help, a talk, a vote, a campaign, exports."""
        sound = self.store.put(beep(), ".wav")
        picture = self.store.put(green(), ".jpg")
        self.db.call(lambda conn: self._fill(conn, sound, picture))

    def _fill(self, conn: Connection, sound: str, picture: str) -> None:
        _fill(conn, self.clock(), sound, picture)
        talk(conn, self, sound)
        for more in (vote, campaign, export):
            more(conn, self.clock())


def post(client: TestClient, path: str, **fields: object) -> Any:
    """A form as the page has it, with its token."""
    token = client.cookies.get(COOKIE) or ""
    return client.post(path, data={"csrf": Keys(SECRET).csrf(token), **fields})


def _fill(conn: Connection, now: int, sound: str, picture: str) -> None:
    round_id = rounds.save_round(conn, load_round(REPO / "examples" / "demo.toml"), now)
    active = rounds.active(conn)
    assert active
    people = [_person(conn, n, now) for n in range(4)]
    for n, (language, title, text) in enumerate(SAID):
        at = now - (9 - n) * DAY
        recording = _recording(conn, people[n], sound, language, text, at)
        photo = photos.NewPhoto(
            person_id=people[n], inbox_id=None, name=picture, mime="image/jpeg",
            bytes=100, width=64, height=48,
        )  # fmt: skip
        new = plans.NewPlan(
            initiator=people[n],
            title=title,
            text=text,
            language=language,
            area=active.round.areas[n % len(active.round.areas)].id,
            theme=active.round.themes[n % len(active.round.themes)].id,
            address="Lindeplein 1",
            lat=52.36,
            lng=4.82,
            cost=None,
            who="together",
            may_call=n % 2 == 0,
            phone="+31612345678",
            channel=("whatsapp", "telegram", "sms", "phone")[n],
            by_voice=n == 1,
            recordings=[recording] if n == 1 else [],
            photos=[photos.add(conn, photo, at)] if n < 2 else [],
        )
        plans.submit(conn, round_id, new, at)
    first = plans.by_number(conn, round_id, 1)
    assert first
    plans.add_text(conn, first.id, "Met een rugleuning, graag.", "nl", None, now - DAY)
    _later(conn, first, now)
    _asking(conn, people, sound, now)


def _later(conn: Connection, plan: plans.Plan, now: int) -> None:
    plans.set_status(conn, plan.id, plan.status, Status.ASSESSING, "coordinator", "", now - DAY)
    plan_life.change(
        conn,
        plan.id,
        Status.ADJUST,
        actor="test-assessor",
        role=Actor.ASSESSOR,
        reasons={"nl": "Kan het bankje iets verder van de fietsroute?"},
        now_ms=now - DAY // 2,
    )


def _asking(conn: Connection, people: list[int], sound: str, now: int) -> None:
    help.ask(conn, people[0], "call", "+31612345678", "", None, now - DAY, now - 3 * DAY)
    heard = _recording(conn, people[1], sound, "tr", "Bana yardım eder misiniz?", now - DAY)
    help.ask(conn, people[1], "listen", "", "", heard, now + DAY, now - DAY)
    help.ask(conn, people[2], "message", "", "متى يكون التصويت؟", None, now + DAY, now - DAY)
    _tell(conn, people, now)
    outbox.put(conn, people[3], "sms", "+31600000000", ["{}"], "notice", now - DAY)
    is_sms = outbox_rows.c.channel == "sms"
    conn.execute(outbox_rows.update().where(is_sms).values(state="failed", reason="30003"))


def _tell(conn: Connection, people: list[int], now: int) -> None:
    """The initiator of plan 1 was told of its step, and one of its followers was."""
    news = plan_news.next_of(conn, 1, now + DAY)
    assert news
    for person in people[:2]:
        reader = plan_news.Reader(
            id=person, language="nl", sound=True, notify=True, consents=True, state="active",
            channel="whatsapp", address="whatsapp:x",
        )  # fmt: skip
        plan_news.told(conn, news.id, person, "put", now)
        plan_news.put(conn, news.id, reader, ["{}"], now)
    is_whatsapp = outbox_rows.c.channel == "whatsapp"
    conn.execute(outbox_rows.update().where(is_whatsapp).values(state="sent", status="read"))


def _person(conn: Connection, n: int, now: int) -> int:
    from storage.tables import people

    row = {"language": SAID[n][0], "sound": True, "notify": True, "consent_at": now}
    row |= {"created_at": now, "state": "active"}
    return int(conn.execute(insert(people).values(row).returning(people.c.id)).scalar_one())


def _recording(
    conn: Connection, person: int, name: str, language: str, words: str, now: int
) -> int:
    new = recordings.NewRecording(
        person_id=person, inbox_id=None, name=name, mime="audio/wav", bytes=100
    )
    row = recordings.add(conn, new, now)
    heard = Heard(
        transcript=words, language=language, verdict="unsure", seconds=2.0, speech_seconds=1.5,
        avg_logprob=-0.8, no_speech_prob=0.1, model="base",
    )  # fmt: skip
    recordings.transcribed(conn, row, heard)
    return row


def beep(seconds: float = 1.0, rate: int = 8000) -> bytes:
    """A tone as a WAV file, which browsers play."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        tone = (math.sin(2 * math.pi * 440 * n / rate) for n in range(int(seconds * rate)))
        file.writeframes(b"".join(struct.pack("<h", int(9000 * value)) for value in tone))
    return out.getvalue()


def green() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (60, 120, 60)).save(out, "JPEG")
    return out.getvalue()


ROLES = [role.value for role in Role]
__all__ = ["COOKIE", "ROLES", "Clock", "World", "post"]
