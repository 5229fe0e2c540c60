"""Sound is made off the reply's path: the text goes at once, the sound follows in order."""

from __future__ import annotations

import asyncio
import json

import pytest
from sqlalchemy import text

from bot.messages import Outbound, Sound
from storage import outbox, spoken
from storage.times import now_ms
from storage.vault import Vault

from .jobs_contract import until
from .sending import Provider, person, put, sending

SOUND = Sound("een", "nl")


@pytest.fixture
def who(db):
    return db.call(person)


class Voice:
    """Makes a sound when `go` is set; what it made is ready from then on."""

    def __init__(self, go=True, kept=True):
        self.go, self.kept = asyncio.Event(), kept
        self.made, self.asked = {}, []
        if go:
            self.go.set()

    async def of(self, sound):
        self.asked.append(sound.text)
        await self.go.wait()
        if sound.text == "broken":
            raise RuntimeError(sound.text)
        if self.kept:
            self.made[sound.text] = sound.text.encode()
        return sound.text.encode()

    async def ready(self, sound):
        return self.made.get(sound.text)


def waits(db):
    query = text("SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending', 'waiting')")
    return db.read(lambda conn: conn.scalar(query))


def play(db, provider, who, voice_of, body=None, **options):
    """Delivers what there is; `body(voice, sender)` runs meanwhile."""

    async def scene():
        voice = voice_of()
        options["sounds"] = voice.of
        async with sending(db, {"telegram": provider}, ready=voice.ready, **options) as sender:
            await db.run(lambda conn: sender.enqueue(conn, who))
            if body:
                await body(voice, sender)
            await until(lambda: waits(db) == 0)
        return voice

    return asyncio.run(scene())


def put_heard(conn, who, *sounds):
    bodies = [json.dumps(Outbound("", sound=Sound(s, "nl")).to_json()) for s in sounds]
    outbox.put(conn, who, "telegram", "31612345678", bodies, "reply", now_ms())


def test_what_is_there_already_goes_with_its_text(db, who):
    def ready():
        voice = Voice()
        voice.made["een"] = b"kept"
        return voice

    provider = Provider()
    db.call(lambda conn: put(conn, who, ["one"], sound=SOUND))
    voice = play(db, provider, who, ready)
    assert (provider.texts(), provider.sounds, voice.asked) == (["one"], [b"kept"], [])


def test_the_text_does_not_wait_and_the_sound_follows(db, who):
    provider = Provider()
    db.call(lambda conn: put(conn, who, ["one"], sound=SOUND))

    async def meanwhile(voice, sender):
        await until(lambda: provider.texts() == ["one"])
        await db.run(lambda conn: put(conn, who, ["two"]))
        await db.run(lambda conn: sender.enqueue(conn, who))
        await until(lambda: provider.texts() == ["one", "two"])  # passes the sound of the first
        await until(lambda: voice.asked == ["een"])
        voice.go.set()

    play(db, provider, who, lambda: Voice(go=False), meanwhile)
    assert provider.texts() == ["one", "two", ""]
    assert provider.sounds == [None, None, b"een"]


def test_sounds_are_heard_in_order_and_made_once(db, who):
    def second_is_ready():
        voice = Voice()
        voice.made["b"] = b"b"
        return voice

    provider = Provider()
    db.call(lambda conn: put_heard(conn, who, "a", "b", "c"))
    voice = play(db, provider, who, second_is_ready)
    assert provider.sounds == [b"a", b"b", b"c"]
    assert sorted(voice.asked) == sorted(set(voice.asked))


def test_a_sound_that_is_never_kept_is_sent_all_the_same(db, who):
    provider = Provider()
    db.call(lambda conn: put_heard(conn, who, "a", "b"))
    voice = play(db, provider, who, lambda: Voice(kept=False))
    assert provider.sounds == [b"a", b"b"]
    assert voice.asked == ["a", "b"]


def test_a_secret_sound_waits_sealed(db, who):
    vault = Vault(b"pepper")
    message = Outbound("one", sound=Sound("keuze", "nl", secret=True), secret=True)
    body = vault.seal(json.dumps(message.to_json()))
    address = "31612345678"
    db.call(
        lambda c: outbox.put(c, who, "telegram", address, [body], "reply", now_ms(), secret=True)
    )
    provider = Provider()

    async def meanwhile(voice, sender):
        await until(lambda: voice.asked == ["keuze"])
        bodies = db.read(lambda conn: conn.scalars(text("SELECT body FROM outbox")).all())
        assert not any("keuze" in each for each in bodies)
        voice.go.set()

    play(db, provider, who, lambda: Voice(go=False, kept=False), meanwhile, vault=vault)
    assert provider.sounds == [None, b"keuze"]
    assert set(db.read(lambda c: c.scalars(text("SELECT body FROM outbox")).all())) == {""}


def test_without_its_sound_what_is_only_heard_has_failed(db, who):
    provider = Provider()
    db.call(lambda conn: put_heard(conn, who, "broken", "fine"))
    play(db, provider, who, Voice)
    assert provider.sounds == [b"fine"]
    rows = db.read(lambda c: c.execute(text("SELECT state, reason FROM outbox ORDER BY id")).all())
    assert [tuple(row) for row in rows] == [("failed", "no_sound"), ("sent", "")]


def test_what_waits_for_a_sound_that_nobody_makes_is_decided_again(db, who):
    """A process died, and its job with it."""
    db.call(lambda conn: put_heard(conn, who, "a"))
    db.call(lambda conn: spoken.aside(conn, 1, now_ms() - 60_000))
    assert db.call(lambda conn: spoken.overdue(conn, now_ms() - 90_000)) == 0
    assert db.call(lambda conn: outbox.head(conn, who, now_ms())) is None
    assert db.call(lambda conn: spoken.overdue(conn, now_ms() - 30_000)) == 1
    provider = Provider()
    play(db, provider, who, Voice)
    assert provider.sounds == [b"a"]
