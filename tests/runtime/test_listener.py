"""Every kind of voice note and photo gets its kind answer, in order, with the real model."""

from __future__ import annotations

import asyncio
import io
import json
import wave
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.messages import Inbound, Media, MediaKind, Outbound
from bot.speech import transcribe
from bot.speech.audio import to_ogg_opus
from runtime.config import Settings
from runtime.serve import built
from runtime.wiring import System
from storage import outbox
from storage.times import now_ms
from tests.server import REPO

SPEECH = REPO.parent / "shared" / "data" / "speech"
needs_recordings = pytest.mark.skipif(
    not SPEECH.exists(), reason="needs the recordings beside the checkout"
)
OPENING = ("hoi", "#nl", "#yes", "#submit_plan")


class Resident:
    """Somebody whose messages go through the whole system, in this process."""

    def __init__(self, system: System, name: str) -> None:
        self.system = system
        self.address = f"telegram:{name}"
        self.sent = 0
        self.seen = 0

    async def begins(self) -> None:
        for text in OPENING:
            await self.says(text)
        await self.hears()

    async def says(self, text: str) -> None:
        choice = text.removeprefix("#") if text.startswith("#") else ""
        await self._take(Inbound("", "simulator", self.address, "" if choice else text, choice))

    async def sends(self, kind: MediaKind, data: bytes, size: int | None = None) -> None:
        media = Media(kind, self.system.uploads.put(data), "", size or len(data))
        await self._take(Inbound("", "simulator", self.address, media=(media,)))

    async def _take(self, inbound: Inbound) -> None:
        self.sent += 1
        self.person = await self.system.take(replace(inbound, id=f"{self.address}-{self.sent}"))

    async def hears(self) -> list[str]:
        """All that was said since the last time, once all is answered."""
        db = self.system.db
        while not await db.aread(lambda conn: outbox.idle(conn, self.person or 0, now_ms())):
            await asyncio.sleep(0.01)
        rows = await db.aread(
            lambda conn: outbox.after(conn, "simulator", self.address, self.seen, 100)
        )
        self.seen = rows[-1].id if rows else self.seen
        return [Outbound.from_json(json.loads(row.body)).text for row in rows]


Act = Callable[[System], Awaitable[None]]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture
def in_town(tmp_path: Path, models: Path) -> Callable[[Act], None]:
    """Runs an act with the system around it."""
    (tmp_path / "models").symlink_to(models)

    def run(act: Act) -> None:
        async def all_of_it() -> None:
            settings = Settings(
                database_url=f"sqlite:///{tmp_path}/town.db", media_url=f"file://{tmp_path}/media"
            )
            system = built(settings, REPO / "examples" / "demo.toml")
            await system.start()
            try:
                await asyncio.wait_for(act(system), 240)
            finally:
                await system.stop()
            assert not list((tmp_path / "uploads").iterdir()), "an upload was left behind"

        asyncio.run(all_of_it())

    return run


def wav(samples: np.ndarray) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return out.getvalue()


def music() -> np.ndarray:
    t = np.arange(16000 * 4) / 16000
    return np.asarray(sum(np.sin(2 * np.pi * f * t) for f in (262, 330, 392)) / 6)


BAD = {
    "empty": (b"", "Er zat niets in dat bericht"),
    "silence": (wav(np.zeros(16000 * 3)), "Ik hoorde geen stem"),
    "hiss": (wav(np.random.default_rng(1).normal(0, 0.01, 48000)), "Ik hoorde geen stem"),
    "music": (wav(music()), "Ik hoorde geen stem"),
    "no sound file": (b"this is a letter, not a voice note" * 9, "kan ik niet openen"),
    "cut off": (to_ogg_opus(music().astype(np.float32), 16000)[:60], "kan ik niet openen"),
    "eleven minutes": (
        to_ogg_opus(np.tile(music().astype(np.float32), 166), 16000),
        "Dat bericht is te lang",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_voice_note_that_cannot_be_used(what: str, in_town: Callable[[Act], None]) -> None:
    data, answer = BAD[what]

    async def act(system: System) -> None:
        anna = Resident(system, "anna")
        await anna.begins()
        await anna.sends("voice", data)
        listening, told = await anna.hears()
        assert "👂" in listening
        assert answer in told
        assert "Vertel je plan" in told
        await anna.says("Ik wil een bankje in het park")
        assert "bankje" in (await anna.hears())[0]

    in_town(act)


def test_a_voice_note_of_21_megabytes_is_not_even_fetched(in_town: Callable[[Act], None]) -> None:
    async def act(system: System) -> None:
        anna = Resident(system, "anna")
        await anna.begins()
        await anna.sends("voice", b"x", size=21_000_000)
        assert "te groot" in (await anna.hears())[-1]

    in_town(act)


def test_a_file_that_is_gone_is_asked_for_again(in_town: Callable[[Act], None]) -> None:
    async def act(system: System) -> None:
        anna = Resident(system, "anna")
        await anna.begins()
        name = system.uploads.put(b"x")
        system.uploads.delete(name)
        await anna._take(Inbound("", "simulator", anna.address, media=(Media("voice", name),)))
        assert "kwam niet goed aan" in (await anna.hears())[-1]

    in_town(act)


def test_a_photo_is_kept_and_what_is_none_is_told(in_town: Callable[[Act], None]) -> None:
    async def act(system: System) -> None:
        anna = Resident(system, "anna")
        await anna.begins()
        picture = io.BytesIO()
        Image.new("RGB", (80, 60), "green").save(picture, "JPEG")
        await anna.sends("photo", picture.getvalue())
        assert "foto is bewaard" in (await anna.hears())[0]
        await anna.sends("photo", b"not a picture")
        assert "kan ik niet openen" in (await anna.hears())[0]

    in_town(act)


def test_warming_up_loads_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence would not: no speech, no model."""
    monkeypatch.setattr(transcribe, "_loaded", {})
    settings = Settings(
        database_url=f"sqlite:///{tmp_path}/town.db", media_url=f"file://{tmp_path}/media"
    )
    system = built(settings, REPO / "examples" / "demo.toml")
    system.warm_up()
    system.db.close()
    assert len(transcribe._loaded) == 1


@needs_recordings
@pytest.mark.slow
def test_notes_and_words_keep_their_order_and_nobody_waits_for_another(
    in_town: Callable[[Act], None],
) -> None:
    """Anna sends three notes and a text at once; Bas's one note does not wait for all of hers."""
    note = (SPEECH / "en" / "fleurs_001.ogg").read_bytes()
    other = (SPEECH / "nl" / "vlaams_vl12745.wav").read_bytes()
    answered: list[str] = []

    async def watched(who: Resident, name: str) -> list[str]:
        said = await who.hears()
        answered.append(name)
        return said

    async def act(system: System) -> None:
        anna, bas = Resident(system, "anna"), Resident(system, "bas")
        await anna.begins()
        await bas.begins()
        for data in (note, other, note):
            await anna.sends("voice", data)
        await anna.says("En ook een boom bij de school")
        await bas.sends("voice", other)
        hers, his = await asyncio.gather(watched(anna, "anna"), watched(bas, "bas"))
        assert answered == ["bas", "anna"]
        assert "deze" in his[-1]
        plan = hers[-1]
        assert plan.index("capital") < plan.index("boom bij de school")
        assert plan.count("capital") == 2
        # the read-back waits for the last note: what is in between is not asked about
        assert sum("capital" in text for text in hers) <= 2

    in_town(act)
